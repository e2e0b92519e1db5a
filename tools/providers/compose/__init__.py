"""Services of a compose file: compose makes their containers, and the engine tells of them."""
