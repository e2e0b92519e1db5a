"""A small shop over HTTP."""
