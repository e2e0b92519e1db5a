"""Contents: the files of a commit, as texts and as a folder."""

from __future__ import annotations

import asyncio
import os
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orchestrate.errors import BuildFailed
from orchestrate.models.change import FileChange, Version
from tools.systems.git import NULL, Git, is_sha, sha

TEXT_CAP = 256 * 1024  # bytes of one text
TEXTS_CAP = 32 * 1024 * 1024  # bytes of all texts of one change


@dataclass(frozen=True)
class Touched:
    """A file between two commits: its blob and mode after."""

    path: str
    status: str
    blob: str
    mode: str
    was: str | None = None

    @property
    def has_text(self) -> bool:
        return self.blob != NULL and self.mode in ("100644", "100755")


class Contents:
    """Reads files out of a mirror; nothing in them is ever run."""

    def __init__(self, git: Git) -> None:
        self._git = git

    async def changed(self, before: str, after: str) -> tuple[FileChange, ...]:
        """What differs between two commits."""
        raw = await self._git.text(
            "diff-tree", "--raw", "-r", "-z", "-M", "--no-abbrev", "--end-of-options", sha(before), sha(after)
        )
        touched = _touched(raw)
        texts = await self._texts({file.blob for file in touched if file.has_text})
        return tuple(
            FileChange(
                path=file.path,
                status=file.status,
                text=texts.get(file.blob) if file.has_text else None,
                was=file.was,
            )
            for file in touched
        )

    async def shown(self, before: str, after: str) -> str:
        """What differs, line by line, as git itself shows it: no program of the repository has a say."""
        words = ("diff-tree", "-p", "-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--unified=3")
        found = await self._git.output(*words, "--end-of-options", sha(before), sha(after))
        return found.text

    async def unpack(self, version: Version, into: Path, only: str) -> None:
        """Write the tree of `version`, or what is below the folder `only`, into the empty folder `into`.

        Raises BuildFailed when the folder is not empty, or a file could lead out of it.
        """
        _prepare(into)
        tree, prefix = await self._subtree(version, only)
        if tree is None:
            return
        archive = _scratch()
        try:
            words = (
                "archive",
                "--format=tar",
                f"--prefix={prefix}",
                f"--output={archive}",
                "--end-of-options",
            )
            (await self._git.output(*words, tree)).whole()
            await asyncio.to_thread(_extract, archive, into, version.name)
        finally:
            os.unlink(archive)  # noqa: PTH108 - one short call

    async def _subtree(self, version: Version, only: str) -> tuple[str | None, str]:
        tree = sha(version.tree)
        folder = PurePosixPath(only)
        if not folder.parts:
            return tree, ""
        if folder.is_absolute() or ".." in folder.parts or "\n" in only:
            raise BuildFailed(f"{only!r} is no folder of a version")
        asked = f"{tree}:{folder}\n".encode()
        found, *kind = (await self._git.text("cat-file", "--batch-check", stdin=asked)).split(" ")
        return (found if kind[:1] == ["tree"] and is_sha(found) else None), f"{folder}/"

    async def _texts(self, blobs: set[str]) -> dict[str, str]:
        if not blobs:
            return {}
        asked = "".join(f"{blob}\n" for blob in sorted(blobs)).encode()
        sizes = (await self._git.output("cat-file", "--batch-check", stdin=asked)).whole().text
        chosen = _affordable(sizes)
        wanted = "".join(f"{blob}\n" for blob in chosen).encode()
        answer = (await self._git.output("cat-file", "--batch", stdin=wanted)).whole().stdout
        return _decoded(answer)


def _touched(raw: str) -> list[Touched]:
    """Parse `:mode mode sha sha status NUL path [NUL new path]` entries."""
    fields = iter(raw.split("\0"))
    found: list[Touched] = []
    for entry in fields:
        if not entry:
            continue
        _, mode, _, blob, status = entry.removeprefix(":").split(" ")
        path, was = next(fields), None
        if status[0] in "RC":
            path, was = next(fields), path
        found.append(Touched(path, "M" if status[0] == "T" else status[0], blob, mode, was))
    return found


def _affordable(sizes: str) -> list[str]:
    chosen: list[str] = []
    left = TEXTS_CAP
    for line in sizes.splitlines():
        blob, kind, size = line.split(" ")
        if kind == "blob" and int(size) <= min(TEXT_CAP, left):
            chosen.append(blob)
            left -= int(size)
    return chosen


def _decoded(answer: bytes) -> dict[str, str]:
    texts: dict[str, str] = {}
    while answer:
        header, _, rest = answer.partition(b"\n")
        blob, _, size = header.decode().split(" ")
        content, answer = rest[: int(size)], rest[int(size) + 1 :]
        text = _text(content)
        if text is not None:
            texts[blob] = text
    return texts


def _text(content: bytes) -> str | None:
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _prepare(into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise BuildFailed(f"{into} is not empty", cure="give an empty folder")


def _scratch() -> Path:
    handle, name = tempfile.mkstemp(suffix=".tar")
    os.close(handle)
    return Path(name)


def _extract(archive: Path, into: Path, name: str) -> None:
    def admitted(member: tarfile.TarInfo, destination: str) -> tarfile.TarInfo | None:
        reason = refusal(member)
        if reason:
            raise BuildFailed(f"{name} cannot be unpacked: {member.name!r} {reason}")
        return tarfile.data_filter(member, destination)

    try:
        with tarfile.open(archive) as tar:
            tar.extractall(into, filter=admitted)  # noqa: S202 - every member is judged
    except (tarfile.TarError, OSError) as problem:
        raise BuildFailed(f"{name} cannot be unpacked: {problem}") from problem


def refusal(member: tarfile.TarInfo) -> str:
    """Why `member` may not be written, or ''.

    A link may climb only at its start, and no further than its own folder lies deep: then, whatever
    other links its way goes through, it ends inside.
    """
    parts = PurePosixPath(member.name).parts
    if any(part.casefold() == ".git" for part in parts) or ".." in parts or member.name.startswith("/"):
        return "is no name for a file of a version"
    if not (member.isfile() or member.isdir() or member.issym()):
        return "is neither a file, a folder nor a link"
    return (
        "is a link that could lead out" if member.issym() and _leads_out(member.linkname, len(parts)) else ""
    )


def _leads_out(target: str, depth: int) -> bool:
    if target.startswith("/"):
        return True
    steps = [step for step in target.split("/") if step not in ("", ".")]
    climbs = next((index for index, step in enumerate(steps) if step != ".."), len(steps))
    return climbs > depth - 1 or ".." in steps[climbs:]
