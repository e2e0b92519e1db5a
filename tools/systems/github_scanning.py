"""Code scanning on GitHub: whether a scan looked at the head, and what it left open (row G2)."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.errors import AccessDenied, NotFound
from orchestrate.models.change import Check, CheckState
from orchestrate.models.environment import CODE_SCANNING, SEVERITIES
from tools.systems.github_api import GithubApi
from tools.systems.github_shapes import Alert, Analysis, GitCommit, Pull

_LOOKED_AT = 5
"""Commits whose parents are looked up: a scan of a pull request is one of its merge into the base."""

_LEVELS = {"error": "high", "warning": "medium", "note": "low", "none": "low"}
"""How bad an alert is whose rule names no security severity."""


async def scan_of(api: GithubApi, pull: Pull, severity: str) -> Check:
    """The scan of the head as a check: failed where an alert at or above `severity` is open.

    Where no scan of the head can be seen, it is missing, and `said` tells why.
    """
    try:
        analyses = await _of_head(api, pull)
        broken = next((one for one in analyses if one.error), None)
        if not analyses:
            return _check(pull, severity, CheckState.MISSING, "no scan of this head")
        if broken is not None:
            said = f"the scan by {broken.tool.name} ended with: {broken.error}"
            return _check(pull, severity, CheckState.MISSING, said)
        refs = dict.fromkeys(one.ref for one in analyses)
        found = [one for ref in refs for one in await _open(api, ref)]
    except (NotFound, AccessDenied) as blind:
        return _check(pull, severity, CheckState.MISSING, f"it cannot be seen: {blind}")
    return _judged(pull, severity, found)


def _judged(pull: Pull, severity: str, alerts: Sequence[Alert]) -> Check:
    bad = {one.number: one for one in alerts if _level(one) >= SEVERITIES.index(severity)}
    if not bad:
        return _check(pull, severity, CheckState.PASSED, "no open alert")
    rules = ", ".join(dict.fromkeys(one.rule.id or "?" for one in bad.values()))
    return _check(pull, severity, CheckState.FAILED, f"{len(bad)} open alerts: {rules}"[:300])


def _level(alert: Alert) -> int:
    """Its place among the severities; what says nothing of itself is taken for the worst."""
    said = alert.rule.security_severity_level or _LEVELS.get(alert.rule.severity or "", "")
    return SEVERITIES.index(said) if said in SEVERITIES else len(SEVERITIES)


async def _of_head(api: GithubApi, pull: Pull) -> list[Analysis]:
    """The newest analysis by each tool and category of the head, or of a merge of it."""
    found: list[Analysis] = []
    branch = () if pull.is_fork else (f"refs/heads/{pull.head.ref}",)
    for ref in (f"refs/pull/{pull.number}/merge", f"refs/pull/{pull.number}/head", *branch):
        found += await _analyses(api, ref)
    commits = dict.fromkeys(one.commit_sha for one in found)
    merges = [one for one in commits if one != pull.head.sha][:_LOOKED_AT]
    ours = {one for one in merges if await _holds(api, one, pull.head.sha)} | {pull.head.sha}
    newest: dict[tuple[str | None, str | None], Analysis] = {}
    for one in sorted(found, key=lambda one: one.created_at):
        if one.commit_sha in ours:
            newest[(one.tool.name, one.category)] = one
    return list(newest.values())


async def _analyses(api: GithubApi, ref: str) -> tuple[Analysis, ...]:
    try:
        return await api.newest(Analysis, "/code-scanning/analyses", ref=ref, per_page="100")
    except NotFound:  # GitHub's way to say that there is none
        return ()


async def _holds(api: GithubApi, commit: str, head: str) -> bool:
    try:
        found = await api.one(GitCommit, f"/git/commits/{commit}")
    except NotFound:
        return False
    return head in {one.sha for one in found.parents}


async def _open(api: GithubApi, ref: str) -> tuple[Alert, ...]:
    return await api.every(Alert, "/code-scanning/alerts", ref=ref, state="open")


def _check(pull: Pull, severity: str, state: CheckState, said: str) -> Check:
    return Check(name=f"{CODE_SCANNING}{severity}", state=state, sha=pull.head.sha, said=said)
