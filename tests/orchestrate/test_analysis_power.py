"""What a watch can see before it begins, and when it has seen enough."""

from __future__ import annotations

import pytest

from orchestrate.analysis import Trigger, judge
from orchestrate.analysis.power import foresight
from orchestrate.models.environment import CanaryStep, Monitoring, Triggers
from orchestrate.models.sample import Judgement, SampleState, Verdict
from orchestrate.models.watch import Prior
from tests.orchestrate.test_analysis_comparison import WATCH, samples

TEN_A_SECOND = Prior(seconds=3600, requests=36_000, errors=36)
HARM = Triggers(smallest_harm=100, warm_up=0)  # 1 % more errors


def seen(seconds: int, known: Prior = TEN_A_SECOND, share: int = 10) -> float | None:
    found = foresight(CanaryStep(share=share, seconds=seconds), known, Triggers())
    assert found is not None
    return found.errors


def test_more_time_and_a_larger_share_show_smaller_harm() -> None:
    short, long, shared = seen(300), seen(3600), seen(300, share=50)

    assert short is not None and long is not None and shared is not None
    assert 0.01 < short < 0.03
    assert 0.003 < long < short and shared < short


def test_too_few_requests_show_nothing_and_say_so() -> None:
    found = foresight(CanaryStep(share=1, seconds=60), TEN_A_SECOND, Triggers())

    assert found is not None and found.errors is None
    assert found.sentence == (
        "1 % of the traffic for 60 s (6 requests) are too few to see any harm:"
        " make the step longer or its share larger;"
        " 1 % more errors take 601 requests, 100 min of this share"
    )


@pytest.mark.parametrize(("harm", "share"), [(0, 10), (50, 10), (50, 50)])
def test_as_much_traffic_as_it_says_shows_the_harm(harm: int, share: int) -> None:
    triggers = Triggers(smallest_harm=harm)
    brief = foresight(CanaryStep(share=share, seconds=60), TEN_A_SECOND, triggers)
    assert brief is not None and brief.takes is not None

    seconds = round(brief.takes / brief.pace)
    enough = foresight(CanaryStep(share=share, seconds=seconds), TEN_A_SECOND, triggers)

    assert enough is not None and enough.errors == pytest.approx(0.001 + (harm or 100) / 10_000, rel=0.02)


def test_harm_that_is_seen_has_no_price() -> None:
    found = foresight(CanaryStep(share=10, seconds=3600), TEN_A_SECOND, Triggers())

    assert found is not None and found.price == ""


def test_harm_below_the_tolerance_is_not_seen_with_any_traffic() -> None:
    often = Prior(seconds=3600, requests=36_000, errors=3_600)

    found = foresight(CanaryStep(share=10, seconds=60), often, Triggers())

    assert found is not None and found.takes is None
    assert found.sentence.endswith("; 1 % more errors are too few to be told from luck with any traffic")


@pytest.mark.parametrize("known", [Prior(), Prior(seconds=10)])
def test_nothing_is_foreseen_of_what_was_never_measured(known: Prior) -> None:
    assert foresight(CanaryStep(share=10, seconds=60), known, Triggers()) is None


def after(ticks: int, triggers: Triggers, errors: float = 0.001, **watch: object) -> Judgement:
    taken = samples(errors=(errors, 0.001), ticks=ticks)
    return judge(WATCH.model_copy(update=watch), taken, triggers, Monitoring(), 10.0 * ticks)


def test_a_step_passes_as_soon_as_the_declared_harm_would_have_shown() -> None:
    early, enough = (after(ticks, HARM, prior=Prior(counts_slow=100)) for ticks in (2, 20))

    assert early.trigger == Trigger.WATCHING
    assert (enough.verdict, enough.trigger) == (Verdict.PASS, Trigger.EXCLUDED)
    assert enough.sentence.endswith("; 1 % more errors would have shown by now")


def test_without_a_declared_harm_the_clock_alone_ends_a_step() -> None:
    assert after(20, Triggers(warm_up=0)).trigger == Trigger.WATCHING


def test_where_nobody_measured_how_restless_answers_are_the_clock_ends_a_step() -> None:
    assert after(60, HARM).trigger == Trigger.WATCHING


def test_half_of_the_declared_harm_is_not_excluded_at_once() -> None:
    assert after(20, HARM, errors=0.008).verdict is not Verdict.PASS


def test_the_watch_after_the_promotion_lasts_its_time() -> None:
    assert after(20, HARM, final=True).trigger == Trigger.WATCHING


def test_missing_samples_end_no_step_early() -> None:
    taken = samples(errors=(0.001, 0.001), ticks=20)
    lost = [
        one.model_copy(update={"state": SampleState.NO_DATA}) if one.at % 40 == 0 else one for one in taken
    ]

    assert judge(WATCH, lost, HARM, Monitoring(), 200).trigger == Trigger.WATCHING
