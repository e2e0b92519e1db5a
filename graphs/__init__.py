"""The order: what happens, and when."""
