"""A real Prometheus on loopback whose targets are declared before it starts."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest

from tools.systems.haproxy_config import SYSTEM_PLACES

GUARD = """
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend guard
  bind 127.0.0.1:{port}
  stick-table type ip size 10 expire 1m store http_req_rate(1m)
  http-request track-sc0 src
  http-request return status 429 hdr retry-after 20 if {{ sc_http_req_rate(0) gt {most} }}
  http-request return status 401 unless {{ req.hdr(authorization) -m found }}
  http-request return status 403 unless {{ req.hdr(authorization) "Bearer {token}" }}
  default_backend prometheus
backend prometheus
  server one {server}
"""
DIRECT = build_opener(ProxyHandler({}))


@contextmanager
def prometheus(
    folder: Path, targets: Mapping[str, str], port: int = 0, files: Path | None = None
) -> Generator[str]:
    """Scrape `targets` (host:port → slot label) every 0.2 s; gives the base URL once each was scraped.

    A target without a slot label tells slots apart itself. With `files` it reads rules-*.yml and
    targets-*.json there, and may be reloaded.
    """
    port = port or _free_port()
    url, log = f"http://127.0.0.1:{port}", (folder / "prometheus.log").open("wb")
    process = subprocess.Popen(
        [
            _program(),
            f"--config.file={_written(folder, targets, files)}",
            *(("--web.enable-lifecycle",) if files else ()),
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        _wait(url, len(targets), process)
        yield url
    finally:
        process.kill()
        process.wait()
        log.close()


@contextmanager
def guarded(folder: Path, url: str, token: str, most: int = 10_000, port: int = 0) -> Generator[str]:
    """A HAProxy before Prometheus that asks for the token, and answers `most` requests a minute."""
    program = shutil.which("haproxy", path=f"{os.environ['PATH']}:{SYSTEM_PLACES}")
    port = port or _free_port()
    if program is None:
        pytest.skip("haproxy is not installed")
    words = {"port": port, "most": most, "token": token, "server": url.removeprefix("http://")}
    file = folder / "guard.cfg"
    file.write_text(GUARD.format(**words))
    process = subprocess.Popen([program, "-db", "-f", str(file)], stdin=subprocess.DEVNULL)
    try:
        _wait_for_guard(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _program() -> str:
    found = shutil.which("prometheus")
    if found is None and os.environ.get("CI"):
        pytest.fail("prometheus is not installed, and CI must not skip this")
    if found is None:
        pytest.skip("prometheus is not installed")
    return found


def asked(url: str, path: str) -> dict[str, Any]:
    """What its API answers there."""
    with DIRECT.open(f"{url}{path}", timeout=5) as answer:
        return json.load(answer)["data"]


def _written(folder: Path, targets: Mapping[str, str], files: Path | None) -> Path:
    """The settings; JSON is YAML too."""
    static = [
        {"targets": [target], "labels": {"slot": slot} if slot else {}} for target, slot in targets.items()
    ]
    job = {"job_name": "shop", "static_configs": static}
    every = {"scrape_interval": "200ms", "scrape_timeout": "200ms"}
    path = folder / "prometheus.yml"
    config: dict[str, object] = {"global": every, "scrape_configs": [job]}
    if files is not None:
        own = {"job_name": "orchestrate", "file_sd_configs": [{"files": [f"{files}/targets-*.json"]}]}
        config = {"global": every, "scrape_configs": [job, own], "rule_files": [f"{files}/rules-*.yml"]}
    path.write_text(json.dumps(config))
    return path


def _wait(url: str, targets: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        try:
            with DIRECT.open(f"{url}/api/v1/query?query=count(up)", timeout=1) as answer:
                found = json.load(answer)["data"]["result"]
            if not targets or (found and int(found[0]["value"][1]) >= targets):
                return
        except (URLError, OSError, ValueError):
            pass
        time.sleep(0.05)
    pytest.fail(f"prometheus did not start: {url}")


def _wait_for_guard(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("haproxy did not start before prometheus")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
