"""The built-in proxy: a small reverse proxy with weights, in a process that outlives the worker."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

import tools
from orchestrate.errors import CommandFailed, PortTaken, Refused, Unreachable
from orchestrate.models.move import Weights
from orchestrate.models.sample import LATENCY_EDGES_MS, Counters
from tools.fetch import KIB, Ask, fetch
from tools.systems.detached import Detached, launched
from tools.systems.proxy_server.__main__ import PORT_TAKEN
from tools.systems.proxy_server.front import CLOSING_SECONDS
from tools.systems.whole import write_whole

MOST = 4 * KIB * KIB
M = TypeVar("M", bound=BaseModel)


class _Admin(BaseModel):
    """admin.json: how to reach the daemon."""

    pid: int
    port: int
    token: str


class _Table(BaseModel):
    """What the daemon says it does."""

    pid: int
    servers: dict[str, tuple[str, ...]]
    weights: dict[str, int]


class _Total(BaseModel):
    """What the daemon counted for a slot."""

    requests: int
    errors: int
    retries: int
    buckets: tuple[int, ...]


class _Numbers(BaseModel):
    """What the daemon counts."""

    slots: dict[str, _Total]
    open: dict[str, int]


class BuiltinProxy:
    """A router that needs nothing but Python; its state, settings and log are in `folder`."""

    def __init__(
        self,
        folder: Path,
        host: str = "127.0.0.1",
        port: int = 8080,
        *,
        connect_seconds: float = 2.0,
        total_seconds: float | None = None,
        admin_seconds: float = 10.0,
    ) -> None:
        self._folder, self._host, self._port = folder.absolute(), host, port
        self._connect_seconds, self._total_seconds = connect_seconds, total_seconds
        self._admin_seconds = admin_seconds
        self._daemon = Detached(self._folder)

    async def route(self, servers: Mapping[str, tuple[str, ...]], weights: Weights) -> None:
        """Raises PortTaken, Unreachable when the daemon hangs, CommandFailed when it does not start."""
        async with self._daemon.alone():
            if await self._ask("GET", "/table") is None:
                await self._start()
        table = json.dumps(
            {"servers": {slot: list(some) for slot, some in servers.items()}, "weights": weights}
        )
        if await self._ask("PUT", "/table", table) is None:
            raise Unreachable(f"the proxy on port {self._port} ended while its table was changed")

    async def weights(self) -> Weights:
        table = await self._told(_Table, "/table")
        return table.weights if table else {}

    async def open_requests(self, slot: str) -> int:
        numbers = await self._numbers()
        return numbers.open.get(slot, 0) if numbers else 0

    async def counters(self) -> dict[str, Counters]:
        """A slot's turn that no server of it took counts as an error, even when another slot answered.

        `extra["retries"]`: requests that another server of the slot took over; those are no errors.
        """
        numbers = await self._numbers()
        totals = numbers.slots if numbers else {}
        return {
            slot: Counters(
                requests=total.requests,
                errors=total.errors,
                buckets=total.buckets,
                extra={"retries": float(total.retries)},
            )
            for slot, total in totals.items()
        }

    async def stop(self) -> None:
        """Open requests get ten seconds to finish."""
        async with self._daemon.alone():
            await self._ask("GET", "/table")  # makes the daemon known again should its identity be lost
            await self._daemon.end(CLOSING_SECONDS + 2)

    def metrics(self) -> str | None:
        """Address of the Prometheus text, which needs no token; None before the first start.

        The port stays the same over restarts unless another program took it meanwhile.
        """
        admin = self._admin()
        return f"http://127.0.0.1:{admin.port}/metrics" if admin else None

    async def _start(self) -> None:
        write_whole(self._folder / "proxy.json", self._settings())
        argv = [sys.executable, "-P", "-m", "tools.systems.proxy_server", str(self._folder)]
        root = str(Path(tools.__file__ or "").parent.parent)
        code, said = await launched(argv, {"PYTHONPATH": root})
        if code == PORT_TAKEN:
            raise PortTaken(self._port)
        admin = self._admin()
        if code != 0 or admin is None:
            raise CommandFailed(argv, code, said)
        self._daemon.remember(admin.pid)

    def _settings(self) -> str:
        return json.dumps(
            {
                "host": self._host,
                "port": self._port,
                "edges_ms": LATENCY_EDGES_MS,
                "connect_seconds": self._connect_seconds,
                "total_seconds": self._total_seconds,
            }
        )

    async def _numbers(self) -> _Numbers | None:
        return await self._told(_Numbers, "/counters")

    async def _told(self, shape: type[M], path: str) -> M | None:
        """What the daemon tells; None when it is not running. Raises Unreachable when it tells nonsense."""
        text = await self._ask("GET", path)
        try:
            return shape.model_validate_json(text) if text is not None else None
        except ValidationError:
            return self._silence(Unreachable(f"{path} is answered with no such thing"))

    async def _ask(self, method: str, path: str, body: str | None = None) -> str | None:
        """The daemon's answer; None when it is not running. Knowing the token proves that it is ours.

        Raises Unreachable when it runs and does not answer, Refused when it does not take the table.
        """
        admin = self._admin()
        if admin is None:
            return None
        headers = {"Authorization": f"Bearer {admin.token}"}
        address = f"http://127.0.0.1:{admin.port}{path}"
        try:
            wanted = Ask(
                url=address, method=method, headers=headers, body=body, seconds=self._admin_seconds, cap=MOST
            )
            answer = await fetch(wanted)
        except Unreachable as failed:
            return self._silence(failed)
        if answer.status == 400:
            raise Refused(f"the proxy refused the table: {answer.text}")
        if answer.status != 200:
            return None  # another program has the port now
        if self._daemon.process() is None:
            self._daemon.remember(admin.pid)
        return answer.text

    def _silence(self, failed: Unreachable) -> None:
        process = self._daemon.process()
        if process is not None:
            raise Unreachable(
                f"the proxy (process {process.pid}) does not answer: {failed}",
                cure=f"look into {self._folder / 'proxy.log'}; kill {process.pid} to have it started again",
            ) from failed

    def _admin(self) -> _Admin | None:
        try:
            return _Admin.model_validate_json((self._folder / "admin.json").read_bytes())
        except (OSError, ValidationError):
            return None
