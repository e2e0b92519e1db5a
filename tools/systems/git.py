"""Git: a private mirror of one remote, and the words that are said to it."""

from __future__ import annotations

import asyncio
import fcntl
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrate.errors import CommandFailed, OutsideFailed, ProgramMissing, Unreachable
from tools.commands import CLEAN, Output, Runner, run
from tools.systems.git_names import is_branch_like, transport

OLDEST = (2, 38)  # the first with `merge-tree --write-tree`
CURE = "install git 2.38 or newer"
NULL = "0" * 40
LOCK = "orchestrate.lock"

_SHA = re.compile(r"[0-9a-f]{40}")
_CAP = 64 * 1024 * 1024  # bytes of one answer
_SAFE = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "protocol.ext.allow=never",
    "-c", "submodule.recurse=false",
    "-c", "core.symlinks=false",
    "-c", "core.attributesFile=/dev/null",
    "-c", "core.pager=cat",
)  # fmt: skip
_QUIET: Mapping[str, str] = {
    **CLEAN,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS": "true",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_TEMPLATE_DIR": "",
    "HOME": "/nonexistent",
}
# Above every .gitattributes of the repository: what is unpacked is what was committed.
_ATTRIBUTES = "* -export-ignore -export-subst -ident -text -eol -working-tree-encoding -filter\n"


def is_sha(text: str) -> bool:
    """Whether `text` is a full commit SHA."""
    return _SHA.fullmatch(text) is not None


def sha(text: str) -> str:
    """`text`, when it is a full SHA; nothing else is ever said to git in a SHA's place."""
    if not is_sha(text):
        raise OutsideFailed(f"{text[:60]!r} is not a commit SHA")
    return text


@dataclass(frozen=True)
class Push:
    """What the remote said to one push."""

    accepted: bool
    was: str = ""  # abbreviated SHA of the branch before, where the remote tells
    reason: str = ""

    @property
    def is_race(self) -> bool:
        """Whether it was refused because the branch moved meanwhile."""
        return any(words in self.reason for words in _RACES)


_RACES = (
    "non-fast-forward", "fetch first", "cannot lock ref", "failed to update ref",
    "stale info", "incorrect old value",
)  # fmt: skip


class Git:
    """Runs git in a bare mirror of `remote` that nobody else uses."""

    def __init__(
        self,
        remote: str,
        mirror: Path,
        *,
        runner: Runner = run,
        program: str = "git",
        timeout: float = 120.0,
    ) -> None:
        self.remote, self.mirror = remote, mirror
        self._run, self._program, self._timeout = runner, program, timeout
        self._is_ready = False
        self._names: set[str] = set()

    async def output(
        self, *words: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> Output:
        """What git says to `words`, whatever its code is."""
        await self._ready()
        return await self._say(words, stdin, env or {})

    async def text(
        self, *words: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """What git says to `words`, without the last line end. Raises CommandFailed."""
        return (await self.output(*words, stdin=stdin, env=env)).whole().text.removesuffix("\n")

    async def fetch(self) -> None:
        """Bring the mirror up to date. Raises Unreachable with git's reason."""
        async with self._alone():
            complaint = await self._fetched()
            if ".lock" in complaint and self._forget_locks():
                complaint = await self._fetched()
        if complaint:
            raise Unreachable(
                f"the repository cannot be read: {complaint}",
                cure="check the repository's address in orchestrate.yaml, and that it can be reached",
            )

    async def _fetched(self) -> str:
        """What git complains of, or ''."""
        options = ("--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        try:
            got = await self.output("fetch", *options, "origin")
        except CommandFailed as slow:
            return str(slow)
        return "" if got.code == 0 else got.complaint or f"git ended with {got.code}"

    def _forget_locks(self) -> bool:
        """Remove locks that a killed git left in the mirror: older than any git of ours may live."""
        stale = [
            file
            for file in self.mirror.rglob("*.lock")
            if file.name != LOCK and time.time() - file.stat().st_mtime > 2 * self._timeout
        ]
        for file in stale:
            file.unlink(missing_ok=True)
        return bool(stale)

    async def push(self, commit: str, branch: str) -> Push:
        """Offer `commit` as the new end of `branch`; only the remote moves it, and only forward.

        Raises CommandFailed when there was no usable answer: then nobody knows whether it moved.
        """
        refspec = f"{sha(commit)}:refs/heads/{await self.branch(branch)}"
        async with self._alone():
            got = await self.output("push", "--porcelain", "origin", refspec)
        line = next((line for line in got.text.splitlines() if line[1:2] == "\t"), None)
        if line is None:
            raise CommandFailed(got.argv, got.code, got.complaint)
        return _push(line, got.complaint)

    async def branch(self, name: str) -> str:
        """`name`, when it can name a branch. Raises OutsideFailed."""
        if not is_branch_like(name):
            raise OutsideFailed(f"{name[:100]!r} cannot name a branch")
        if name not in self._names:
            got = await self.output("check-ref-format", f"refs/heads/{name}")
            if got.code != 0:
                raise OutsideFailed(f"{name!r} cannot name a branch")
            self._names.add(name)
        return name

    async def _ready(self) -> None:
        if self._is_ready:
            return
        await self._refuse_old()
        async with self._held():
            if not (self.mirror / "HEAD").exists():
                (await self._say(("init", "--quiet", "--bare", "."), None, {})).whole()
            attributes = self.mirror / "info" / "attributes"
            attributes.parent.mkdir(exist_ok=True)
            attributes.write_text(_ATTRIBUTES)
        self._is_ready = True

    async def _refuse_old(self) -> None:
        try:
            said = (await self._run([self._program, "--version"], env=_QUIET, timeout=10)).whole().text
        except ProgramMissing:
            raise ProgramMissing("git", CURE) from None
        found = re.search(r"(\d+)\.(\d+)", said)
        if found is None or (int(found[1]), int(found[2])) < OLDEST:
            raise ProgramMissing(f"a git that can foresee merges (this is {said.strip()!r})", CURE)

    async def _say(self, words: Sequence[str], stdin: bytes | None, env: Mapping[str, str]) -> Output:
        return await self._run(
            [self._program, *_SAFE, *words],
            cwd=self.mirror,
            env={**_QUIET, "GIT_ALLOW_PROTOCOL": transport(self.remote), **_configured(self.remote), **env},
            timeout=self._timeout,
            cap=_CAP,
            stdin=stdin,
        )

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None, None]:
        await self._ready()
        async with self._held():
            yield

    @asynccontextmanager
    async def _held(self) -> AsyncGenerator[None, None]:
        """No other process changes the refs of the mirror meanwhile."""
        self.mirror.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.mirror / LOCK).open("w") as lock:
            await self._locked(lock.fileno())
            yield

    async def _locked(self, descriptor: int) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                while not _is_locked(descriptor):  # noqa: ASYNC110 - another process holds it
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise Unreachable(f"the mirror {self.mirror} is held by another process") from None


def _configured(remote: str) -> dict[str, str]:
    """The settings of the mirror, as environment: an address with a password never is an argument."""
    settings = (
        ("remote.origin.url", remote),
        ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
        ("remote.origin.fetch", "+refs/tags/*:refs/tags/*"),
        ("push.default", "nothing"),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
        ("advice.pushUpdateRejected", "false"),
        ("safe.bareRepository", "all"),
    )
    pairs = {
        f"GIT_CONFIG_{part}_{index}": text
        for index, (key, value) in enumerate(settings)
        for part, text in (("KEY", key), ("VALUE", value))
    }
    return {"GIT_CONFIG_COUNT": str(len(settings)), **pairs}


def _push(line: str, complaint: str) -> Push:
    flag, _, summary = line.split("\t", 2)
    if flag == "!":
        said = [text.removeprefix("remote:").strip() for text in complaint.splitlines() if "remote:" in text]
        return Push(accepted=False, reason="; ".join([summary, *said]))
    return Push(accepted=True, was=summary.partition("..")[0] if ".." in summary else "")


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
