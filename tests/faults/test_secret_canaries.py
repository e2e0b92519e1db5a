"""Canaries in a whole story: failures and logs that shout secrets, and no trace of them anywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agents.model import ScriptedModel
from agents.triager import Triager
from orchestrate.errors import ModelFailed, StartFailed
from orchestrate.models.deployment import Failure, Outcome, Stage
from orchestrate.models.secret import Secret
from orchestrate.positions.serializer import SealedSerializer
from tests.faults.canaries import canary, careless, disguised, files, found, leaks, masked
from tests.stories.places import quick
from tests.stories.world import World, world

SWITCH = "web: traffic green 100 %"


def test_the_search_finds_every_form() -> None:
    value = canary("self")

    for form, text in disguised(value).items():
        assert found(f"before {text} after".encode(), value), form
    assert found(b"nothing of it", value) == []


async def told(here: World) -> dict[str, bytes]:
    """Everything that people and models read."""
    tasks = await here.tracker.tasks(only_open=False)
    threads = {task.id: await here.tracker.comments(task.id) for task in tasks}
    announced = await here.announced()
    return {
        "tasks": repr(tasks).encode(),
        "threads": repr(threads).encode(),
        "announced": repr(announced).encode(),
    }


def opened_positions(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What positions hold before they are sealed."""
    seen, bound = list[bytes](), SealedSerializer.dumps_typed

    def dumps(self: SealedSerializer, obj: object) -> tuple[str, bytes]:
        made = bound(self, obj)
        seen.append(repr(self.loads_typed(made)).encode())
        return made

    monkeypatch.setattr(SealedSerializer, "dumps_typed", dumps)
    return seen


@pytest.mark.parametrize("step", [SWITCH, "web: start 2 ×"], ids=["traffic", "start"])
async def test_no_trace_is_left_of_secrets_that_a_failing_release_shouts(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {name: canary(name) for name in ("environment", "vault", "exception", "log")}
    for value in values.values():
        Secret(value)
    positions = opened_positions(monkeypatch)

    def shout() -> None:
        raise StartFailed(careless(values), cure=careless(values))

    async with world(tmp_path, quick(tmp_path)) as here:
        deployment, _, change = await here.approved()
        full = {SWITCH: SWITCH, "web: start 2 ×": f"web: start 2 × {change.head[:8]} in green"}[step]
        here.provider.at[full] = shout
        here.provider.lines["green"] = careless(values).splitlines()
        row = await here.go(deployment.id)
        places = await told(here) | {"row": repr(row).encode(), "positions": b"\n".join(positions)}

    assert row.outcome is Outcome.ROLLED_BACK
    places |= files(tmp_path)
    assert leaks(places, values) == []
    assert {"tasks", "threads", "positions", "row"} <= {*masked(places)}
    assert any(name.startswith("store.db") for name in masked(places))
    assert any(name.startswith("reports/") for name in masked(places))


async def test_no_model_reads_a_secret() -> None:
    values = {"log": canary("log")}
    Secret(values["log"])
    model, words = ScriptedModel([ModelFailed("no answer")]), careless(values)
    failure = Failure(stage=Stage.DEPLOY, kind="start_failed", error=words, log_excerpt=words)

    await Triager(model).causes(values["log"], failure, words.splitlines(), [], [words])

    places = {"prompt": model.asked[0][1].encode()}
    assert leaks(places, values) == []
    assert masked(places) == ["prompt"]


PROGRAM = """
import logging, sys, threading
from orchestrate.cli.discretion import be_discreet
from orchestrate.models.secret import Secret
from tests.faults.canaries import careless
value = sys.stdin.read()
Secret(value)
be_discreet()
words = careless({"it": value})
logging.basicConfig()
logging.getLogger("library").warning("it is %s", words)
logging.getLogger("library").error(words)
try:
    raise ValueError(words) from KeyError(words)
except ValueError:
    logging.getLogger("library").exception("failed with %r", words)
def work():
    raise RuntimeError(words)
thread = threading.Thread(target=work)
thread.start()
thread.join()
logging.lastResort and logging.getLogger("another").critical(words)
raise ExceptionGroup("several", [OSError(words), ValueError(words)])
"""


def test_logs_and_tracebacks_of_a_process_hold_no_secret() -> None:
    value = canary("trace")

    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=value.encode(), capture_output=True, timeout=60, check=False
    )

    places = {"stdout": ran.stdout, "stderr": ran.stderr}
    assert leaks(places, {"trace": value}) == []
    assert masked(places) == ["stderr"]
    for word in (b"KeyError", b"ExceptionGroup", b"RuntimeError", b"failed with"):
        assert word in ran.stderr
