"""The program `bd`: one call, one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrate.errors import CommandFailed, NotFound, OutsideFailed, Unreachable
from tools.commands import CLEAN, Output, Runner, run
from tools.systems.beads_answers import T, Version, complaint, parsed

SECONDS = 120.0
"""For one call: each opens the database, and waits for whoever writes."""
MIB = 1024 * 1024
OLDEST = (1, 0, 4)
_BUSY = (
    "exclusive lock",
    "is locked",
    "lock wait",
    "timed out",
    "connection refused",
    "serialization failure",
)
_NONE = ("no issue", "not found", "no matching")


@dataclass(frozen=True)
class Beads:
    """Calls `bd` in a workspace, as `actor`; `env` is its whole environment beside a clean PATH."""

    folder: Path
    actor: str
    program: str = "bd"
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    run: Runner = run

    async def ask(self, form: type[T], *words: str, about: str, stdin: str | None = None) -> tuple[T, ...]:
        """What it answers to `words`.

        Raises NotFound, Unreachable (busy, or no usable answer), OutsideFailed (it refused), ProgramMissing.
        """
        return parsed(form, (await self._ran(words, about, stdin)).text, about)

    async def do(self, *words: str, about: str, stdin: str | None = None) -> None:
        """The same where nothing is read but that it was done."""
        await self._ran(words, about, stdin)

    async def version(self) -> Version:
        """Which program this is. Raises OutsideFailed for one that only bears its name, or is too old."""
        (found,) = await self.ask(Version, "version", about="its version") or (Version(),)
        if found.rust_version is not None:
            cure = f"{_INSTALL}; or, to use br, name it as br: tracker: {{program: br}} (docs/beads.md)"
            raise OutsideFailed(f"{self.program} is br {found.version}, and not bd", cure=cure)
        if found.parts < OLDEST:
            raise OutsideFailed(f"{self.program} is version {found.version or 'unknown'}", cure=_INSTALL)
        return found

    async def _ran(self, words: Sequence[str], about: str, stdin: str | None) -> Output:
        argv = [self.program, "--actor", self.actor, "--json", *words]
        env = {**CLEAN, "BD_JSON_ENVELOPE": "1", "BD_NON_INTERACTIVE": "1", "DO_NOT_TRACK": "1", **self.env}
        given = None if stdin is None else stdin.encode(errors="replace")
        try:
            ran = await self.run(argv, cwd=self.folder, env=env, timeout=SECONDS, cap=64 * MIB, stdin=given)
        except CommandFailed as late:
            raise Unreachable(f"bd, about {about}: {late}") from late
        if ran.code != 0:
            raise _refusal(complaint(ran.text, ran.stderr.decode(errors="replace")), about)
        if ran.is_cut:
            raise Unreachable(f"bd answered more about {about} than is read")
        return ran


def _refusal(said: str, about: str) -> OutsideFailed | NotFound:
    lower = said.lower()
    if any(word in lower for word in _BUSY):
        return Unreachable(f"bd cannot tell about {about} now: {said}")
    if any(word in lower for word in _NONE):
        return NotFound(about)
    return OutsideFailed(f"bd refused {about}: {said}")


_INSTALL = "install bd 1.3 or newer, and name it at tracker: program in orchestrate.yaml"
