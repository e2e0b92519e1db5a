"""HAProxy's own exporter, scraped by a real Prometheus: numbers of a service that tells none itself."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from orchestrate.models.sample import Counters, SampleState
from tests.servers.answering import Reply, answering, pages
from tests.servers.ports import free_ports
from tests.servers.prometheus import prometheus
from tests.tools.systems.running import asking, component, running
from tools.systems.haproxy_config import SYSTEM_PLACES
from tools.systems.prometheus import PrometheusMetrics

PROGRAM = shutil.which("haproxy") or shutil.which("haproxy", path=SYSTEM_PLACES)
pytestmark = [
    pytest.mark.haproxy,
    pytest.mark.prometheus,
    pytest.mark.skipif(PROGRAM is None, reason="haproxy is not installed"),
]
CONFIG = """
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend numbers
  bind 127.0.0.1:{numbers}
  http-request use-service prometheus-exporter
frontend shop
  bind 127.0.0.1:{port}
  use_backend green if {{ path_beg /green }}
  default_backend blue
backend blue
  server one {blue}
backend green
  server two {green}
"""


@contextmanager
def somebodys_haproxy(folder: Path, **words: object) -> Generator[None]:
    """A HAProxy that is not ours, with a backend for each slot."""
    file = folder / "haproxy.cfg"
    file.write_text(CONFIG.format(**words))
    process = subprocess.Popen([PROGRAM or "haproxy", "-f", str(file)], stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


async def test_responses_by_backend_and_class_are_requests_and_errors_of_a_slot(tmp_path: Path) -> None:
    port, numbers = free_ports(2)
    with (
        answering(pages({"/": Reply(), "/none": Reply(404)})) as blue,
        answering(pages({"/green": Reply(502)})) as green,
        somebodys_haproxy(tmp_path, port=port, numbers=numbers, blue=blue, green=green),
        prometheus(tmp_path, {f"127.0.0.1:{numbers}": ""}) as url,
    ):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as customer:
            for path in ("/", "/", "/none", "/green", "/green"):
                await customer.get(path)
        names = {"requests": "haproxy_backend_http_responses_total", "status_label": "code"}
        part = component(url=url, slot_label="proxy", **names)
        slots = running({"blue": [""], "green": [""], "red": [""]})
        found = await PrometheusMetrics(asking()).read(part, slots)
        async with asyncio.timeout(10):
            while not (isinstance(now := found["green"], Counters) and now.requests == 2):
                await asyncio.sleep(0.1)
                found = await PrometheusMetrics(asking()).read(part, slots)

    told = {name: (one.requests, one.errors) for name, one in found.items() if isinstance(one, Counters)}
    assert told == {"blue": (3, 0), "green": (2, 2)}
    assert found["red"] is SampleState.NO_DATA
