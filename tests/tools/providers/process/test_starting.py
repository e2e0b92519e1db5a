"""Every way in which a start fails is named, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from orchestrate.errors import OrchestrateError, ProgramMissing, StartFailed
from orchestrate.models.smoke import HealthCheck
from tests.servers.sample_service import component
from tests.tools.providers.process.conftest import Shop

SHORT = HealthCheck(expect={"status": "ok"}, start_seconds=1, timeout=1)


async def refusal(shop: Shop, does: str) -> str:
    with pytest.raises(StartFailed) as caught:
        await shop.start(does=does)
    assert shop.processes() == []
    assert await shop.instances() == ()
    assert caught.value.cure
    return str(caught.value)


async def test_a_crash_loop_is_named_with_the_end_of_the_log(shop: Shop) -> None:
    began = time.monotonic()

    words = await refusal(shop, "crash")

    assert words.startswith("blue-1: crash loop: ended with 3 (3 times)\n")
    assert words.endswith("  cannot find the database")
    assert time.monotonic() - began < 6


async def test_a_crash_is_not_called_a_hang_where_the_time_is_too_short_for_a_loop(shop: Shop) -> None:
    shop.web = component(health=SHORT)

    words = await refusal(shop, "crash late")

    assert words.startswith("blue-1: does not stay up: ended with 3 (once)\n")


async def test_a_hang_at_start_is_named(shop: Shop) -> None:
    shop.web = component(health=SHORT)

    words = await refusal(shop, "hang")

    assert words.startswith("blue-1 hangs at start: no answer from /health")
    assert "after 1 s" in words


async def test_unhealthy_answers_are_named(shop: Shop) -> None:
    shop.web = component(health=SHORT)
    answers = {
        "redirect": "/health redirects to http://127.0.0.1:1/ (302)",
        "html": "/health answered an HTML page",
        "megabyte": "/health answered more than 64 KiB",
        "broken": "/health answered 500 instead of 200",
    }

    words = await asyncio.gather(*(refusal(Shop(shop.root / does, shop.web), does) for does in answers))

    assert [one.splitlines()[0] for one in words] == [
        f"blue-1 is unhealthy: {why} after 1 s" for why in answers.values()
    ]


async def test_memory_over_the_limit_is_named(shop: Shop) -> None:
    shop.web = component(memory_limit=60)

    words = await refusal(shop, "hoard")

    assert words.startswith("blue-1: memory over limit: ")
    assert "MiB > 60 MiB" in words


async def test_a_missing_program_is_named(shop: Shop) -> None:
    shop.web = component(run=("no-such-server", "{port}"))

    with pytest.raises(ProgramMissing, match="no-such-server is not installed"):
        await shop.start()

    assert await shop.instances() == ()


async def test_a_component_without_a_command_is_refused(shop: Shop) -> None:
    shop.web = component(run=())

    with pytest.raises(StartFailed, match="web has nothing to run"):
        await shop.start()


async def test_secrets_without_a_vault_are_refused(shop: Shop) -> None:
    shop.facts["secrets"] = ("SECRET_WORD",)

    with pytest.raises(StartFailed, match="no vault gives the secrets SECRET_WORD"):
        await shop.start()

    assert shop.processes() == []
    assert await shop.instances() == ()


async def test_a_failed_scaling_keeps_what_ran_before(shop: Shop) -> None:
    await shop.start(instances=1)
    before = await shop.instance()
    shop.web = component(run=(sys.executable, "-S", "-c", "raise SystemExit(5)", "{port}"))

    with pytest.raises(StartFailed, match="blue-2: crash loop: ended with 5"):
        await shop.scale(2)

    after = await shop.instance()
    assert (after.pid, after.healthy) == (before.pid, True)
    assert len(shop.processes()) == 2


async def test_a_component_without_a_port_is_well_when_it_stays_alive(shop: Shop) -> None:
    shop.web = component(port=0, run=(sys.executable, "-S", "-c", "import time; time.sleep(60)"))
    began = time.monotonic()

    await shop.start()

    one = await shop.instance()
    assert time.monotonic() - began >= 1
    assert (one.healthy, one.address) == (True, "")


async def test_a_component_without_a_port_that_ends_is_in_a_crash_loop(shop: Shop) -> None:
    shop.web = component(port=0, run=(sys.executable, "-S", "-c", "raise SystemExit(9)"))

    with pytest.raises(StartFailed, match="crash loop: ended with 9"):
        await shop.start()


async def test_a_port_without_a_health_path_must_take_connections(shop: Shop) -> None:
    sleeper = (sys.executable, "-S", "-c", "import time; time.sleep(60)")
    shop.web = component(run=sleeper, health=HealthCheck(path="", start_seconds=1))

    with pytest.raises(StartFailed, match="hangs at start: no answer from"):
        await shop.start()


async def test_a_name_that_leads_out_of_the_root_is_refused(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(OrchestrateError):
        await shop.start(slot="../../blue")

    assert [path.name for path in tmp_path.iterdir()] == ["root"]
