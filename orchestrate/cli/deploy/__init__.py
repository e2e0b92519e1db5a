"""The commands below `orchestrate deploy`."""
