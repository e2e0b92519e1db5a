"""Engine: the Docker engine's HTTP interface on its unix socket, in our words and errors."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar, cast

import httpx
from pydantic import TypeAdapter, ValidationError

from orchestrate.errors import AccessDenied, OutsideFailed, Unreachable

SECONDS = 60.0  # for an answer; what takes longer says so
MOST = 8 * 1024 * 1024  # bytes of one answer
CURE = "start the Docker engine (docker info), and let the worker's user write to its socket"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # a socket needs none, and httpx reads all authorities else
Query = Mapping[str, str]
Facts = dict[str, object]
FACTS, LISTED = TypeAdapter(Facts), TypeAdapter(list[Facts])
T = TypeVar("T")


class TooMuch(OutsideFailed):
    """An answer is longer than anybody reads."""


@dataclass(frozen=True)
class Answer:
    """What the engine said."""

    status: int
    body: bytes

    @property
    def message(self) -> str:
        """Its own words for what went wrong."""
        try:
            said = json.loads(self.body)["message"]
        except (ValueError, KeyError, TypeError):
            said = self.body[:500].decode("utf-8", "replace")
        return str(said).strip()

    @property
    def is_good(self) -> bool:
        return self.status < 300 or self.status == 304

    def facts(self) -> Facts:
        """The object that it says. Raises Unreachable where it is none, as of an answer that was cut off."""
        return self._told(FACTS)

    def listed(self) -> list[Facts]:
        """The objects that it lists. Raises Unreachable."""
        return self._told(LISTED)

    def text(self, *way: str) -> str:
        """What stands at `way` in the object that it says. Raises Unreachable."""
        found = at(self.facts(), *way)
        if not isinstance(found, str):
            raise Unreachable(f"the Docker engine did not say {'.'.join(way)}")
        return found

    def _told(self, form: TypeAdapter[T]) -> T:
        try:
            return form.validate_json(self.body)
        except ValidationError:
            said = self.body[:100].decode("utf-8", "replace") or "nothing"
            raise Unreachable(
                f"the Docker engine answered {self.status} with something else: {said}"
            ) from None


class Engine:
    """Asks one engine; a program that is asked for nothing holds no connection."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    async def ask(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Answer:
        """One answer, whatever its status. Raises Unreachable, AccessDenied, OutsideFailed (it is broken)."""
        sent = None if body is None else json.dumps(body).encode()
        async with self._asked(method, path, query, sent, headers, seconds) as answer:
            found = await _read(answer)
        if answer.status_code >= 500 and not found:
            raise OutsideFailed(f"the Docker engine answered {answer.status_code} to {method} {path}")
        return Answer(answer.status_code, found)

    async def lines(
        self,
        path: str,
        query: Query,
        body: AsyncIterable[bytes] | None,
        headers: Mapping[str, str],
        seconds: float,
    ) -> AsyncGenerator[bytes]:
        """POST, and what comes back line by line as it is said. Raises what `ask` raises, TimeoutError."""
        async with (
            asyncio.timeout(seconds),
            self._asked("POST", path, query, body, headers, seconds) as answer,
        ):
            if answer.status_code >= 300:
                said = Answer(answer.status_code, await _read(answer)).message
                raise OutsideFailed(f"the Docker engine refused: {said}")
            async for line in answer.aiter_lines():
                yield line.encode()

    @asynccontextmanager
    async def _asked(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: bytes | AsyncIterable[bytes] | None,
        headers: Mapping[str, str] | None,
        seconds: float,
    ) -> AsyncGenerator[httpx.Response]:
        given = {"Content-Type": "application/json", **(headers or {})}
        transport = httpx.AsyncHTTPTransport(uds=self._socket, verify=NO_TLS)
        try:
            async with (
                httpx.AsyncClient(transport=transport, timeout=seconds, trust_env=False) as client,
                client.stream(
                    method, f"http://engine{path}", params=query, content=body, headers=given
                ) as answer,
            ):
                yield answer
        except httpx.TimeoutException as late:
            raise Unreachable(
                f"the Docker engine did not answer {method} {path} in {seconds:.0f} s"
            ) from late
        except httpx.TransportError as gone:
            raise self._gone(gone) from gone

    def _gone(self, problem: httpx.TransportError) -> OutsideFailed:
        if "Permission denied" in str(problem):
            return AccessDenied(f"the Docker engine at {self._socket} does not let us in", cure=CURE)
        return Unreachable(f"no Docker engine answers at {self._socket}: {problem}", cure=CURE)


def at(found: object, *way: str) -> object:
    """What stands at `way` in `found`; None where something on it is missing."""
    for word in way:
        found = cast("Facts", found).get(word) if isinstance(found, dict) else None
    return found


async def _read(answer: httpx.Response) -> bytes:
    found = bytearray()
    async for piece in answer.aiter_bytes():
        found += piece
        if len(found) > MOST:
            raise TooMuch("the Docker engine answered more than 8 MiB")
    return bytes(found)
