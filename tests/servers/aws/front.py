"""The front of the account: moto behind one port, what was asked of it, and troubles that a test orders."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, cast
from urllib.parse import parse_qs

Environ = dict[str, object]
LOOKS = ("Describe", "List", "Get")
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class _Server(Protocol):
    server_port: int

    def serve_forever(self) -> None: ...
    def shutdown(self) -> None: ...
    def server_close(self) -> None: ...


@dataclass(frozen=True)
class Trouble:
    """What is answered instead: `made`, and the request was carried out all the same."""

    code: str
    status: int = 400
    is_made: bool = False
    then: Callable[[], None] = lambda: None  # what happens in the meantime


@dataclass(frozen=True)
class Told:
    """An answer as it was given once."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Front:
    """A port on loopback; `troubles` are for operations by their names, each for the next one of its kind."""

    troubles: dict[str, list[Trouble]] = field(default_factory=dict[str, list[Trouble]])
    every: dict[str, Trouble] = field(default_factory=dict[str, Trouble])  # each time
    asked: list[str] = field(default_factory=list[str])
    after: dict[str, Callable[[], None]] = field(default_factory=dict[str, Callable[[], None]])
    lag: int = 0  # how often a thing is shown as it was, after something was written
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _shown: dict[str, Told] = field(default_factory=dict[str, Told])
    _old: dict[str, list[Told]] = field(default_factory=dict[str, list[Told]])

    def open(self) -> None:
        from moto.moto_api._internal.models import moto_api_backend  # pyright: ignore
        from moto.server import DomainDispatcherApplication, create_backend_app  # pyright: ignore
        from werkzeug.serving import make_server  # pyright: ignore

        moto_api_backend.reset()  # it keeps what there was for as long as this process lives
        self._moto = cast("Application", DomainDispatcherApplication(create_backend_app))  # pyright: ignore
        self._server = cast("_Server", make_server("127.0.0.1", 0, self._answer, threaded=True))  # pyright: ignore
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def calm(self) -> None:
        """No more troubles, and nothing was asked yet."""
        self.troubles.clear()
        self.every.clear()
        self.after.clear()
        self.asked.clear()
        self.lag = 0
        self._shown.clear()
        self._old.clear()

    def _given(self, environ: Environ, operation: str, body: bytes) -> Told:
        """What moto says, or what it said before the last change."""
        if not self.lag:
            return self._made(environ)
        what = f"{operation}?{environ.get('QUERY_STRING', '')} {body.decode('latin-1')}"
        with self._lock:
            if not _looks(environ, operation):
                told = self._made(environ)
                self._old = {one: [shown] * self.lag for one, shown in self._shown.items()}
                return told
            if self._old.get(what):
                return self._old[what].pop()
            self._shown[what] = self._made(environ)
            return self._shown[what]

    def _made(self, environ: Environ) -> Told:
        told: list[tuple[str, list[tuple[str, str]]]] = []
        body = b"".join(self._moto(environ, lambda status, headers: told.append((status, headers))))
        return Told(*told[-1], body)

    def _answer(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        body = cast("io.BufferedIOBase", environ["wsgi.input"]).read(
            int(str(environ.get("CONTENT_LENGTH") or 0))
        )
        environ["wsgi.input"] = io.BytesIO(body)
        operation = _operation(environ, body)
        self.asked.append(operation)
        always = next((one for name, one in self.every.items() if name in operation), None)
        waiting = [always] if always else self.troubles.get(operation, [])
        if not waiting:
            told = self._given(environ, operation, body)
            start(told.status, told.headers)
            self.after.get(operation, lambda: None)()
            return [told.body]
        trouble = waiting.pop(0)
        trouble.then()
        if trouble.is_made:
            self._given(environ, operation, body)
        is_json = "HTTP_X_AMZ_TARGET" in environ or "/2015-03-31/" in str(environ.get("PATH_INFO"))
        kind = "application/x-amz-json-1.1" if is_json else "text/xml"
        start(f"{trouble.status} Trouble", [("content-type", kind), ("x-amzn-errortype", trouble.code)])
        return [_words(trouble, is_json)]


def _looks(environ: Environ, operation: str) -> bool:
    """Whether nothing is changed by it."""
    return operation.startswith(LOOKS) or environ["REQUEST_METHOD"] in ("GET", "HEAD")


def _operation(environ: Environ, body: bytes) -> str:
    if target := str(environ.get("HTTP_X_AMZ_TARGET", "")):
        return target.rpartition(".")[2]
    form = parse_qs(body.decode("latin-1")) if b"Action=" in body else {}
    path = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    return form.get("Action", [path])[0]


def _words(trouble: Trouble, is_json: bool) -> bytes:
    if is_json:
        return json.dumps({"__type": trouble.code, "message": "as the test ordered"}).encode()
    error = f"<Error><Code>{trouble.code}</Code><Message>as the test ordered</Message></Error>"
    return f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>".encode()
