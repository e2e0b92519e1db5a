"""A failure has one cause for each distinct defect, and each cause gets the task that fixes it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agents.answers import Suspicion, TriageNotes
from agents.model import ScriptedModel
from agents.planner import RunbookPlanner
from agents.triager import MOST, PRIORITIES, Triager, causes_in, fingerprint, fix_task
from orchestrate.errors import ModelFailed
from orchestrate.models.cause import Cause
from orchestrate.models.deployment import Failure, Stage
from orchestrate.models.plan import Plan
from orchestrate.models.task import FailureKind, Priority, Queue
from tests.agents.situations import situation

FAILURE = Failure(
    stage=Stage.WATCH,
    kind=FailureKind.HEALTH_CHECKS_FAILED,
    error="shop: 12.5 % of the requests failed",
    component="shop",
    move="shop: watch green at 5 % for 600 s",
    numbers={"errors": 25, "requests": 200, "error rate": 12.5},
)
PYTHON = """\
Traceback (most recent call last):
  File "/srv/shop/files/money.py", line 17, in {name}
    return rates[code]
KeyError: 'EUR'"""
JAVA = """\
java.lang.IllegalStateException: no rates for order 4711
	at com.shop.Money.{name}(Money.java:17)"""
NODE = """\
TypeError: Cannot read properties of undefined (reading 'rate')
    at {name} (/srv/shop/src/money.js:17:5)"""
GO = """\
panic: runtime error: invalid memory address or nil pointer dereference

goroutine 7 [running]:
main.{name}(0xc00012a000)
	/srv/shop/money.go:17 +0x1d"""
SHAPES = (PYTHON, JAVA, NODE, GO)


def log(*shapes: str, name: str = "rate") -> list[str]:
    return [line for shape in shapes for line in ["GET /", *shape.format(name=name).splitlines(), ""]]


def causes(
    lines: list[str], before: list[str] | None = None, failure: Failure = FAILURE
) -> tuple[Cause, ...]:
    return causes_in("shop", failure, lines, before or [])


@pytest.fixture
def plan() -> Plan:
    return asyncio.run(RunbookPlanner().plan(situation()))


@pytest.mark.parametrize("shape", SHAPES)
def test_one_defect_is_one_cause_however_often_it_shows(shape: str) -> None:
    (cause,) = causes(log(*[shape] * 5))

    assert cause.count == 5
    assert cause.stack == shape.format(name="rate")
    assert "GET /" in cause.excerpt and shape.splitlines()[0] in cause.excerpt


def test_each_distinct_trace_is_a_cause_the_most_frequent_first() -> None:
    found = causes(log(PYTHON, JAVA, JAVA, NODE, JAVA, NODE))

    assert [cause.title.split()[0] for cause in found] == ["IllegalStateException", "TypeError", "KeyError"]
    assert [cause.count for cause in found] == [3, 2, 1]


@settings(deadline=None, max_examples=40)
@given(some.lists(some.sampled_from(SHAPES)), some.lists(some.sampled_from(["a", "b", "c"]), max_size=6))
def test_there_is_at_least_one_cause_and_never_a_flood(shapes: list[str], names: list[str]) -> None:
    found = causes([line for name in names for line in log(*shapes, name=name)])

    assert 1 <= len(found) <= MOST == 3
    assert len({cause.fingerprint for cause in found}) == len(found)


def test_what_the_old_version_logged_too_is_no_cause() -> None:
    (cause,) = causes(log(PYTHON, JAVA), before=log(JAVA))

    assert cause.error.startswith("KeyError")


def test_lines_that_the_old_version_did_not_write_are_the_cause_without_a_trace() -> None:
    before = ["ERROR cache 10.0.0.1:6379 refused", "took 4 ms"]

    (cause,) = causes([*before, "took 900 ms", "ERROR rate 17 is missing", "ERROR rate 4 is missing"], before)

    assert (cause.error, cause.count) == ("ERROR rate 17 is missing", 2)


def test_where_the_log_is_silent_the_failure_itself_is_the_cause() -> None:
    (cause,) = causes(["GET /", "all is well"])

    assert cause.error == FAILURE.error
    assert cause.title == "health checks failed: shop: 12.5 % of the requests failed"


def test_the_fingerprint_is_of_service_exception_and_top_frames() -> None:
    (cause,) = causes(log(PYTHON))

    assert cause.fingerprint == fingerprint("shop", "KeyError", ["files/money.py:rate"])
    assert cause.fingerprint != causes_in("till", FAILURE, log(PYTHON), [])[0].fingerprint


@pytest.mark.parametrize("shape", SHAPES)
def test_another_top_frame_is_another_cause(shape: str) -> None:
    assert causes(log(shape))[0].fingerprint != causes(log(shape, name="convert"))[0].fingerprint


@pytest.mark.parametrize(
    ("said", "again"),
    [
        ("ERROR order 17 at 10.0.0.1:80 failed", "ERROR order 4 at 10.9.9.9:8123 failed"),
        ("ERROR at 0x7f00 in a.py:7", "ERROR at 0x7f11aa in a.py:1234"),
        ("03:24:05 ERROR request 6f1ed002-ab55-4d2e-9c29-1f3a1b2c3d4e", "2026-11-21T03:24:00Z ERROR x"),
    ],
)
def test_a_cause_without_a_trace_is_the_same_under_other_circumstances(said: str, again: str) -> None:
    again = again.replace("ERROR x", "ERROR request 00000000-ab55-4d2e-9c29-1f3a1b2c3d4e")

    for lines in ([said], []):
        first = causes(lines, failure=FAILURE.model_copy(update={"error": said}))
        second = causes([again] if lines else [], failure=FAILURE.model_copy(update={"error": again}))
        assert first[0].fingerprint == second[0].fingerprint


def test_secrets_in_the_log_stay_there() -> None:
    found = causes(
        ["db_password=hunter22", *log(PYTHON.replace("'EUR'", "token=hunter22")), "api_key: hunter22"]
    )

    assert all("hunter22" not in cause.model_dump_json() for cause in found)


def test_a_long_trace_is_trimmed() -> None:
    frames = "\n".join(f'  File "/srv/{n}.py", line 1, in {"f" * 500}' for n in range(100))

    (cause,) = causes(f"Traceback (most recent call last):\n{frames}\nKeyError: 'x'".splitlines())

    assert len(cause.stack.encode()) <= 6000
    assert len(cause.excerpt.encode()) <= 4000


def test_every_kind_of_failure_has_its_priority() -> None:
    urgent = {kind for kind, priority in PRIORITIES.items() if priority is Priority.P0}

    assert set(PRIORITIES) == set(FailureKind)
    assert urgent == set(FailureKind) - {"monitoring_not_configured", "rollback_plan_failed", "unknown"}
    assert set(PRIORITIES.values()) == {Priority.P0, Priority.P1}


def test_a_kind_that_nobody_knows_is_unknown() -> None:
    (cause,) = causes([], failure=FAILURE.model_copy(update={"kind": "gremlins"}))

    assert (cause.kind, cause.priority) == (FailureKind.UNKNOWN, Priority.P1)


@pytest.mark.parametrize("kind", FailureKind)
def test_a_fix_task_is_typed_and_as_urgent_as_its_kind(kind: FailureKind, plan: Plan) -> None:
    failure = FAILURE.model_copy(update={"kind": kind})
    (cause,) = causes(log(PYTHON), failure=failure)

    task = fix_task(cause, failure, plan, "T-7")

    marks = {label.name for label in task.labels}
    assert (task.queue, task.priority, task.discovered_from) == (Queue.EXECUTION, PRIORITIES[kind], "T-7")
    assert marks == {kind} | ({"emergency"} if kind is FailureKind.ROLLBACK_FAILURE else set())
    assert ("emergency: true" in task.description) == (kind is FailureKind.ROLLBACK_FAILURE)


def test_a_fix_task_has_all_that_is_needed_to_start(plan: Plan) -> None:
    (cause,) = causes(log(PYTHON))

    task = fix_task(cause, FAILURE, plan, "T-7", "change 8 takes it back")

    assert task.title == "Fix shop: KeyError in files/money.py:rate: 'EUR'"
    for needed in (
        "service: `shop`",
        "environment: `production`",
        "version: `2.0`",
        "component: `shop`",
        "kind: `health_checks_failed`",
        "KeyError: 'EUR'",
        "12.5 % of the requests failed",
        "error rate: 12.5",
        PYTHON.format(name="rate"),
        "GET /",
        "change 8 takes it back",
        "orchestrate deploy logs D1",
        cause.fingerprint,
    ):
        assert needed in task.description


def test_the_same_cause_is_the_same_task(plan: Plan) -> None:
    first, again = causes(log(PYTHON)), causes(log(GO, PYTHON, PYTHON, GO.replace("7", "9")))

    markers = {fix_task(cause, FAILURE, plan, None).marker for cause in (*first, *again)}

    assert len(markers) == 2


def notes(cause: Cause, *files: str) -> TriageNotes:
    said = Suspicion(fingerprint=cause.fingerprint, explanation="No rate for EUR.", files=files)
    return TriageNotes(notes=(said,))


async def test_a_model_may_explain_a_cause_and_suspect_files_of_the_change(plan: Plan) -> None:
    found = causes(log(PYTHON, GO))
    model = ScriptedModel([notes(found[0], "money.py", "/etc/passwd")])

    explained = await Triager(model).causes("shop", FAILURE, log(PYTHON, GO), [], ["money.py", "tax.py"])

    assert explained[0].explanation == "No rate for EUR."
    assert explained[0].suspects == ("money.py",)
    assert explained[1:] == found[1:]
    assert "No rate for EUR." in fix_task(explained[0], FAILURE, plan, None).description


@pytest.mark.parametrize(
    "answer",
    [
        ModelFailed("down"),
        "no idea",
        "{}",
        '{"notes": [{"fingerprint": "other", "explanation": "x"}]}',
        '{"notes": [], "causes": []}',
    ],
)
async def test_a_model_takes_no_cause_away(answer: ModelFailed | str) -> None:
    found = await Triager(ScriptedModel([answer])).causes("shop", FAILURE, log(PYTHON, GO), [])

    assert found == causes(log(PYTHON, GO))
