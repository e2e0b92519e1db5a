"""Sign-offs: the comments by which security and QA approve one head (row G2)."""

from __future__ import annotations

import re

from orchestrate.models.task import Comment, Label

_GRAMMAR = re.compile(r"(security|qa) approved ([0-9a-f]{10,40})[.!]?", re.IGNORECASE)


def sign_off(comment: Comment) -> Label | None:
    """The label that a comment stands for: the whole comment is, say, “security approved 1a2b3c4d5e”.

    It names the head, by ten digits or more. Whether its author may say so is the gate's business.
    """
    text = comment.text.strip(" \t\r\n")
    match = _GRAMMAR.fullmatch(text) if text.isascii() and not comment.edited else None
    if match is None or not comment.proven:
        return None
    return Label(name=f"{match.group(1).lower()}-approved", by=comment.author, sha=match.group(2).lower())
