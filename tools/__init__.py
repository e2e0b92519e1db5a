"""The hands: one capability per file, each with its port and its tools."""
