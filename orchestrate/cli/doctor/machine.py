"""The machine: Python, git, make, and the programs that are used where they are installed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from orchestrate.cli.doctor.finding import Finding, bad, doubtful, failed, good
from orchestrate.errors import OrchestrateError
from orchestrate.models.environment import Component
from orchestrate.settings import Settings
from tools.commands import program, run

PYTHON, GIT = (3, 11), (2, 38)


async def machine() -> list[Finding]:
    """What is needed whatever the settings say."""
    return [_python(), await _git(), _make()]


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < PYTHON:
        return bad("python", found, "install Python 3.11 or newer")
    return good("python", found)


async def _git() -> Finding:
    try:
        said = (await run(["git", "--version"], timeout=10)).text
    except OrchestrateError as problem:
        return failed("git", problem)
    numbers = re.search(r"(\d+)\.(\d+)", said)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < GIT:
        return bad("git", said.strip(), "install git 2.38 or newer: merges are foreseen with merge-tree")
    return good("git", said.strip().removeprefix("git version "))


def _make() -> Finding:
    found = program("make")
    return (
        good("make", found)
        if found
        else doubtful("make", "not installed", "only make demo and make test need it")
    )


def programs(settings: Settings) -> Iterator[Finding]:
    """HAProxy, Prometheus and PostgreSQL: there, or what is used instead."""
    parts = [part for environment in settings.environments.values() for part in environment.components]
    yield _haproxy(parts)
    asked = {part.metrics.url for part in parts if part.metrics.kind == "prometheus"}
    if asked:
        yield good("prometheus", f"asked at {', '.join(sorted(url or '(no url)' for url in asked))}")
    else:
        yield good("prometheus", "not used: numbers come from the proxy or the service itself")
    yield _postgres(settings, parts)
    yield from _keygen(settings)


def _haproxy(parts: list[Component]) -> Finding:
    found = program("haproxy")
    demanded = [part.name for part in parts if part.traffic == "haproxy"]
    if found:
        return good("haproxy", found)
    if demanded:
        return bad(
            "haproxy",
            f"not installed, and {', '.join(demanded)} demands it",
            "install haproxy, or traffic: auto",
        )
    return doubtful(
        "haproxy", "not installed: the built-in proxy is used", "install haproxy for much traffic"
    )


def _keygen(settings: Settings) -> Iterator[Finding]:
    """Only where an environment demands signatures."""
    demanding = [one.name for one in settings.environments.values() if one.artifact.signed_by]
    found = program("ssh-keygen")
    if demanding and found:
        yield good("ssh-keygen", found)
    elif demanding:
        said = f"not installed, and {', '.join(demanding)} demands signatures"
        yield bad("ssh-keygen", said, "install OpenSSH's client programs")


def _postgres(settings: Settings, parts: list[Component]) -> Finding:
    used = [part.name for part in parts if part.database is not None and part.database.dialect == "postgres"]
    found = program("pg_dump")
    if used and not found:
        return bad(
            "postgresql",
            f"pg_dump is not installed; {', '.join(used)} is backed up with it",
            "install the client",
        )
    if used or settings.store.url.startswith("postgresql"):
        return good("postgresql", found or "the store is there")
    return good("postgresql", "not used: the store is SQLite, and no component has such a database")
