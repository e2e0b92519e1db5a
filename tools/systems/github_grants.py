"""What GitHub tells of our rights by itself: the permissions of an App, the scopes of a classic token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from orchestrate.models.fact import Fact
from tools.systems.github_api import GithubApi

LEVELS = ("", "read", "write", "admin")
SCANNING = "security_events"
_OF_APPS = (
    ("contents", "write", "to merge"),
    ("pull_requests", "write", "to merge, and to say at the pull request how its deployment stands"),
    ("deployments", "write", "to show deployments at the pull request"),
    ("checks", "read", "to see what CI said of a commit"),
    ("statuses", "read", "to see what CI said of a commit"),
    ("actions", "read", "to follow workflows after the merge"),
)
_SCANS = (SCANNING, "read", "to see what code scanning found")


class Permission(Fact):
    """One thing that is needed, what for, and why it is not there ('' when it is)."""

    name: str
    use: str
    problem: str = ""
    cure: str = ""


async def granted(api: GithubApi, *, scans: bool) -> tuple[Permission, ...]:
    """What is needed and told without being tried; () for tokens of which nothing is told."""
    permissions = await api.permissions()
    if permissions is not None:
        return tuple(_of_app(permissions, scans=scans))
    scopes = await api.scopes()
    return () if scopes is None else tuple(_of_token(scopes, scans=scans))


def _of_app(has: Mapping[str, str], *, scans: bool) -> Iterator[Permission]:
    for name, level, use in (*_OF_APPS, *((_SCANS,) if scans else ())):
        given = has.get(name, "")
        asked = Permission(name=name, use=use)
        if given not in LEVELS or LEVELS.index(given) >= LEVELS.index(level):
            yield asked
            continue
        problem = f"the App has {f'only {given!r}' if given else 'no such permission'}"
        cure = f"give the App {name}: {level} at its settings, and accept that at its installation"
        yield asked.model_copy(update={"problem": problem, "cure": cure})


def _of_token(scopes: Sequence[str], *, scans: bool) -> Iterator[Permission]:
    for name, enough, use in _scopes(scans=scans):
        asked = Permission(name=name, use=use)
        if {*enough} & {*scopes}:
            yield asked
            continue
        has = ", ".join(scopes) or "none"
        cure = f"make a classic token with the scope {enough[0]}, or a fine-grained one: docs/github.md"
        yield asked.model_copy(update={"problem": f"the token has the scopes {has}", "cure": cure})


def _scopes(*, scans: bool) -> Iterator[tuple[str, Sequence[str], str]]:
    yield "contents", ("repo", "public_repo"), "to merge"
    yield "deployments", ("repo", "repo_deployment", "public_repo"), "to show deployments at the pull request"
    if scans:
        yield SCANNING, ("repo", SCANNING, "public_repo"), "to see what code scanning found"
