"""Resolutions: what conflicts between two commits, and branches that merge them as somebody proposes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrate.errors import CommandFailed, HeadMoved, MergeRefused
from orchestrate.models.conflict import Conflict, ConflictingFile, ResolvedFile, ResolveOrder
from orchestrate.resolving import objection, unfit
from tools.systems.git import NULL, Git, sha
from tools.systems.git_contents import TEXT_CAP
from tools.systems.git_history import MARKER, History
from tools.systems.git_merges import Merges

FOLDER = "orchestrate/resolve"
_NAMES = 20  # resolutions of one head, each on another base
_TEXTS = ("100644", "100755")
_HAS_MARKS = re.compile(r"^<{7} .*^={7}$.*^>{7} ", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Stage:
    """A side of a conflicting file: its mode, and which side it is (1 before, 2 base, 3 head)."""

    mode: str
    side: str
    path: str


class Resolutions:
    """Reads conflicts from the mirror, and makes branches on the remote that resolve them."""

    def __init__(self, git: Git, history: History, merges: Merges) -> None:
        self._git, self._history, self._merges = git, history, merges

    async def conflict(self, head: str, base: str) -> Conflict:
        """What conflicts when `head` is merged into `base`, both commits of the mirror."""
        tree, stages = await self._merged(head, base)
        paths = tuple(dict.fromkeys(one.path for one in stages))
        modes = {path: _mode(path, stages) for path in paths}
        texts = [await self._text(tree, path) for path, mode in modes.items() if mode]
        files = [
            ConflictingFile(path=path, text=text)
            for path, text in zip((one for one in paths if modes[one]), texts, strict=True)
            if text is not None
        ]
        left = sorted({*paths} - {one.path for one in files})
        beyond = f"{left[0]} does not conflict as a text" if left else ""
        return Conflict(head=head, base=base, files=tuple(files), beyond=beyond)

    async def found(self, order: ResolveOrder) -> str | None:
        """The branch that was made for this order, if there is one."""
        for name in _names(order):
            tip = await self._history.tip(name)
            if tip is None:
                return None
            if (await self._history.node(tip)).marker == order.marker:
                return name
        return None

    async def branch(self, order: ResolveOrder, branch: str, base: str) -> str:
        """The branch of this order, made if there is none, from a change of `branch` into `base`.

        Raises HeadMoved, MergeRefused.
        """
        if (known := await self.found(order)) is not None:
            return known
        tip = await self._history.tip(branch) or NULL
        if tip != order.head:
            raise HeadMoved("head", order.head, tip)
        conflict = await self.conflict(order.head, order.base)
        if why := unfit(conflict) or objection(conflict, order.files):
            raise MergeRefused(f"this is no resolution: {why}", cure="resolve it by hand")
        for name in _names(order):
            if await self._history.tip(name) is None:
                return await self._made(name, order, f"Merge {base} into {branch}")
        raise MergeRefused(f"there are {_NAMES} resolutions of {order.head[:12]} already")

    async def _made(self, name: str, order: ResolveOrder, subject: str) -> str:
        tree = await self._tree(order)
        message = f"{subject}\n\nProposed by a model, for people to review."
        made = await self._merges.made(tree, (order.head, order.base), message, {MARKER: order.marker})
        push = await self._git.push(made, name)
        if not push.accepted:
            raise MergeRefused(f"branch {name} was not made: {push.reason}")
        return name

    async def _tree(self, order: ResolveOrder) -> str:
        """The merge's own tree with these texts in the place of those with marks."""
        tree, stages = await self._merged(order.head, order.base)
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            await self._git.text("read-tree", sha(tree), env=index)
            lines = "".join([await self._line(one, stages) for one in order.files])
            await self._git.text("update-index", "-z", "--index-info", stdin=lines.encode(), env=index)
            return sha(await self._git.text("write-tree", env=index))

    async def _line(self, file: ResolvedFile, stages: Sequence[Stage]) -> str:
        blob = await self._git.text("hash-object", "-w", "--stdin", stdin=file.text.encode())
        return f"{_mode(file.path, stages)} {sha(blob)}\t{file.path}\0"

    async def _merged(self, head: str, base: str) -> tuple[str, tuple[Stage, ...]]:
        """The tree that merging leaves, and the sides of each file that conflicts."""
        got = await self._git.output(
            "merge-tree", "--write-tree", "-z", "--no-messages", "--allow-unrelated-histories",
            "--end-of-options", sha(base), sha(head),
        )  # fmt: skip
        if got.code not in (0, 1) or got.is_cut:
            raise CommandFailed(got.argv, got.code, got.complaint)
        tree, *lines = got.text.split("\0")
        return sha(tree.strip()), tuple(_stage(line) for line in lines if "\t" in line)

    async def _text(self, tree: str, path: str) -> str | None:
        """The file with its marks; None for one that has none, is none, or is too long."""
        got = await self._git.output("cat-file", "blob", f"{sha(tree)}:{path}")
        if got.code != 0 or got.is_cut or len(got.stdout) > TEXT_CAP or b"\0" in got.stdout:
            return None
        try:
            text = got.stdout.decode()
        except UnicodeDecodeError:
            return None
        return text if _HAS_MARKS.search(text) else None


def _stage(line: str) -> Stage:
    facts, _, path = line.partition("\t")
    mode, _, side = facts.split(" ")
    return Stage(mode, side, path)


def _mode(path: str, stages: Sequence[Stage]) -> str:
    """The mode of a file that both sides have as a plain one, or ''."""
    sides: Mapping[str, str] = {one.side: one.mode for one in stages if one.path == path}
    ours, theirs = sides.get("2", ""), sides.get("3", "")
    return ours if ours == theirs and ours in _TEXTS else ""


def _names(order: ResolveOrder) -> tuple[str, ...]:
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", order.change)[:40]
    first = f"{FOLDER}/{plain}-{order.head[:12]}"
    return (first, *(f"{first}-{number}" for number in range(2, _NAMES + 1)))
