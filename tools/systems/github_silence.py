"""Checks that a branch demands and that nobody ever reports: what waits for them waits for ever."""

from __future__ import annotations

from typing import NamedTuple

from orchestrate.models.change import CheckState
from tools.systems.github_api import GithubApi
from tools.systems.github_checks import checks_of
from tools.systems.github_rules import rules_of
from tools.systems.github_shapes import PullName

PULLS = 5
"""The newest pull requests whose heads are looked at."""


class Silence(NamedTuple):
    """The checks that are demanded, those that never reported, and at how many heads we looked."""

    required: tuple[str, ...]
    never: tuple[str, ...]
    heads: int


async def silence(api: GithubApi, base: str) -> Silence:
    """Raises AccessDenied, UnknownPage, Unreachable."""
    required = (await rules_of(api, base)).required
    names = tuple(dict.fromkeys(one.context for one in required))
    if not names:
        return Silence((), (), 0)
    asked = {"base": base, "state": "all", "sort": "updated", "direction": "desc", "per_page": str(PULLS)}
    heads = [one.head.sha for one in await api.newest(PullName, "/pulls", **asked)]
    never = set(names)
    for head in heads:
        found = await checks_of(api, head, required)
        never -= {one.name for one in found if one.state is not CheckState.MISSING}
    return Silence(names, tuple(one for one in names if one in never), len(heads))
