"""Chapters: what the demo brings to the shop, what is about to happen to each, and how it should end."""

from __future__ import annotations

from orchestrate.models.deployment import Outcome
from orchestrate.models.fact import Fact


class Chapter(Fact):
    """The first version, or one of the four changes."""

    name: str  # the change's branch
    label: str  # what lines about it begin with
    gist: str
    ahead: str  # what is about to happen
    ends_in: str  # the environment of its last deployment
    ends: Outcome


INSTALL = Chapter(
    name="install",
    label="shop",
    gist="the first version, so that there is something to change",
    ahead="goes to staging, then to production when you approve it; then the customers come",
    ends_in="production",
    ends=Outcome.DEPLOYED,
)
GOOD = Chapter(
    name="ratings",
    label="change 1",
    gist="a good change, with a migration that only adds",
    ahead="goes to staging, then to 10, 25, 50 and 100 % of production, each step under customers' eyes",
    ends_in="production",
    ends=Outcome.DEPLOYED,
)
BAD = Chapter(
    name="currency",
    label="change 2",
    gist="passes its tests and staging; fails for some of production's customers",
    ahead="looks good in staging; 10 % of production's customers will show what nobody tested",
    ends_in="production",
    ends=Outcome.ROLLED_BACK,
)
CONFLICT = Chapter(
    name="rename-title",
    label="change 3",
    gist="conflicts with what was merged meanwhile",
    ahead="cannot be merged, so nothing may be deployed",
    ends_in="staging",
    ends=Outcome.CONFLICT,
)
DANGEROUS = Chapter(
    name="drop-legacy-column",
    label="change 4",
    gist="its migration drops a column and deletes every order",
    ahead="should not get past its gates",
    ends_in="staging",
    ends=Outcome.BLOCKED,
)
CHAPTERS = (INSTALL, GOOD, BAD, CONFLICT, DANGEROUS)


def chapter(name: str) -> Chapter:
    """The chapter of an errand."""
    return next(one for one in CHAPTERS if one.name == name)
