"""Between: a port of this machine that leads to the API server, and can hold a patch on its way."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx

from tests.servers.kubernetes.cluster import Cluster
from tests.servers.loopback import on_loopback

PATIENCE = 60.0
PASSED = ("accept", "content-type", "user-agent")


class Moment(StrEnum):
    """Where a patch is held."""

    NOWHERE = "nowhere"
    THERE = "on its way to the API server"
    BACK = "done, and its answer on its way back"


@dataclass
class Held:
    """A patch on its way, until somebody decides what becomes of it."""

    is_lost: bool = False
    _decided: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        self._decided.wait(PATIENCE)

    def go_on(self) -> None:
        self._decided.set()

    def get_lost(self) -> None:
        """Whoever sent it hears nothing any more; so does the API server, if it was on its way there."""
        self.is_lost = True
        self._decided.set()


@dataclass
class Between:
    """What passes: patches that change something, and what the API server said of each."""

    cluster: Cluster
    url: str = ""
    holds: Moment = Moment.NOWHERE
    held: list[Held] = field(default_factory=list[Held])
    answers: list[int] = field(default_factory=list[int])

    def kubeconfig(self, folder: Path) -> Path:
        """Plain HTTP, over which kubectl shows no token: the administrator's is added here."""
        file = folder / "between.kubeconfig"
        told = json.loads(self.cluster.kubeconfig().read_text())
        told["clusters"][0]["cluster"] = {"server": self.url}
        file.write_text(json.dumps(told))
        file.chmod(0o600)
        return file

    def hold(self, moment: Moment) -> bool:
        """Hold what is at this moment, if such are held; whether it was lost."""
        if self.holds is not moment:
            return False
        one = Held()
        self.held.append(one)
        one.wait()
        return one.is_lost


@contextmanager
def between(cluster: Cluster) -> Generator[Between]:
    """A way to the API server, until the end."""
    made = Between(cluster)
    with cluster.client() as client, on_loopback(_handler(made, client)) as made.url:
        try:
            yield made
        finally:
            for one in made.held:
                one.get_lost()


class _Passing(BaseHTTPRequestHandler):
    way: Between
    client: httpx.Client

    def do_GET(self) -> None:
        self._answer(self._asked())

    def do_PATCH(self) -> None:
        if "dryRun" in self.path:
            self._answer(self._asked())
            return
        if self.way.hold(Moment.THERE):
            return
        found = self._asked()
        self.way.answers.append(found.status_code)
        if not self.way.hold(Moment.BACK):
            self._answer(found)

    def _asked(self) -> httpx.Response:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: self.headers[name] for name in PASSED if name in self.headers}
        return self.client.request(self.command, self.path, content=body, headers=headers)

    def _answer(self, found: httpx.Response) -> None:
        self.send_response(found.status_code)
        self.send_header("content-type", found.headers.get("content-type", ""))
        self.send_header("content-length", str(len(found.content)))
        self.end_headers()
        self.wfile.write(found.content)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def _handler(between: Between, api: httpx.Client) -> type[BaseHTTPRequestHandler]:
    class Handler(_Passing):
        way, client = between, api

    return Handler
