"""Netlify: deploys that it builds of commits, and the one of them that the site shows."""
