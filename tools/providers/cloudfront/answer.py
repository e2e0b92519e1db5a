"""Answer: what a distribution's public address gives, held against the files of the releases."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from orchestrate.errors import Unreachable
from orchestrate.models.smoke import HealthCheck
from tools.fetch import Ask, fetch
from tools.health import trouble
from tools.providers.cloudfront.bucket import Manifest


@dataclass(frozen=True)
class Answered:
    """What is wrong with the answer, or '', and of which tree the file is; '' where nobody can tell."""

    wrong: str
    tree: str


def file_of(health: HealthCheck, root: str) -> str:
    """The file by which the health is asked; `root`: what the distribution shows for /."""
    path = unquote(health.path.partition("?")[0]).lstrip("/")
    return path or root


async def answered(health: HealthCheck, address: str, root: str, known: Sequence[Manifest]) -> Answered:
    """Ask once. The first of the `known` releases that has the file as it came is the one that answers."""
    if not health.path:
        return Answered("", "")
    try:
        answer = await fetch(Ask(url=f"{address}{health.path}", seconds=health.timeout, is_enough_begun=True))
    except Unreachable as silent:
        return Answered(str(silent), "")
    wrong = trouble(answer, health)
    if wrong:
        return Answered(wrong, "")
    path, sha = file_of(health, root), hashlib.sha256(answer.body).hexdigest()
    trees = (one.version.tree for one in known if path in one.files and one.files[path].sha256 == sha)
    return Answered("", next(trees, f"sha256:{sha}"))
