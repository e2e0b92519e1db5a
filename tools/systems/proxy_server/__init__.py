"""The built-in reverse proxy: a small daemon of its own that imports nothing of the product but itself."""
