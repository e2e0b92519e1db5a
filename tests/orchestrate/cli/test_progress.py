"""Progress: where a deployment stands, in the words and numbers that people look for."""

from __future__ import annotations

from orchestrate.cli.progress import measured, shares, stages
from orchestrate.cli.screen import Story
from orchestrate.models.deployment import Event, Stage
from orchestrate.models.sample import LATENCY_EDGES_MS, Judgement, Sample, SampleState, Verdict
from orchestrate.models.watch import Watch

WATCH = Watch(
    id="d:3",
    deployment="d",
    environment="test",
    component="web",
    slot="green",
    baseline="blue",
    opened_at=0.0,
    until=60.0,
    interval=1,
    share=10,
    next_at=1.0,
)


def sample(slot: str, **facts: object) -> Sample:
    buckets = tuple(100 if edge == 50 else 0 for edge in LATENCY_EDGES_MS) + (0,)
    usual = Sample(at=1.0, component="web", slot=slot, requests=100, errors=5, buckets=buckets)
    return usual.model_copy(update=facts)


def event(kind: str, text: str, stage: Stage = Stage.DEPLOY, **data: str) -> Event:
    return Event(seq=1, deployment="d", at=0.0, stage=stage, kind=kind, text=text, data=data)


def told(*events: Event) -> list[str]:
    story = Story()
    return [line.partition(" ")[2] for one in events if (line := story.line(one)) is not None]


def test_both_slots_are_shown_with_errors_and_slowness() -> None:
    lines = measured(WATCH, [sample("green"), sample("blue", errors=0)])

    assert lines == [
        "web/green: 100 requests, errors 5 %, p99 50 ms, CPU and memory not measured",
        "web/blue: 100 requests, errors 0 %, p99 50 ms, CPU and memory not measured",
    ]


def test_what_the_instances_take_is_shown_or_why_nobody_tells_it() -> None:
    full = sample("green", cpu=31.0, memory=150.0, memory_share=75.0)
    free = sample("green", cpu=31.0, memory=150.0)
    blind = sample("green", unmeasured="the cluster has no metrics API")

    ends = [measured(WATCH, [one])[0].partition("p99 50 ms, ")[2] for one in (full, free, blind)]
    assert ends == [
        "CPU 31 %, memory 75 % of its limit",
        "CPU 31 %, memory 150 MiB",
        "CPU and memory unsupported: the cluster has no metrics API",
    ]


def test_what_is_missing_is_said_as_missing() -> None:
    down = sample("green", state=SampleState.SOURCE_DOWN, requests=0, errors=0, buckets=None)

    assert measured(WATCH, [down]) == ["web/green: source down", "web/blue: no samples yet"]


def test_the_verdict_comes_with_its_numbers() -> None:
    verdict = Judgement(verdict=Verdict.FAIL, trigger="error_rate", sentence="5 % of 100 requests failed")

    assert measured(WATCH.model_copy(update={"judgement": verdict}), [])[-1] == "5 % of 100 requests failed"


def test_the_way_shows_what_is_behind_and_where_it_is() -> None:
    assert stages({Stage.GATES}, Stage.PLAN).startswith("✓gates  [plan]  approval")
    assert stages(set(), Stage.FINISH).startswith("✓gates") and "✓watch  [finish]" in stages(
        set(), Stage.FINISH
    )
    assert stages({Stage.GATES}, Stage.ROLL_BACK).endswith("finish  [roll_back]")


def test_nothing_is_known_before_there_is_a_plan() -> None:
    assert shares(None, None) == ""


def test_a_stage_is_said_once_however_many_moves_it_makes() -> None:
    one = event("stage", "deploy")
    two = event("move", "web: start", index="0", of="2")
    three = event("move", "web: traffic", index="1", of="2")

    assert told(one, two, one, three) == ["deploy", "  move 1/2: web: start", "  move 2/2: web: traffic"]


def test_gates_that_pass_are_not_told_and_lines_stay_lines() -> None:
    good = event("gate", "all is well", finding="pass", gate="window")
    bad = event("gate", "closed\nuntil Monday", finding="fail", gate="window")

    assert told(good, bad) == ["  gate window: fail: closed until Monday"]
