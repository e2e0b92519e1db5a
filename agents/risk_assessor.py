"""Says how much a deployment could hurt, and why; rules count, a model may only add."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from agents.situation import Situation
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import EnvironmentType, Strategy
from orchestrate.models.move import Irreversible, Migrate, SetTraffic, words
from orchestrate.models.plan import PlannedMove, Risk, Shipped

LARGE, VERY_LARGE = 400, 1500
"""Changed lines from which reviewers miss things, and from which they read nothing."""

MOST_LEARNT = 2

_MEDIUM, _HIGH = 2, 4
_SENSITIVE = re.compile(
    r"(?:^|[/_.-])(?:auth(?!ors?(?:[/_.-]|$))\w*|login|oauth|permission\w*|security|crypto\w*|payment\w*|billing|checkout"
    r"|config\w*|settings|secret\w*|env|docker(?:file)?|deploy\w*)(?:[/_.-]|$)",
    re.IGNORECASE,
)


class Weighed(NamedTuple):
    """One reason and how much it counts."""

    weight: int
    reason: str


class Outlook(NamedTuple):
    """What is known about a deployment once its moves are."""

    situation: Situation
    ships: tuple[Shipped, ...]
    moves: tuple[PlannedMove, ...]


def assess(outlook: Outlook) -> tuple[Risk, tuple[str, ...]]:
    """The risk and its reasons; the same facts always give the same answer."""
    found = [weighed for rule in RULES for weighed in rule(outlook)]
    total = sum(weighed.weight for weighed in found)
    risk = Risk.HIGH if total >= _HIGH else Risk.MEDIUM if total >= _MEDIUM else Risk.LOW
    return risk, tuple(weighed.reason for weighed in found) or ("nothing stands out",)


def _production(outlook: Outlook) -> Iterable[Weighed]:
    if outlook.situation.environment.type is EnvironmentType.PRODUCTION:
        yield Weighed(1, "production: people depend on it")


def _migrations(outlook: Outlook) -> Iterable[Weighed]:
    count = sum(len(step.move.files) for step in outlook.moves if isinstance(step.move, Migrate))
    if count:
        yield Weighed(1, f"{count} database migration{'s' if count > 1 else ''}")
    for verdict in outlook.situation.verdicts:
        if verdict.verdict == "warn":
            yield Weighed(1, f"{verdict.path}: {', '.join(verdict.reasons)}")
        elif verdict.verdict != "ok":
            yield Weighed(3, f"{verdict.path} is {verdict.verdict}: {', '.join(verdict.reasons)}")


def _size(outlook: Outlook) -> Iterable[Weighed]:
    lines, files = outlook.situation.lines_changed, len(outlook.situation.changed_files)
    if lines >= LARGE:
        yield Weighed(2 if lines >= VERY_LARGE else 1, f"a large change: {lines} lines in {files} files")


def _files(outlook: Outlook) -> Iterable[Weighed]:
    found = sorted(path for path in outlook.situation.changed_files if _SENSITIVE.search(path))
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        yield Weighed(1, f"touches {', '.join(found[:3])}{more}")


def _first(outlook: Outlook) -> Iterable[Weighed]:
    for shipped in outlook.ships:
        if shipped.from_version is None:
            yield Weighed(1, f"{shipped.component}: the first deployment here, nothing to go back to")


def _recreate(outlook: Outlook) -> Iterable[Weighed]:
    for shipped in outlook.ships:
        if shipped.strategy is Strategy.RECREATE and shipped.from_version is not None:
            said = "stops before it starts, so it cannot go back by traffic"
            yield Weighed(1, f"{shipped.component}: {said}")


def _overrides(outlook: Outlook) -> Iterable[Weighed]:
    for override in outlook.situation.overrides:
        yield Weighed(2, f"{override.gate} overridden by {override.by}: {override.reason}")


def _irreversible(outlook: Outlook) -> Iterable[Weighed]:
    for step in outlook.moves:
        if isinstance(step.undo, Irreversible) and isinstance(step.move, Migrate | SetTraffic):
            weight = 1 if isinstance(step.move, Migrate) else 0  # a first deployment counts already
            yield Weighed(weight, f"cannot be undone: {words(step.move)} ({step.undo.reason})")


def _kept_migrations(outlook: Outlook) -> Iterable[Weighed]:
    situation = outlook.situation
    if situation.request.kind is Kind.ROLLBACK and any(
        part.database for part in situation.environment.components
    ):
        yield Weighed(
            0, "migrations applied since are kept: they are additive, and undoing one can lose data"
        )


def _learnt(outlook: Outlook) -> Iterable[Weighed]:
    """What did badly before is looked at twice; what went well makes nothing laxer."""
    touched = {*outlook.situation.changed_files}
    bad = [one for one in outlook.situation.learnt if not one.was_good]
    for one in bad[:MOST_LEARNT]:
        files = sorted(touched & {*one.files})
        yield Weighed(1, f"{', '.join(files[:2]) or 'this'} did badly here before: {one.text}")


def _held(outlook: Outlook) -> Iterable[Weighed]:
    """Who wants to be alone with a file was waited for as long as it may be."""
    by = {one.by: one for one in outlook.situation.held}
    for who, one in [*by.items()][:MOST_LEARNT]:
        if one.exclusive:
            yield Weighed(2, f"{who} has reserved {one.path}, and has not given it back")
        else:
            yield Weighed(1, f"{who} works on {one.path} too")


def _task_strategy(outlook: Outlook) -> Iterable[Weighed]:
    task = outlook.situation.task
    asked = task.metadata.strategy if task else None
    if asked is not None and asked not in tuple(Strategy):
        yield Weighed(0, f"the task asks for the unknown strategy {asked!r}; the environment's own is used")


RULES: tuple[Callable[[Outlook], Iterable[Weighed]], ...] = (
    _production,
    _migrations,
    _size,
    _files,
    _first,
    _recreate,
    _overrides,
    _irreversible,
    _kept_migrations,
    _task_strategy,
    _learnt,
    _held,
)
