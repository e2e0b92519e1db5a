"""The commands below `orchestrate env`."""
