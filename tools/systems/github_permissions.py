"""What our account may do on GitHub: each permission is tried by a read, or seen where GitHub tells it."""

from __future__ import annotations

from urllib.parse import quote

from orchestrate.errors import AccessDenied, NotFound, OrchestrateError
from orchestrate.models.fact import Fact
from tools.systems.github_api import GithubApi
from tools.systems.github_shapes import Repo

_READS = (
    ("pull_requests", "/pulls", "to read what is merged"),
    ("checks", "/commits/{base}/check-runs", "to see what CI said of a commit"),
    ("statuses", "/commits/{base}/status", "to see what CI said of a commit"),
    ("administration or metadata", "/rules/branches/{base}", "to see what the rules demand"),
    ("deployments", "/deployments", "to show deployments at the pull request"),
    ("actions", "/actions/runs", "to follow workflows after the merge"),
)


class Permission(Fact):
    """One thing that is needed, what for, and why it is not there ('' when it is)."""

    name: str
    use: str
    problem: str = ""
    cure: str = ""


async def permissions(api: GithubApi, base: str) -> tuple[Permission, ...]:
    """Every permission that is needed, the missing ones with their cure.

    Raises AccessDenied when the token is none, UnknownPage when the repository is not to be seen,
    Unreachable.
    """
    repo = await api.one(Repo, "")
    found = [
        await _read(api, name, path.format(base=quote(base, safe="")), use) for name, path, use in _READS
    ]
    return (_write(repo), *found)


def _write(repo: Repo) -> Permission:
    may = Permission(name="contents", use="to merge")
    if repo.permissions.get("push"):
        return may
    cure = "give the token, or the App, write access: contents and pull_requests"
    return may.model_copy(update={"problem": "may read and not write", "cure": cure})


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
