"""Troubles: the words for what often ails an instance. Standard library only: the supervisor imports it."""

OVER_LIMIT = "memory over limit"
HUNG = "no answer"
CRASHES = 3  # from here on it is a crash loop
