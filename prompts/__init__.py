"""Prompts are Markdown files; this is how to fill one in."""
