"""Garbage is never good evidence: whatever a real socket says, it ends as a failure, soon and small."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from orchestrate.errors import OrchestrateError, Unreachable
from orchestrate.models.alert import Alert
from orchestrate.models.sample import SampleState
from orchestrate.models.smoke import HealthCheck, HttpSmoke
from tests.faults.garbage import GARBAGE, MOST_SENT, says, sent
from tests.servers.raw import Part, speaking
from tests.tools.systems.running import asking, component, running, slot
from tools.health import check
from tools.smoke import smoke, smoke_checks
from tools.systems.detached import Detached
from tools.systems.endpoint_metrics import EndpointMetrics
from tools.systems.endpoint_series import EndpointSeries
from tools.systems.haproxy import HAProxy
from tools.systems.haproxy_config import Book
from tools.systems.haproxy_runtime import RuntimeApi
from tools.systems.prometheus import PrometheusMetrics
from tools.systems.prometheus_series import PrometheusSeries
from tools.systems.proxy import BuiltinProxy

SECONDS = 0.5
LONGEST = 15.0  # for all of them side by side, on a machine that is busy
MEMORY = 200 * 1024  # KiB that reading all of it may take

Reading = Callable[[int], Awaitable[object]]
"""Asks whoever listens on a port; a failure is raised or given."""


async def of(reading: Reading, part: Part) -> object:
    """What one garbage answer is read as."""
    async with speaking(part) as port:
        try:
            return await reading(port)
        except OrchestrateError as failure:
            return failure


async def found(reading: Reading, is_good: Callable[[object], bool]) -> dict[str, object]:
    """The garbage that was taken for good evidence, if any; in bounded time and memory."""
    sent.clear()
    began, before = time.monotonic(), memory()
    answers = await asyncio.gather(*(of(reading, part) for part in GARBAGE.values()))
    assert time.monotonic() - began < LONGEST
    assert memory() - before < MEMORY
    assert all(taken <= MOST_SENT for taken in sent.values()), sent
    return {name: said for name, said in zip(GARBAGE, answers, strict=True) if is_good(said)}


def memory() -> int:
    """The most that this process ever had, in KiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


async def test_garbage_is_no_health() -> None:
    health = HealthCheck(path="/health", expect={"status": "ok"}, timeout=1)

    async def asked(port: int) -> object:
        return (await check(f"127.0.0.1:{port}", health)).ok

    assert await found(asked, lambda said: said is True) == {}


async def test_garbage_passes_no_smoke_test() -> None:
    test = HttpSmoke(name="status", path="/", json_path="status", equals="ok", within=500)

    async def asked(port: int) -> object:
        return (await smoke(test, f"http://127.0.0.1:{port}", lambda _: "token")).passed

    assert await found(asked, lambda said: said is True) == {}


async def test_no_default_check_is_made_of_garbage_that_then_passes() -> None:
    async def asked(port: int) -> object:
        url = f"http://127.0.0.1:{port}"
        part = component().model_copy(update={"health": HealthCheck(path="/health", timeout=1)})
        checks = await smoke_checks(part, url)
        results = [await smoke(one, url, lambda _: "") for one in checks if one.name == "GET /health"]
        return all(one.passed for one in results) and bool(results)

    taken = await found(asked, lambda said: said is True)

    assert set(taken) <= PLAIN_200, "a health path without `expect` believes the status, and nothing else"


PLAIN_200 = {
    "an empty body", "a picture", "no UTF-8", "half of JSON", "deep JSON", "null", "NaN", "a bomb",
    "the wrong shape",
}  # fmt: skip


def counts(said: object) -> bool:
    """Whether any slot has numbers."""
    return isinstance(said, dict) and any(not isinstance(one, SampleState) for one in said.values())  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]


async def test_garbage_counts_nothing() -> None:
    async def asked(port: int) -> object:
        return await EndpointMetrics(SECONDS).read(component(), running({"blue": [f"127.0.0.1:{port}"]}))

    assert await found(asked, counts) == {}


async def test_garbage_is_no_level_of_an_alert() -> None:
    alerts = {"queue": Alert(metric="queue_length", above=Decimal(5))}

    async def asked(port: int) -> object:
        return await EndpointSeries(SECONDS).told(alerts, component(), slot("blue", [f"127.0.0.1:{port}"]))

    assert await found(asked, counts) == {}


async def test_garbage_is_no_answer_of_prometheus() -> None:
    async def asked(port: int) -> object:
        part = component(url=f"http://127.0.0.1:{port}", kind="prometheus")
        return await PrometheusMetrics(asking(SECONDS)).read(part, running({"blue": [""]}))

    assert await found(asked, counts) == {}


async def test_garbage_is_no_query_of_prometheus() -> None:
    alerts = {"queue": Alert(query="queue", above=Decimal(5))}

    async def asked(port: int) -> object:
        part = component(url=f"http://127.0.0.1:{port}", kind="prometheus")
        return await PrometheusSeries(asking(SECONDS)).told(alerts, part, slot("blue", []))

    assert await found(asked, counts) == {}


@pytest.fixture
def homes(tmp_path: Path) -> Generator[Iterator[Path]]:
    """Folders of a program that runs, and is not what answers."""
    folders = [tmp_path / str(number) for number in range(len(GARBAGE))]
    words = [sys.executable, "-c", "import time; time.sleep(60)", *map(str, folders)]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True) as program:
        for folder in folders:
            folder.mkdir()
            Detached(folder).remember(program.pid)
        yield iter(folders)
        program.kill()


async def test_a_proxy_that_answers_garbage_shares_nothing_and_counts_nothing(homes: Iterator[Path]) -> None:
    async def asked(port: int) -> object:
        folder = next(homes)
        (folder / "admin.json").write_text(f'{{"pid": 1, "port": {port}, "token": "x"}}')
        proxy = BuiltinProxy(folder, admin_seconds=SECONDS)
        return await each(proxy.weights, proxy.counters, lambda: proxy.open_requests("blue"))

    assert await found(asked, bool) == {}


async def test_a_haproxy_that_answers_garbage_shares_nothing_and_counts_nothing(
    homes: Iterator[Path],
) -> None:
    async def asked(port: int) -> object:
        folder = next(homes)
        book = Book(name="ours", runtime_port=port, places={"blue": 0}, weights={"blue": 100})
        (folder / "haproxy.json").write_text(book.model_dump_json())
        router = HAProxy(folder, answer_seconds=SECONDS)
        return await each(router.weights, router.counters, lambda: router.open_requests("blue"))

    assert await found(asked, bool) == {}


async def test_what_haproxy_says_is_whole_or_nothing() -> None:
    async def asked(port: int) -> object:
        api = RuntimeApi(port, SECONDS)
        return await each(api.servers, api.counted, api.open, api.cycle, api.map_id, api.new_version)

    assert await found(asked, bool) == {}


STAT = b"# pxname,svname,scur,req_tot,hrsp_5xx,srv_abrt,wretr,wredis\npublic,FRONTEND,0,9,0,,,\n"


@pytest.mark.parametrize(
    "said",
    [
        STAT + b"p0,BACKEND,0,4711,2,0,0,0\n",  # without the empty line at its end
        STAT + b"p0,BACKEND,0,47",
        STAT + b"p0,BACKEND,0,NaN,2,0,0,0\n\n",
        STAT + b"p0,BACKEND\n\n",
        b"Unknown command\n\n",
        b"\n",
    ],
)
async def test_a_table_that_was_cut_is_no_count(said: bytes) -> None:
    async with speaking(says(said)) as port:
        with pytest.raises(OSError, match="HAProxy"):
            await RuntimeApi(port, SECONDS).counted()


async def each(*questions: Callable[[], Awaitable[object]]) -> list[object]:
    """What was given for good: neither refused nor empty."""
    given: list[object] = []
    for question in questions:
        try:
            given.append(await question())
        except (Unreachable, OSError):
            given.append(None)
    return [one for one in given if one]
