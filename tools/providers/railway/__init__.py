"""Railway: one service, whose newest deployment that is well has the domain."""
