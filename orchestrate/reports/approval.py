"""The approval rule for people: how many must approve, who may, and who may not."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrate.models.approval import ApprovalRule
from orchestrate.reports.exact import inline
from orchestrate.reports.markdown import bullets


def approval(rule: ApprovalRule | None) -> str:
    """What makes the plan approved."""
    return bullets(_lines(rule)) if rule else "nobody is asked"


def shortage(rule: ApprovalRule | None) -> str:
    """A warning where too few may approve, or ''."""
    if rule is None or len(rule.allowed) >= rule.persons:
        return ""
    return (
        f"⚠️ **{persons(rule.persons)} must approve, and {len(rule.allowed)} may:** "
        "name more approvers in orchestrate.yaml, then start again."
    )


def persons(count: int) -> str:
    """So many, as people say it."""
    return "one person" if count == 1 else f"{count} different persons"


def _lines(rule: ApprovalRule) -> Iterator[str]:
    yield f"{persons(rule.persons)} must approve"
    yield from (f"because {inline(why)}" for why in rule.reasons)
    yield f"approvers: {', '.join(inline(name) for name in rule.approvers) or 'nobody'}"
    yield from (f"{inline(one.person)} {inline(one.why)}, and may not approve" for one in rule.barred)
    yield from (f"written by {inline(who)}, who is nobody in `people`" for who in rule.strangers)
