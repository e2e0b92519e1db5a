"""The awslambda provider: versions as published versions of a function, shared by an alias."""
