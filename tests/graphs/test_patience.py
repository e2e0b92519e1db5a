from __future__ import annotations

from collections.abc import Iterable

import pytest

from graphs.patience import (
    AT_THE_TRACKER,
    NOT_DONE,
    TRIES,
    TRIES_AT_THE_END,
    fruitless,
    may_still_come,
    most_tries,
    rest,
)
from orchestrate.errors import OrchestrateError, RateLimited, TrackerSilent, Unreachable
from orchestrate.models.deployment import Event, Stage
from tools.rests import LONGEST_ASKED, TOO_OFTEN

DAY = 86_400.0


def story(kinds: Iterable[str], stage: Stage = Stage.DEPLOY, every: float = 10.0) -> list[Event]:
    return [
        Event(seq=number, deployment="D", at=number * every, stage=stage, kind=kind, text="")
        for number, kind in enumerate(kinds, start=1)
    ]


def test_rests_grow_and_are_bounded() -> None:
    assert [rest(tried, Stage.MERGE) for tried in range(8)] == [5, 10, 20, 40, 80, 160, 300, 300]


@pytest.mark.parametrize(
    ("problem", "seconds"),
    [
        (Unreachable("503"), 5),
        (Unreachable("503", retry_after=2.0), 5),
        (Unreachable("503", retry_after=90.0), 90),
        (RateLimited("429", retry_after=90.0), 90),
        (RateLimited("429"), TOO_OFTEN),
        (RateLimited("429", retry_after=DAY), LONGEST_ASKED),
    ],
)
def test_nobody_is_asked_sooner_than_they_wish(problem: OrchestrateError, seconds: float) -> None:
    assert rest(0, Stage.MERGE, problem) == seconds


def test_telling_how_it_ended_is_tried_for_a_day_and_other_steps_for_twenty_minutes() -> None:
    end = sum(rest(tried, Stage.FINISH) for tried in range(TRIES_AT_THE_END))
    step = sum(rest(tried, Stage.MERGE) for tried in range(TRIES))

    assert DAY <= end <= 1.2 * DAY
    assert 1200 <= step <= 1800


def test_a_tracker_that_is_silent_before_anything_has_begun_is_waited_for_for_hours() -> None:
    silent = TrackerSilent("503")
    rests = [rest(tried, Stage.GATES, silent) for tried in range(most_tries(Stage.GATES, silent))]

    assert AT_THE_TRACKER < sum(rests) < 8 * 3600


def test_what_went_on_begins_to_be_counted_anew() -> None:
    told = story([NOT_DONE, NOT_DONE, "moved_on", NOT_DONE])

    assert len(fruitless(told, Stage.DEPLOY)) == 1
    assert fruitless(told, Stage.ROLL_BACK) == ()


def test_half_way_it_is_waited_for_ten_minutes() -> None:
    told = story([NOT_DONE])

    assert may_still_come([], Stage.DEPLOY, 0.0)
    assert may_still_come(told, Stage.DEPLOY, 10.0 + 599)
    assert not may_still_come(told, Stage.DEPLOY, 10.0 + 601)
