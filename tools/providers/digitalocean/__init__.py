"""DigitalOcean's App Platform: an app whose service is replaced as a whole, image by image."""
