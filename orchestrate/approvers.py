"""Approvers: who may approve a plan, who may not because it is their own work, and how many of them must."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from orchestrate.models.approval import ApprovalRule, Barred
from orchestrate.models.change import Change, Commit
from orchestrate.models.environment import Channel, Environment, Person

POLICY_FILES = frozenset({"orchestrate.yaml", "codeowners", ".gitlab-ci.yml", "jenkinsfile"})
POLICY_FOLDERS = (".github/workflows/", ".github/actions/", ".circleci/")
MOST_STRANGERS = 5
OURS = "Orchestrate <orchestrate@localhost>"
"""Who merges."""

ALONE = 2
"""So many persons must approve what one person should not decide alone."""

_SIGNATURE = re.compile(r"(?P<name>.*?)\s*<(?P<address>[^<>]*)>\s*")


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a plan ships, as far as it matters whose it is."""

    change: Change | None = None
    commits: Sequence[Commit] | None = ()  # None: they could not all be read
    files: Sequence[str] = ()  # that the change touches
    requested_by: str | None = None  # a person's name


def approval_rule(work: Work, environment: Environment, people: Sequence[Person]) -> ApprovalRule:
    """What makes a plan for `work` approved; the rules are the environment's, never those that it ships."""
    reasons = tuple(_reasons(work, environment))
    persons = max(environment.approvals, ALONE if reasons else 1)
    return ApprovalRule(
        persons=persons,
        reasons=(*([f"{environment.name} demands it"] if environment.approvals > 1 else []), *reasons),
        approvers=tuple(dict.fromkeys(environment.approvers)),
        barred=tuple(_barred(work, environment, people, persons)),
        strangers=tuple(_strangers(work, people))[:MOST_STRANGERS],
    )


def is_policy(path: str) -> bool:
    """Whether a file says how changes are judged."""
    lower = path.lower()
    return PurePosixPath(lower).name in POLICY_FILES or lower.startswith(POLICY_FOLDERS)


def _reasons(work: Work, environment: Environment) -> Iterator[str]:
    """Why one person is not enough."""
    yield from (f"it changes {path}, which says how changes are judged" for path in _policy(work))
    if work.commits is None and not environment.authors_may_approve:
        yield "it is not known who wrote all of it"


def _policy(work: Work) -> list[str]:
    return sorted(path for path in work.files if is_policy(path))


def _barred(work: Work, environment: Environment, people: Sequence[Person], persons: int) -> Iterator[Barred]:
    for person in people:
        why = "" if environment.authors_may_approve else _share(work, person)
        if not why and work.requested_by == person.name and not _may_request(environment, persons):
            why = "asked for this deployment"
        if why and person.name in environment.approvers:
            yield Barred(person=person.name, why=why)


def _may_request(environment: Environment, persons: int) -> bool:
    said = environment.requesters_may_approve
    return persons == 1 if said is None else said


def _share(work: Work, person: Person) -> str:
    """What `person` has done of it, or ''."""
    change = work.change
    if change is not None and person.is_known_as(Channel.FORGE, change.author):
        return f"wrote change {change.id}"
    if change is not None and change.pushed_by and person.is_known_as(Channel.FORGE, change.pushed_by):
        return f"pushed the head of change {change.id}"
    theirs = (one for one in work.commits or () if any(_is(person, who) for who in one.written_by))
    return next((f"has a part in commit {one.sha[:10]}" for one in theirs), "")


def _strangers(work: Work, people: Sequence[Person]) -> Iterator[str]:
    named = dict.fromkeys(who for one in work.commits or () for who in one.written_by if who)
    yield from (who for who in named if who != OURS and not any(_is(person, who) for person in people))


def _is(person: Person, signature: str) -> bool:
    """Whether a commit's signature names the person: by an address or a name of theirs, in any case."""
    match = _SIGNATURE.fullmatch(signature)
    said = {match["name"].casefold(), match["address"].casefold()} if match else {signature.casefold()}
    forge = person.known_as(Channel.FORGE) if Channel.FORGE in person.identities else ()
    return bool(said & {one.casefold() for one in (*person.known_as(Channel.GIT), *forge)} - {""})
