"""A small HTTP server on loopback that answers as each test says."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.servers.loopback import on_loopback


@dataclass(frozen=True)
class Reply:
    """One answer; `delay` in seconds before it."""

    status: int = 200
    body: str = ""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay: float = 0.0


@dataclass(frozen=True)
class Heard:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str


Script = Callable[[Heard], Reply]


@contextmanager
def answering(script: Script) -> Generator[str]:
    """Answer every request with what `script` says; gives host:port."""

    class Handler(BaseHTTPRequestHandler):
        """Asks the script."""

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            reply = script(Heard(self.command, self.path, dict(self.headers.items()), body))
            time.sleep(reply.delay)
            try:
                self._send(reply)
            except OSError:
                self.close_connection = True

        def _send(self, reply: Reply) -> None:
            content = reply.body.encode()
            self.send_response(reply.status)
            self.send_header("content-type", reply.kind)
            self.send_header("content-length", str(len(content)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_HEAD = _any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is said."""

    with on_loopback(Handler) as url:
        yield url.removeprefix("http://")


def pages(replies: Mapping[str, Reply]) -> Script:
    """Answers by path; what is not there is a 404."""
    return lambda heard: replies.get(heard.path, Reply(404, '{"error": "not found"}'))
