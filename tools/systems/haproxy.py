"""HAProxy: the router for production, told by its runtime API and never reloaded."""

from __future__ import annotations

import errno
import shutil
import socket
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from orchestrate.errors import CommandFailed, PortTaken, ProgramMissing, Refused, Unreachable
from orchestrate.models.move import Weights
from orchestrate.models.sample import Counters
from tools.systems.detached import Detached, launched
from tools.systems.haproxy_config import (
    PLACES,
    SERVERS,
    SYSTEM_PLACES,
    Book,
    Server,
    closing,
    config,
    latencies_map,
    opening,
    turning,
    turns_map,
)
from tools.systems.haproxy_runtime import ANSWER_SECONDS, RuntimeApi
from tools.systems.whole import write_whole

CURE = "install it (apt-get install haproxy, brew install haproxy), or set traffic: builtin"
STOP_SECONDS = 5.0


def installed(program: str = "haproxy") -> str | None:
    """Where the program is, also where an ordinary user's PATH does not lead."""
    return shutil.which(program) or shutil.which(program, path=SYSTEM_PLACES)


class HAProxy:
    """A router in a HAProxy of its own; its state, configuration and pid are in `folder`."""

    def __init__(
        self,
        folder: Path,
        host: str = "127.0.0.1",
        port: int = 8080,
        *,
        program: str = "haproxy",
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._folder, self._host, self._port, self._program = folder.absolute(), host, port, program
        self._answer_seconds = answer_seconds
        self._daemon = Detached(self._folder)

    async def route(self, servers: Mapping[str, tuple[str, ...]], weights: Weights) -> None:
        """Raises PortTaken, ProgramMissing, Refused (too many slots or instances), Unreachable."""
        async with self._daemon.alone():
            book = self._book()
            api = await self._api(book) if book else None
            if book is None or api is None:
                await self._start(_written(_fresh_book(), servers, weights))
            else:
                await self._change(api, await self._with_room(api, book, servers, weights))

    async def weights(self) -> Weights:
        book = self._book()
        api = await self._api(book) if book else None
        if book is None or api is None:
            return {}
        try:
            cycle = await api.cycle()
        except OSError as failed:
            raise self._unreachable(failed) from failed
        if cycle == book.cycle():
            return book.weights
        turns = Counter(cycle.values())
        in_force = {slot: turns[place] for slot, place in book.places.items()}
        return {slot: share for slot, share in in_force.items() if share or slot in book.weights}

    async def open_requests(self, slot: str) -> int:
        book = self._book()
        api = await self._api(book) if book else None
        if book is None or api is None or slot not in book.places:
            return 0
        try:
            return (await api.open()).get(book.places[slot], 0)
        except OSError as failed:
            raise self._unreachable(failed) from failed

    async def counters(self) -> dict[str, Counters]:
        """`buckets` are of times to the first byte; `extra["retries"]` were saved by another attempt."""
        book = self._book()
        api = await self._api(book) if book else None
        if book is None or api is None:
            return {}
        try:
            counted = await api.counted()
            return {
                slot: _since(counted[place], book.before.get(slot)) for slot, place in book.places.items()
            }
        except (OSError, LookupError) as failed:
            raise self._unreachable(failed) from failed

    async def stop(self) -> None:
        """Open requests are cut: nothing should be routed any more when a router is stopped."""
        async with self._daemon.alone():
            book = self._book()
            if book is not None:
                await self._api(book)  # makes the process known again should its identity be lost
            await self._daemon.end(STOP_SECONDS)

    async def _start(self, book: Book) -> None:
        argv = [self._found(), "-D", "-C", str(self._folder), "-f", "haproxy.cfg", "-p", "haproxy.pid"]
        if _is_taken(self._host, self._port):
            raise PortTaken(self._port)
        write_whole(self._file("map"), turns_map(book.cycle()))
        write_whole(self._file("latencies"), latencies_map())
        write_whole(self._file("cfg"), config(book, self._host, self._port))
        write_whole(self._file("json"), book.model_dump_json())
        code, said = await launched(argv, {})
        if code != 0 and f":{self._port}]" in said and "cannot bind" in said:
            raise PortTaken(self._port)
        if code != 0:
            raise CommandFailed(argv, code, said)
        self._daemon.remember(int(self._file("pid").read_text()))

    async def _change(self, api: RuntimeApi, book: Book) -> None:
        """New servers first, then all shares at once, then no more requests to servers nobody wants."""
        write_whole(self._file("json"), book.model_dump_json())
        cycle = book.cycle()
        try:
            said = await api.tell(opening(book, await api.servers()))
            if await api.cycle() != cycle:
                said += await api.tell(turning(cycle, await api.map_id(), await api.new_version()))
            said += await api.tell(closing(book, await api.servers()))
            shown = _shows(book, await api.servers()) and await api.cycle() == cycle
        except OSError as failed:
            raise self._unreachable(failed) from failed
        if not shown:
            raise Unreachable(f"HAProxy on port {self._port} did not take the table: {' '.join(said)}")

    async def _api(self, book: Book) -> RuntimeApi | None:
        """The runtime API of our HAProxy; None when it is not running. Its name proves that it is ours.

        Raises Unreachable when it runs and does not answer.
        """
        api = RuntimeApi(book.runtime_port, self._answer_seconds)
        try:
            info = await api.info()
        except OSError as failed:
            if self._daemon.process() is not None:
                raise self._unreachable(failed) from failed
            return None
        if info.get("description") != book.name:
            if self._daemon.process() is not None:
                raise self._unreachable(OSError("it answers with another name than it was given"))
            return None
        if self._daemon.process() is None:
            self._daemon.remember(_pid(info))
        return api

    async def _with_room(
        self, api: RuntimeApi, book: Book, servers: Mapping[str, tuple[str, ...]], weights: Weights
    ) -> Book:
        try:
            return await _with_room(api, book, servers, weights)
        except (OSError, LookupError) as failed:
            raise self._unreachable(failed) from failed

    def _book(self) -> Book | None:
        try:
            return Book.model_validate_json(self._file("json").read_bytes())
        except (OSError, ValidationError):
            return None

    def _found(self) -> str:
        found = installed(self._program)
        if found is None:
            raise ProgramMissing(self._program, CURE)
        return found

    def _file(self, kind: str) -> Path:
        return self._folder / f"haproxy.{kind}"

    def _unreachable(self, failed: OSError | LookupError) -> Unreachable:
        return Unreachable(
            f"HAProxy on port {self._port} does not answer on its runtime port: {failed!r}",
            cure=f"see {self._file('pid')} for its process; end it to have it started again",
        )


def _pid(info: Mapping[str, str]) -> int:
    """Raises Unreachable when HAProxy does not tell it."""
    told = info.get("Pid", "")
    if not told.isdecimal():
        raise Unreachable("HAProxy does not tell its process id")
    return int(told)


def _fresh_book() -> Book:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return Book(name=f"orchestrate-{uuid.uuid4().hex}", runtime_port=free.getsockname()[1])


def _written(book: Book, servers: Mapping[str, tuple[str, ...]], weights: Weights) -> Book:
    """The book with a table in it; slots keep their places, new ones get free ones. Raises Refused."""
    places = dict(book.places)
    for slot in [*servers, *weights]:
        if slot not in places:
            free = [place for place in range(PLACES) if place not in places.values()]
            if not free:
                raise Refused(f"this router has room for {PLACES} slots at a time, {slot!r} is one too many")
            places[slot] = free[0]
    crowded = next((slot for slot, addresses in servers.items() if len(addresses) > SERVERS), None)
    if crowded is not None:
        raise Refused(f"this router has room for {SERVERS} instances of {crowded!r}")
    table = {"places": places, "servers": dict(servers), "weights": dict(weights)}
    return book.model_copy(update=table)


async def _with_room(
    api: RuntimeApi, book: Book, servers: Mapping[str, tuple[str, ...]], weights: Weights
) -> Book:
    """The book with the new table; when places run out, slots that are long gone make room."""
    wanted = {*servers, *weights}
    missing = len(wanted - set(book.places)) - (PLACES - len(book.places))
    if missing > 0:
        open_now, counted = await api.open(), await api.counted()
        gone = [slot for slot, place in book.places.items() if slot not in wanted and not open_now[place]]
        freed = {slot: book.places[slot] for slot in gone[:missing]}
        kept = {slot: place for slot, place in book.places.items() if slot not in freed}
        new = _written(book.model_copy(update={"places": kept}), servers, weights)
        before = {slot: counted[place] for slot, place in new.places.items() if slot not in kept}
        return new.model_copy(update={"before": book.before | before})
    return _written(book, servers, weights)


def _since(now: Counters, before: Counters | None) -> Counters:
    if before is None:
        return now
    retries = now.extra["retries"] - before.extra["retries"]
    return Counters(
        requests=now.requests - before.requests,
        errors=now.errors - before.errors,
        buckets=_less(now.buckets, before.buckets),
        extra={"retries": retries},
    )


def _less(now: tuple[int, ...] | None, before: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if now is None or before is None:
        return now
    return tuple(new - old for new, old in zip(now, before, strict=True))


def _shows(book: Book, now: tuple[Server, ...]) -> bool:
    ready = {(server.place, server.address) for server in now if server.is_ready}
    wanted = {(book.places[slot], one) for slot, addresses in book.servers.items() for one in addresses}
    return ready == wanted


def _is_taken(host: str, port: int) -> bool:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as refused:
        return refused.errno == errno.EADDRINUSE
    return False
