"""An Agent Mail with the real protocol on loopback; ORCHESTRATE_TEST_AGENT_MAIL names a real one instead."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import uvicorn
from mcp.server import MCPServer


@dataclass
class Box:
    """Who is registered, and who holds what until when."""

    tokens: dict[str, str] = field(default_factory=dict[str, str])
    held: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    why: dict[str, tuple[bool, str]] = field(default_factory=dict[str, tuple[bool, str]])  # by agent

    def check(self, agent: str, token: str | None) -> None:
        if self.tokens.get(agent) != token:
            raise ValueError(f"{agent} needs its registration_token")

    def conflicts(self, agent: str, paths: list[str]) -> list[dict[str, object]]:
        found: list[dict[str, object]] = []
        for path in paths:
            holders = [
                {key: value for key, value in one.items() if key != "reason"}
                for one in self.active()
                if one["agent"] != agent and fnmatchcase(path, str(one["path_pattern"]))
            ]
            if holders:
                found.append({"path": path, "holders": holders})
        return found

    def active(self) -> list[dict[str, object]]:
        return [
            {
                "agent": who,
                "path_pattern": pattern,
                "exclusive": self.why[who][0],
                "reason": self.why[who][1],
                "expires_ts": datetime.fromtimestamp(until, UTC).isoformat(),
            }
            for (who, pattern), until in self.held.items()
            if until > time.time()
        ]


def server(box: Box) -> MCPServer:
    """The four tools and the resource that are used, with the names and answers of version 0.3.2."""
    made = MCPServer("agent-mail", log_level="CRITICAL")

    @made.tool()
    def ensure_project(human_key: str) -> dict[str, object]:
        if not human_key.startswith("/"):
            raise ValueError("human_key must be an absolute path")
        return {"id": 1, "slug": human_key.strip("/").replace("/", "-"), "human_key": human_key}

    @made.tool()
    def register_agent(
        project_key: str, program: str, model: str, name: str | None = None, task_description: str = ""
    ) -> dict[str, object]:
        given = f"GreenCastle{len(box.tokens)}"
        box.tokens[given] = secrets.token_hex(8)
        return {"id": len(box.tokens), "name": given, "registration_token": box.tokens[given]}

    @made.tool()
    def file_reservation_paths(  # noqa: PLR0913  as the real one has it
        project_key: str,
        agent_name: str,
        paths: list[str],
        ttl_seconds: int = 3600,
        exclusive: bool = True,
        reason: str = "",
        registration_token: str | None = None,
    ) -> dict[str, object]:
        box.check(agent_name, registration_token)
        conflicts = box.conflicts(agent_name, paths)
        until = time.time() + ttl_seconds
        box.held |= {(agent_name, path): until for path in paths}
        box.why[agent_name] = (exclusive, reason)
        return {
            "granted": [{"id": n, "path_pattern": path} for n, path in enumerate(paths)],
            "conflicts": conflicts,
        }

    @made.tool()
    def release_file_reservations(
        project_key: str, agent_name: str, registration_token: str | None = None
    ) -> dict[str, object]:
        box.check(agent_name, registration_token)
        ours = [key for key in box.held if key[0] == agent_name]
        for key in ours:
            del box.held[key]
        return {"released": len(ours), "released_at": datetime.now(UTC).isoformat()}

    @made.resource("resource://file_reservations/{slug}", mime_type="application/json")
    def file_reservations(slug: str) -> str:
        return json.dumps(box.active())

    return made


def real() -> str:
    """The address of a real one, where somebody names it."""
    return os.environ.get("ORCHESTRATE_TEST_AGENT_MAIL", "")


@contextmanager
def agent_mail() -> Generator[str]:
    """Serve on a free port; gives the address of its endpoint."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = server(Box()).streamable_http_app(
        streamable_http_path="/api/", json_response=True, stateless_http=True
    )
    serving = uvicorn.Server(uvicorn.Config(app, log_config=None))
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/api/"
    finally:
        serving.should_exit = True
        thread.join()
        listening.close()
