"""What providers with instances behind a router share, whatever the instances are."""
