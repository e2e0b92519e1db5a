"""HAProxy's runtime API: commands over its socket, and its answers as facts."""

from __future__ import annotations

import asyncio
import csv
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO

from orchestrate.models.sample import LATENCY_EDGES_MS, Counters
from tools.systems.haproxy_config import ROOM, TURNS, Server

ANSWER_SECONDS = 5.0
ANSWER_BYTES = 4_194_304
STARTED_DISABLED = 4  # SRV_ADMF_CMAINT: only says what the configuration said, and stays for ever
BENIGN = re.compile(r"^(no need to change.*|.*changed from .* by 'stats socket command'.*)?$")

NONE = (0,) * (len(LATENCY_EDGES_MS) + 1)


class RuntimeApi:
    """Asks the HAProxy whose runtime socket is on a loopback port; `seconds` is for one answer.

    Every method raises OSError: no answer, none in time, one that is too long, or one that makes no sense.
    """

    def __init__(self, port: int, seconds: float = ANSWER_SECONDS) -> None:
        self._port, self._seconds = port, seconds

    async def ask(self, command: str) -> str:
        """What HAProxy says to one line of commands."""
        async with asyncio.timeout(self._seconds):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                writer.write(command.encode() + b"\n")
                await writer.drain()
                return (await _whole(reader)).decode(errors="replace")
            finally:
                writer.close()

    async def tell(self, commands: Iterable[str]) -> tuple[str, ...]:
        """Give commands that change something, in order: the complaints, if any."""
        line = ";".join(commands)
        if not line:
            return ()
        said = (await self.ask(line)).splitlines()
        return tuple(each.strip() for each in said if not BENIGN.match(each.strip().lower()))

    async def info(self) -> dict[str, str]:
        lines = (await self.ask("show info")).splitlines()
        return {key: value.strip() for key, colon, value in (line.partition(":") for line in lines) if colon}

    async def servers(self) -> tuple[Server, ...]:
        """All servers of all places."""
        rows, told = await self._rows(), await self.ask("show servers state")
        with _making_sense():
            open_now = {(row["pxname"], row["svname"]): int(row["scur"]) for row in rows}
            return tuple(_servers(told, open_now))

    async def counted(self) -> dict[int, Counters]:
        """Place → totals since the start."""
        rows, told = await self._rows(), await self.ask("show table latencies")
        with _making_sense():
            found = {int(row["pxname"][1:]): _counters(row) for row in rows if _is_place(row)}
            latencies = _latencies(told)
        if latencies is None:
            return found
        return {
            place: counters.model_copy(update={"buckets": latencies.get(place, NONE)})
            for place, counters in found.items()
        }

    async def open(self) -> dict[int, int]:
        """Place → open requests."""
        rows = await self._rows()
        with _making_sense():
            return {int(row["pxname"][1:]): int(row["scur"]) for row in rows if _is_place(row)}

    async def map_id(self) -> str:
        """How the map of turns is called in commands."""
        found = re.search(rf"^(\d+) \({re.escape(TURNS)}\)", await self.ask("show map"), re.MULTILINE)
        if found is None:
            raise OSError("HAProxy tells of no map of turns")
        return f"#{found.group(1)}"

    async def cycle(self) -> dict[int, int]:
        """Turn → place, as it is in force."""
        lines = (await self.ask(f"show map {await self.map_id()}")).splitlines()
        words = [line.split() for line in lines if line.strip()]
        with _making_sense():
            return {int(turn): int(place[1:]) for _, turn, place in words}

    async def new_version(self) -> str:
        """A fresh, empty version of the map, to be filled and then committed."""
        said = await self.ask(f"prepare map {await self.map_id()}")
        found = re.search(r"New version created: (\d+)", said)
        if found is None:
            raise OSError(f"HAProxy prepares no map: {said.strip()}")
        return found.group(1)

    async def _rows(self) -> list[dict[str, str]]:
        told = await self.ask("show stat")
        with _making_sense():
            rows = list(csv.DictReader(StringIO(told.removeprefix("# "))))
            if not any(row["svname"] == "FRONTEND" for row in rows):
                raise ValueError("there is no front")
            return rows


async def _whole(reader: asyncio.StreamReader) -> bytes:
    """Everything up to the end, if that is not too much. Raises OSError."""
    found = bytearray()
    while piece := await reader.read(65_536):
        found += piece
        if len(found) > ANSWER_BYTES:
            raise OSError(f"HAProxy's answer is longer than {ANSWER_BYTES} bytes")
    if bytes(found) != b"\n" and not found.endswith(b"\n\n"):  # every answer ends with an empty line
        raise OSError("HAProxy's answer was cut")
    return bytes(found)


@contextmanager
def _making_sense() -> Generator[None]:
    """Turns what cannot be read into OSError."""
    try:
        yield
    except (LookupError, ValueError, TypeError, AttributeError, csv.Error) as nonsense:
        raise OSError(f"HAProxy's answer makes no sense: {nonsense!r}") from nonsense


def _is_place(row: dict[str, str]) -> bool:
    return row["svname"] == "BACKEND" and re.fullmatch(r"p\d+", row["pxname"]) is not None


def _counters(row: dict[str, str]) -> Counters:
    """`hrsp_5xx` holds HAProxy's own 502 and 503 too; `srv_abrt` are answers that were cut half-way."""
    retries = _number(row, "wretr") + _number(row, "wredis")
    errors = _number(row, "hrsp_5xx") + _number(row, "srv_abrt")
    return Counters(requests=_number(row, "req_tot"), errors=errors, extra={"retries": float(retries)})


def _number(row: Mapping[str, str | None], name: str) -> int:
    """A count, where an empty field is none; one that was cut off is no count. Raises ValueError."""
    text = row[name]
    if text is None:
        raise ValueError(f"a line ends before {name}")
    return int(text or 0)


def _latencies(told: str) -> dict[int, tuple[int, ...]] | None:
    """Place → answers by bucket; None from a HAProxy that was started without the table."""
    if not told.startswith("# table: latencies"):
        return None
    counts: dict[int, list[int]] = {}
    for key, count in re.findall(r"key=(\d+) .*gpc0=(\d+)", told):
        place, bucket = divmod(int(key), ROOM)
        counts.setdefault(place, list(NONE))[bucket] = int(count)
    return {place: tuple(found) for place, found in counts.items()}


def _servers(text: str, open_now: dict[tuple[str, str], int]) -> Iterator[Server]:
    rows = [line.split() for line in text.splitlines()]
    names = next((row[1:] for row in rows if row and row[0] == "#"), None)
    if names is None:
        raise ValueError("it has no head")
    for row in rows:
        told = dict(zip(names, row, strict=False))
        place = told.get("be_name", "")
        if re.fullmatch(r"p\d+", place):
            yield Server(
                place=int(place[1:]),
                number=int(told["srv_name"][1:]),
                address=_joined(told["srv_addr"], told["srv_port"]),
                is_ready=int(told["srv_admin_state"]) & ~STARTED_DISABLED == 0,
                open=open_now.get((place, told["srv_name"]), 0),
            )


def _joined(host: str, port: str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
