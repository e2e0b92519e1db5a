"""CASS memory: learnings are rules of the playbook of `cm`, where programs that write code read them, too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrate.errors import CommandFailed, OutsideFailed, Unreachable
from orchestrate.models.learning import Learning, Topic
from orchestrate.outside import line
from tools.commands import CLEAN, Runner, run
from tools.remembering import about, newest_first

T = TypeVar("T", bound=BaseModel)

SECONDS = 20.0
MOST_FILES = 40
"""Files that stand in one rule; programs read it as a sentence."""

CATEGORY = "deployment"
_OURS = re.compile(r"(?P<text>.*) \[orchestrate (?P<facts>\{.*\})\]", re.DOTALL)


class _Loose(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Bullet(_Loose):
    id: str = ""
    content: str
    deprecated: bool = False


class _Bullets(_Loose):
    bullets: tuple[_Bullet, ...]


class _Added(_Loose):
    bullet: _Bullet


class _Forgotten(_Loose):
    action: str


class _Problem(_Loose):
    message: str = ""
    code: str = ""


class _Envelope(_Loose):
    """What `cm` 0.2 writes on its standard output, also where it refuses."""

    success: bool
    data: dict[str, object] = {}
    error: _Problem | None = None
    metadata: dict[str, object] = {}


@dataclass(frozen=True)
class CmMemory:
    """Memory in `cm`; `env` is its whole environment beside a clean PATH (its files lie below HOME)."""

    folder: Path
    program: str = "cm"
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    run: Runner = run

    async def known(self, learning: Learning) -> bool:
        return any(one.key == learning.key for one in await self._kept())

    async def remember(self, learning: Learning) -> None:
        words = ("playbook", "add", rule(learning), "--category", CATEGORY)
        _read(_Added, await self._asked(words))

    async def recall(self, topic: Topic) -> tuple[Learning, ...]:
        return about(topic, await self._kept())

    async def all(self) -> tuple[Learning, ...]:
        return newest_first(await self._kept())

    async def forget(self, key: str, reason: str) -> None:
        """`cm` keeps it as deprecated, and in its log of what is blocked."""
        for one in await self._rules():
            found = learning_in(one.content)
            if found is not None and found.key == key:
                _read(_Forgotten, await self._asked(("forget", one.id, f"--reason={line(reason, 300)}")))

    async def version(self) -> str:
        """Which `cm` answers. Raises OutsideFailed where none does."""
        _, envelope = await self._asked(("playbook", "list"))
        return str(envelope.metadata.get("version", "unknown"))

    async def _kept(self) -> list[Learning]:
        """Our own rules, once each; what others wrote into the playbook is for those who write code."""
        ours = (learning_in(one.content) for one in await self._rules())
        return [*{one.key: one for one in ours if one is not None}.values()]

    async def _rules(self) -> list[_Bullet]:
        found = _read(_Bullets, await self._asked(("playbook", "list"))).bullets
        return [one for one in found if not one.deprecated]

    async def _asked(self, words: Sequence[str]) -> tuple[str, _Envelope]:
        """Raises Unreachable (late, or no usable answer), OutsideFailed (it refused), ProgramMissing."""
        argv = [self.program, *words, "--json"]
        what = f"cm {' '.join(words[:2])}"
        try:
            got = await self.run(
                argv, cwd=self.folder, env={**CLEAN, **self.env}, timeout=SECONDS, cap=8 * 1024 * 1024
            )
        except CommandFailed as late:
            raise Unreachable(f"{what}: {late}") from late
        try:
            envelope = _Envelope.model_validate_json(got.stdout)
        except ValidationError as odd:
            said = got.complaint or "no JSON"
            raise Unreachable(f"{what} gave no usable answer (code {got.code}): {said}") from odd
        if not envelope.success:
            problem = envelope.error or _Problem()
            raise OutsideFailed(
                f"{what} was refused: {problem.message or problem.code or 'it does not say why'}"
            )
        return what, envelope


def _read(form: type[T], asked: tuple[str, _Envelope]) -> T:
    what, envelope = asked
    try:
        return form.model_validate(envelope.data)
    except ValidationError as odd:
        raise Unreachable(f"{what} gave another answer than is known: {odd.errors()[0]['msg']}") from odd


def rule(learning: Learning) -> str:
    """The learning as people and programs read it, and as it is found again."""
    few = learning.model_copy(update={"files": learning.files[:MOST_FILES]})
    facts = few.model_dump_json(exclude={"text"})
    return f"{learning.service} in {learning.environment}: {learning.text} [orchestrate {facts}]"


def learning_in(content: str) -> Learning | None:
    """The learning in a rule of ours, or None."""
    found = _OURS.fullmatch(content)
    if found is None:
        return None
    try:
        facts = Learning.model_validate_json(f'{{"text": "", {found["facts"][1:]}')
    except ValidationError:
        return None
    text = found["text"].removeprefix(f"{facts.service} in {facts.environment}: ")
    return facts.model_copy(update={"text": text})
