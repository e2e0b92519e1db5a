"""Resolutions for people: what a model proposes against a conflict, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrate.models.change import Change
from orchestrate.outside import inline
from orchestrate.reports.markdown import bullets, code, page, section


def resolution(change: Change, summary: str, files: Iterable[str]) -> str:
    """What stands in the change that holds a resolution of the conflict of `change`."""
    return page(
        f"**A model proposes how to merge {code(change.base)} into change {code(change.id)}.** Nobody has "
        "reviewed it, and nothing deploys it by itself: it is a change like every other.",
        section("In its words", inline(summary)),
        section("Files that it resolved", bullets(code(one) for one in files)),
        f"Nothing else differs from what git merged. To go on with {code(change.branch)} itself, bring it "
        "forward to this branch: `git merge --ff-only`.",
    )


def resolved(change: Change, made: Change, summary: str, files: Iterable[str]) -> str:
    """The comment on the thread of a task that conflicts, once its resolution can be reviewed."""
    return page(
        f"**Change {code(made.id)} (branch {code(made.branch)}) resolves the conflict of change "
        f"{code(change.id)}, as a model proposes; somebody has to review it.**",
        section("In its words", inline(summary)),
        section("Files that it resolved", bullets(code(one) for one in files)),
    )


def unresolved(why: str) -> str:
    """The comment where nothing can be proposed."""
    return page(f"No resolution of the conflict is proposed: {inline(why, 600)}. A person has to resolve it.")
