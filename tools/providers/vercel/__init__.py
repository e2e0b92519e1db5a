"""Vercel: deployments that it builds of commits, and the one of them to which production points."""
