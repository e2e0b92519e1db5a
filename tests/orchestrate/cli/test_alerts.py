"""What the command line tells of thresholds beside the triggers."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop


@contextmanager
def visited(port: int) -> Generator[None]:
    """Somebody asks for a page ten times a second."""
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.1):
            with suppress(OSError):
                urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()  # loopback

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()


def test_an_alert_is_in_the_plan_in_the_events_and_in_the_status(folder: Path, command: Command) -> None:
    shop = Shop(folder, rules="alerts: {pool: {metric: pool_in_use, above: 80}}", period="5s")
    with visited(shop.port):
        row = json.loads(command("deploy", "--env", "test", "--json").out)["deployment"]

    assert (
        "alert only when `pool` is above 80 (metric `pool_in_use`)"
        in command("deploy", "plan", row["id"]).out
    )
    said = command("deploy", "status", row["id"]).out
    assert "alert       web/blue: no data about pool of blue: no data" in said
    detail = json.loads(command("deploy", "status", row["id"], "--json").out)
    assert [one["text"] for one in detail["events"] if one["kind"] == "alert"] == [
        "web: no data about pool of blue: no data"
    ]
