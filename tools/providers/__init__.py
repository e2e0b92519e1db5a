"""Places to deploy to: one file or folder each."""
