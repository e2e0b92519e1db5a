"""MCP Agent Mail: programs that write code see which files a deployment is about, and it sees theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from orchestrate.errors import AccessDenied, OutsideFailed, Unreachable
from orchestrate.models.learning import Held, Reservation, Reserved, covers
from orchestrate.models.secret import Secret
from tools.fetch import Ask, fetch

T = TypeVar("T", bound=BaseModel)

SECONDS = 10.0
LEAST = 60
"""Seconds; it takes no shorter reservation."""
OURS = "orchestrate "
"""How the reason of each reservation of ours begins: whichever worker made it, it is no stranger's."""


class _Loose(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Agent(_Loose):
    name: str
    registration_token: str | None = None


class _Holder(_Loose):
    agent: str
    path_pattern: str = ""
    exclusive: bool = False
    reason: str = ""
    expires_ts: datetime | None = None

    @property
    def until(self) -> float | None:
        """Epoch seconds."""
        return self.expires_ts.timestamp() if self.expires_ts else None

    def of(self, path: str) -> Held:
        """What it holds of one file; a deployment of ours lets others work beside it."""
        is_theirs = not self.reason.startswith(OURS)
        return Held(
            path=path,
            by=self.agent,
            reason=self.reason,
            until=self.until,
            exclusive=self.exclusive and is_theirs,
        )


class _Conflict(_Loose):
    path: str
    holders: tuple[_Holder, ...] = ()


class _Taken(_Loose):
    conflicts: tuple[_Conflict, ...] = ()


class _Listed(RootModel[tuple[_Holder, ...]]):
    pass


class _Given(_Loose):
    released: int = 0


class _Project(_Loose):
    slug: str = ""


class _Text(_Loose):
    text: str = ""


class _Result(_Loose):
    structured: dict[str, object] | None = Field(default=None, alias="structuredContent")
    content: tuple[_Text, ...] = ()
    contents: tuple[_Text, ...] = ()  # of a resource
    failed: bool = Field(default=False, alias="isError")


class _Fault(_Loose):
    message: str = ""


class _Reply(_Loose):
    result: _Result | None = None
    error: _Fault | None = None


_TOLD: Mapping[str, object] = {"exclusive": False}
"""Of whom nothing more is known: it may be ours."""


@dataclass
class AgentMail:
    """Reservations at an Agent Mail server. Each deployment is an agent of its own, under a name it is given.

    What a worker that is gone reserved ends by its time: the name's token is kept nowhere.
    """

    url: str  # of its MCP endpoint, such as http://127.0.0.1:8765/api/
    project: str  # an absolute folder, by which agents mean the same files
    token: Callable[[], Secret] | None = None
    clock: Callable[[], float] = lambda: datetime.now().timestamp()
    _agents: dict[str, _Agent] = field(default_factory=dict[str, _Agent], init=False)
    _ids: count[int] = field(default_factory=lambda: count(1), init=False)

    async def reserve(self, wanted: Reservation) -> Reserved:
        """It grants whatever is asked; what others hold at this time stands beside it."""
        agent = await self._agent(wanted.holder)
        await self._call(_Given, "release_file_reservations", self._as(agent))
        seconds = max(LEAST, int(wanted.until - self.clock()))
        asked = {
            **self._as(agent),
            "paths": [*wanted.files],
            "ttl_seconds": seconds,
            "exclusive": True,
            "reason": f"{_reason(wanted.holder)}{wanted.reason}",
        }
        taken = await self._call(_Taken, "file_reservation_paths", asked)
        known = await self._described(taken)
        found = [
            (one.path, known.get((who.agent, who.path_pattern), who.model_copy(update=_TOLD)))
            for one in taken.conflicts
            for who in one.holders
        ]
        return Reserved(
            given=wanted, held=tuple(who.of(path) for path, who in found if self._is_other(who, wanted))
        )

    async def others(self, wanted: Reservation) -> tuple[Held, ...]:
        """As it lists them: by their patterns, and without what ended by its time."""
        now = self.clock()
        return tuple(
            one.of(path)
            for one in await self._listed()
            for path in wanted.files
            if self._is_other(one, wanted)
            and (one.until is None or one.until > now)
            and covers(one.path_pattern, path)
        )

    def _is_other(self, who: _Holder, wanted: Reservation) -> bool:
        """Whether it is neither the deployment's agent, nor the one of a worker that drove it before."""
        agent = self._agents.get(wanted.holder)
        is_agent = agent is not None and who.agent == agent.name
        return not is_agent and not who.reason.startswith(_reason(wanted.holder))

    async def release(self, given: Reservation) -> None:
        agent = self._agents.get(given.holder)
        if agent is not None:
            await self._call(_Given, "release_file_reservations", self._as(agent))

    async def look(self) -> str:
        """The project as the server calls it. Raises Unreachable, AccessDenied, OutsideFailed."""
        return (await self._call(_Project, "ensure_project", {"human_key": self.project})).slug

    async def _described(self, taken: _Taken) -> Mapping[tuple[str, str], _Holder]:
        """What is reserved, by agent and pattern; nothing where it does not list them: that is only told."""
        if not taken.conflicts:
            return {}
        try:
            return {(one.agent, one.path_pattern): one for one in await self._listed()}
        except OutsideFailed:
            return {}

    async def _listed(self) -> tuple[_Holder, ...]:
        asked = {"uri": f"resource://file_reservations/{await self.look()}"}
        return (await self._ask(_Listed, "resources/read", asked, "the reservations")).root

    async def _agent(self, holder: str) -> _Agent:
        known = self._agents.get(holder)
        if known is not None:
            return known
        await self.look()
        asked = {
            "project_key": self.project,
            "program": "orchestrate",
            "model": "none",
            "task_description": f"deployment {holder}",
        }
        self._agents[holder] = await self._call(_Agent, "register_agent", asked)
        return self._agents[holder]

    def _as(self, agent: _Agent) -> dict[str, object]:
        proof = {"registration_token": agent.registration_token} if agent.registration_token else {}
        return {"project_key": self.project, "agent_name": agent.name, **proof}

    async def _call(self, form: type[T], tool: str, arguments: Mapping[str, object]) -> T:
        """What a tool answers. Raises Unreachable, AccessDenied, OutsideFailed (it refused)."""
        return await self._ask(form, "tools/call", {"name": tool, "arguments": arguments}, tool)

    async def _ask(self, form: type[T], method: str, params: Mapping[str, object], about: str) -> T:
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token().reveal()}"
        ask = Ask(
            url=self.url, method="POST", headers=headers, body=json.dumps(body), seconds=SECONDS, cap=1 << 20
        )
        answer = await fetch(ask)
        if answer.status in (401, 403):
            raise AccessDenied(f"Agent Mail says {answer.status}", cure="see reservations: token")
        if answer.status != 200:
            raise Unreachable(f"Agent Mail says {answer.status}")
        return _read(form, about, answer.text)


def _read(form: type[T], tool: str, text: str) -> T:
    try:
        reply = _Reply.model_validate_json(_message(text))
        if reply.error is not None or reply.result is None:
            said = reply.error.message if reply.error else "nothing"
            raise OutsideFailed(f"Agent Mail refused {tool}: {said[:200]}")
        said = " ".join(one.text for one in (*reply.result.content, *reply.result.contents))
        if reply.result.failed:
            raise OutsideFailed(f"Agent Mail refused {tool}: {said[:200]}")
        data = reply.result.structured
        return form.model_validate(data) if data is not None else form.model_validate_json(said)
    except ValidationError as odd:
        raise Unreachable(f"Agent Mail gave another answer to {tool} than is known") from odd


def _reason(holder: str) -> str:
    return f"{OURS}{holder}: "


def _message(text: str) -> str:
    """The message itself, also where it comes as an event stream."""
    if text.lstrip().startswith("{"):
        return text
    lines = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")]
    return lines[-1] if lines else ""
