"""A small shop that is deployed, broken and taken back, for people who want to see before they trust."""
