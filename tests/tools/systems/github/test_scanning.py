"""Code scanning: only a scan of this head counts, and what it left open stops it."""

from __future__ import annotations

import pytest

from orchestrate.models.change import Check, CheckState
from tests.servers.github import Trouble
from tests.tools.systems.github.conftest import Here
from tools.systems.github_api import GithubApi
from tools.systems.github_changes import Changes

NAME = "code-scanning: high"
MERGE, HEAD = "refs/pull/1/merge", "refs/pull/1/head"


def api(here: Here) -> GithubApi:
    return here.forge._api


async def scan(here: Here, severity: str = "high") -> Check:
    """What the gate is told."""
    change = await Changes(api(here), (severity,)).change("1")
    (found,) = [one for one in change.checks if one.name == f"code-scanning: {severity}"]
    assert found.sha == change.head
    return found


def merged(here: Here) -> str:
    """The merge with the base that GitHub makes to try it."""
    git = here.world.repository.git
    return git("commit-tree", f"{here.head}^{{tree}}", "-p", "main", "-p", here.head, stdin="try")


async def test_a_scan_that_found_nothing_passes(here: Here) -> None:
    here.world.scan(HEAD, here.head)

    assert (await scan(here)).state is CheckState.PASSED


async def test_a_scan_of_the_merge_with_the_base_is_one_of_the_head(here: Here) -> None:
    here.world.scan(MERGE, merged(here), ("py/sql-injection", "error", "critical"))

    found = await scan(here)

    assert (found.state, found.said) == (CheckState.FAILED, "1 open alerts: py/sql-injection")


async def test_no_scan_of_this_head_is_no_result(here: Here) -> None:
    none = await scan(here)
    here.world.scan(HEAD, here.head)
    here.world.repository.write("feature", {"more": "x\n"}, "Say more")

    after = await scan(here)

    assert [(one.state, one.said) for one in (none, after)] == [
        (CheckState.MISSING, "no scan of this head")
    ] * 2


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        (("a", "error", "critical"), CheckState.FAILED),
        (("a", "warning", "high"), CheckState.FAILED),
        (("a", "error", "medium"), CheckState.PASSED),
        (("a", "error", None), CheckState.FAILED),
        (("a", "warning", None), CheckState.PASSED),
        (("a", None, None), CheckState.FAILED),  # what says nothing of itself is taken for the worst
    ],
)
async def test_an_alert_counts_from_the_severity_on(
    here: Here, rule: tuple[str, str | None, str | None], state: CheckState
) -> None:
    here.world.scan(HEAD, here.head, rule)

    assert (await scan(here)).state is state


async def test_a_scan_that_broke_is_no_result(here: Here) -> None:
    here.world.scan(HEAD, here.head, error="out of memory")

    found = await scan(here)

    assert (found.state, found.said) == (CheckState.MISSING, "the scan by CodeQL ended with: out of memory")


async def test_where_we_may_not_look_it_is_no_result_and_says_so(here: Here) -> None:
    forbidden = {"message": "Advanced Security must be enabled for this repository"}
    here.server.troubles.append(Trouble("GET", "/code-scanning/analyses", 403, forbidden))

    found = await scan(here)

    assert found.state is CheckState.MISSING
    assert "Advanced Security must be enabled" in found.said


async def test_a_check_that_only_has_the_name_is_none(here: Here) -> None:
    here.world.check(NAME, "success", here.head)

    assert (await scan(here)).state is CheckState.MISSING
    assert not any(one.name == NAME for one in (await here.change()).checks)


async def test_a_forge_asks_only_where_somebody_wants_to_know(here: Here) -> None:
    await here.change()

    assert here.server.count("GET", "code-scanning") == 0
