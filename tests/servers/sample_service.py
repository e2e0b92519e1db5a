"""A service to deploy in tests: a small HTTP server whose behaviour is a word in its release."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment, EnvironmentType
from orchestrate.models.smoke import HealthCheck
from tests.servers.docker_engine import BASE
from tools.provider import Checkout

PROGRAM = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn

does = Path("does.txt").read_text().strip()
print("starting", os.environ["INSTANCE"], "does", does, flush=True)
if does == "crash late":
    time.sleep(0.6)
    sys.exit(3)
if does == "crash":
    print("cannot find the database", flush=True)
    sys.exit(3)
if does == "hang":
    time.sleep(60)
hoard = b"x" * (80 * 2**20) if does == "hoard" else b""
print("the word is", os.environ.get("SECRET_WORD"), flush=True)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/crash":
            os._exit(7)
        if self.path.startswith("/slow"):
            time.sleep(1)
        if self.path == "/health" and does == "redirect":
            return self.say(302, b"", location="http://127.0.0.1:1/")
        if self.path == "/health" and does == "html":
            return self.say(200, b"<html>welcome</html>", kind="text/html")
        if self.path == "/health" and does == "megabyte":
            return self.say(200, b"x" * 2**20)
        if self.path == "/health" and does == "broken":
            return self.say(500, b"{}")
        known = {name: os.environ.get(name) for name in ("SLOT", "VERSION", "COMMIT", "INSTANCE", "PORT")}
        known |= {"status": "ok", "secret": os.environ.get("SECRET_WORD"), "pid": os.getpid()}
        known |= {"colour": os.environ.get("COLOUR"), "argv": sys.argv}
        self.say(200, json.dumps(known).encode())

    def say(self, status, body, kind="application/json", location=None):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if location:
            self.send_header("location", location)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *words):
        pass


class Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True

    def server_bind(self):
        super(HTTPServer, self).server_bind()


Server((os.environ.get("HOST", "127.0.0.1"), int(sys.argv[1])), Handler).serve_forever()
"""


def version(name: str, does: str = "serve") -> Version:
    """A version whose service behaves as `does` says."""
    return Version(commit=_hex(name), tree=_hex(f"tree {name} {does}"), name=name)


DOCKERFILE = f"""FROM {BASE}
WORKDIR /app
COPY . .
CMD ["python3", "-S", "service.py", "8000"]
"""
COMPOSE = """services:
  web:
    build: {context: .}
    ports: ["1:8000"]
    environment: {PLAIN: "a $$ sign"}
"""
RED = 'RUN ["sh", "-c", "echo 2 tests failed; exit 1"]\n'


def checkout(does: str = "serve") -> Checkout:
    """Writes the service into the release folder."""

    async def write(version: Version, folder: Path) -> None:
        (folder / "service.py").write_text(PROGRAM)
        (folder / "does.txt").write_text(does)
        (folder / "compose.yaml").write_text(COMPOSE)
        (folder / "Dockerfile").write_text(DOCKERFILE + (RED if does == "red" else ""))

    return write


def component(**facts: object) -> Component:
    """The service as a component of an environment; `facts` replace the usual ones."""
    usual = Component(
        name="web",
        run=(sys.executable, "-S", "service.py", "{port}", "{slot}", "{version}"),
        port=8080,
        instances=1,
        drain_seconds=1,
        health=HealthCheck(expect={"status": "ok"}, start_seconds=10, timeout=1),
    )
    return usual.model_copy(update=facts)


def environment(root: Path, *components: Component, **facts: object) -> Environment:
    """An environment below `root`."""
    usual = Environment(
        name="test", type=EnvironmentType.DEV, service="shop", components=components, root=root
    )
    return usual.model_copy(update=facts)


def silent(line: str) -> None:
    """Hears progress, and tells nobody."""


def heard(lines: list[str]) -> Callable[[str], None]:
    return lines.append


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _hex(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:40]
