"""A place of your own to deploy to: your commands do the moves and say what runs."""
