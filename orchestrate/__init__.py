"""What the product is made of: its facts, its store, its runner and its ways in."""
