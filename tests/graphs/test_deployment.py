"""The graph: every answer leads somewhere, and the drawing in the README is the graph."""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import cast

import pytest

from graphs.deployment import ROUTES, THEN, decided, workflow
from graphs.drawing import drawing
from graphs.state import (
    Answer,
    Asking,
    Course,
    Decided,
    Merging,
    Planned,
    Readiness,
    State,
    Turn,
    Undoing,
)
from graphs.steps import Steps
from graphs.steps.arrive import Arrive
from graphs.steps.ask import Ask
from graphs.steps.crew import Crew
from graphs.steps.helm import Helm
from graphs.steps.leave import Leave
from graphs.steps.retreat import Retreat
from graphs.steps.ship import Ship
from orchestrate.models.deployment import Stage

NOBODY = cast(Crew, None)
STEPS = Steps(Arrive(NOBODY), Ask(), Ship(NOBODY, Helm(NOBODY)), Retreat(NOBODY), Leave(NOBODY))

QUESTIONS: list[tuple[Stage, type[StrEnum]]] = [
    (Stage.GATES, Readiness),
    (Stage.PLAN, Planned),
    (Stage.APPROVAL, Answer),
    (Stage.REMIND, Asking),
    (Stage.QUEUE, Turn),
    (Stage.MERGE, Merging),
    (Stage.BUILD, Course),
    (Stage.DEPLOY, Course),
    (Stage.VERIFY, Course),
    (Stage.JUDGE, Course),
    (Stage.DECIDE, Decided),
]


@pytest.mark.parametrize(("stage", "answers"), QUESTIONS)
def test_every_answer_of_every_question_leads_to_a_stage(stage: Stage, answers: type[StrEnum]) -> None:
    assert set(ROUTES[stage][1]) == set(answers)


def test_every_stage_has_a_way_on() -> None:
    ends = {Stage.FINISH, Stage.CLOSE, Stage.VERIFY_ROLLBACK}

    assert set(ROUTES) | set(THEN) | ends == set(Stage)
    assert {stage for stage, _ in QUESTIONS} == set(ROUTES)


@pytest.mark.parametrize(("asking", "answer"), list(product(Asking, Answer)))
def test_whatever_a_person_says_half_way_is_a_decision(asking: Asking, answer: Answer) -> None:
    assert decided(State(asking=asking, answer=answer)) in set(Decided)


def test_silence_half_way_takes_the_release_back() -> None:
    assert decided(State(asking=Asking.GO_ON)) is Decided.ROLL_BACK


@pytest.mark.parametrize(("stage", "answers"), QUESTIONS)
def test_without_an_answer_nothing_is_let_through(stage: Stage, answers: type[StrEnum]) -> None:
    unsafe = {
        Readiness.READY,
        Planned.GO,
        Answer.APPROVED,
        Turn.MINE,
        Merging.MERGED,
        Course.ACT,
        Course.DONE,
        Decided.GO_ON,
    }

    assert ROUTES[stage][0](State()) not in unsafe


def test_every_stage_can_be_reached_and_left() -> None:
    graph = workflow(STEPS).compile().get_graph(xray=1)

    sources, targets = {edge.source for edge in graph.edges}, {edge.target for edge in graph.edges}
    for name in graph.nodes:
        assert name in targets or name == "__start__"
        assert name in sources or name == "__end__"


def test_the_readme_shows_the_graph() -> None:
    assert drawing() in (Path(__file__).parents[2] / "README.md").read_text()


def test_undoing_has_two_answers() -> None:
    assert set(Undoing) == {Undoing.MORE, Undoing.ALL}
