"""Containers of a Docker engine as a place to deploy to: versions are images, known by their digests."""
