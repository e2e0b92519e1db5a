"""What our account may do on GitHub: each permission is tried by a read, or seen where GitHub tells it."""

from __future__ import annotations

from urllib.parse import quote

from orchestrate.errors import AccessDenied, NotFound, OrchestrateError
from tools.systems.github_api import GithubApi
from tools.systems.github_grants import SCANNING, Permission, granted
from tools.systems.github_shapes import Repo

_READS = (
    ("pull_requests", "/pulls", "to read what is merged"),
    ("checks", "/commits/{base}/check-runs", "to see what CI said of a commit"),
    ("statuses", "/commits/{base}/status", "to see what CI said of a commit"),
    ("administration or metadata", "/rules/branches/{base}", "to see what the rules demand"),
    ("deployments", "/deployments", "to show deployments at the pull request"),
    ("actions", "/actions/runs", "to follow workflows after the merge"),
)


async def permissions(api: GithubApi, base: str, *, scans: bool = False) -> tuple[Permission, ...]:
    """Every permission that is needed, the missing ones with their cure; `scans`: code scanning is asked.

    Raises AccessDenied when the token is none, UnknownPage when the repository is not to be seen,
    Unreachable.
    """
    repo = await api.one(Repo, "")
    found = [
        await _read(api, name, path.format(base=quote(base, safe="")), use) for name, path, use in _READS
    ]
    if scans:
        found.append(await _scanning(api))
    told = await granted(api, scans=scans)
    every = (_write(repo), *found, *told)
    wrong = {one.name: one for one in reversed(every) if one.problem}
    return tuple({one.name: wrong.get(one.name, one) for one in every}.values())


def _write(repo: Repo) -> Permission:
    may = Permission(name="contents", use="to merge")
    if repo.permissions.get("push"):
        return may
    cure = "give the token, or the App, write access: contents and pull_requests"
    return may.model_copy(update={"problem": "may read and not write", "cure": cure})


async def _scanning(api: GithubApi) -> Permission:
    asked = Permission(name=SCANNING, use="to see what code scanning found")
    try:
        await api.look("/code-scanning/alerts")
    except AccessDenied as denied:
        cure = "turn code scanning on, and let the token, or the App, read security_events"
        return asked.model_copy(update={"problem": f"may not read: {denied}", "cure": cure})
    except NotFound:
        cure = "let a workflow scan once: until then the gate security_scan waits"
        return asked.model_copy(update={"problem": "nothing was ever scanned", "cure": cure})
    except OrchestrateError as problem:
        return asked.model_copy(update={"problem": str(problem), "cure": problem.cure})
    return asked


async def _read(api: GithubApi, name: str, path: str, use: str) -> Permission:
    asked = Permission(name=name, use=use)
    try:
        await api.look(path)
    except (AccessDenied, NotFound) as denied:
        cure = f"give the token, or the App, the permission to read {name}"
        return asked.model_copy(update={"problem": f"may not read: {denied}", "cure": cure})
    except OrchestrateError as problem:
        return asked.model_copy(update={"problem": str(problem), "cure": problem.cure})
    return asked
