"""History: the shop's repository, commit by commit, the same on every machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrate.errors import UnknownVersion
from tools.commands import CLEAN, run

BASE = "main"

_HERE = Path(__file__).parent
_SHOP = _HERE / "shop"
_CHANGES = _HERE / "changes"
_ISOLATED = {
    **CLEAN,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_TEMPLATE_DIR": "",
    "TZ": "UTC",
}
_RULES = ("core.autocrlf=false", "core.fileMode=false", "core.hooksPath=/dev/null", "gc.auto=0")


@dataclass(frozen=True)
class Draft:
    """A commit to be: its patch is changes/<branch>.patch."""

    branch: str
    title: str
    author: str
    description: str
    day: int  # of May 2026


RATINGS = Draft(
    "ratings",
    "Show what customers think of a product",
    "ana",
    "Products get a rating, one to five stars, on the page and in the answers. The column is new and may be\n"
    "empty, so that the version before works with it, and this one serves without it.",
    12,
)
CURRENCY = Draft(
    "currency",
    "Show prices in the customer's own currency",
    "ben",
    "Customers from Switzerland, Britain, Japan and the United States see prices in their own money.\n"
    "Rates that are not published are asked from the bank.",
    13,
)
RENAME = Draft(
    "rename-title",
    "Call the shop The Copper Kettle",
    "chloe",
    "People remember the kettle, not the corner.",
    14,
)
DROP = Draft(
    "drop-legacy-column",
    "Drop the codes of the old till",
    "dan",
    "A product's code is computed from its number; the column of the old till goes,\n"
    "and so do the orders that were keyed in with its codes.",
    15,
)
DRAFTS = (RATINGS, CURRENCY, RENAME, DROP)

_OPENING = Draft(BASE, "Open the shop", "ana", "Products, orders, and what operators ask.", 4)
_SINCE = Draft("since-1974", "Say since when there is a shop", "dan", "Older than all of us.", 18)


async def lay_down(remote: Path, clone: Path) -> None:
    """Make the bare repository `remote` and its work clone, each whole or not at all; nothing is redone."""
    await _once(remote, _write_remote)
    await _once(clone, lambda scratch: _write_clone(remote, scratch))


async def heads(remote: Path) -> dict[str, str]:
    """Commit SHA of the base and of every draft's branch. Raises UnknownVersion."""
    lines = await _git(remote, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads")
    found = dict(line.split(" ") for line in lines.splitlines())
    for name in (BASE, *(draft.branch for draft in DRAFTS)):
        if name not in found:
            raise UnknownVersion(name, tuple(found))
    return found


async def _once(place: Path, write: Callable[[Path], Awaitable[Path]]) -> None:
    if _exists(place):
        return
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".making-") as scratch:
        (await write(Path(scratch))).rename(place)


def _exists(place: Path) -> bool:
    return place.exists()


async def _write_remote(scratch: Path) -> Path:
    work, bare = scratch / "work", scratch / "bare"
    await _write_history(work)
    await _git(work, "clone", "--quiet", "--bare", "--no-hardlinks", ".", str(bare))
    await _git(bare, "remote", "remove", "origin")
    return bare


async def _write_clone(remote: Path, scratch: Path) -> Path:
    await _git(remote, "clone", "--quiet", "--no-hardlinks", str(remote), str(scratch / "work"))
    return scratch / "work"


async def _write_history(work: Path) -> None:
    shutil.copytree(_SHOP, work, ignore=shutil.ignore_patterns("__pycache__"))
    await _git(work, "init", "--quiet", "--object-format=sha1", f"--initial-branch={BASE}")
    await _git(work, "add", "--all")
    await _commit(work, _OPENING)
    for draft in DRAFTS:
        await _git(work, "checkout", "--quiet", "-b", draft.branch, BASE)
        await _apply(work, draft)
    await _git(work, "checkout", "--quiet", BASE)
    await _apply(work, _SINCE)


async def _apply(work: Path, draft: Draft) -> None:
    await _git(work, "apply", "--index", str(_CHANGES / f"{draft.branch}.patch"))
    await _commit(work, draft)


async def _commit(work: Path, draft: Draft) -> None:
    who = {"NAME": draft.author, "EMAIL": f"{draft.author}@shop.example"}
    signature = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in {**who, "DATE": f"2026-05-{draft.day:02}T09:00:00Z"}.items()
    }
    message = f"{draft.title}\n\n{draft.description}\n"
    await _git(work, "commit", "--quiet", "--no-gpg-sign", "-m", message, signature=signature)


async def _git(folder: Path, *words: str, signature: dict[str, str] | None = None) -> str:
    output = await run(_argv(words), cwd=folder, env={**_ISOLATED, **(signature or {})}, timeout=30)
    return output.whole().text


def _argv(words: Sequence[str]) -> list[str]:
    return ["git", *(part for rule in _RULES for part in ("-c", rule)), *words]
