"""A cold start that a service's last releases had is allowed for; a crash in that time is caught."""

from __future__ import annotations

from random import Random

import pytest

from orchestrate.analysis import Trigger, judge
from orchestrate.analysis.warmth import Beginning, learned
from orchestrate.models.environment import Monitoring, Triggers
from orchestrate.models.sample import LATENCY_EDGES_MS, Judgement, Sample, Verdict
from orchestrate.models.watch import Prior, WarmUp
from tests.orchestrate.test_analysis_comparison import WATCH, poisson

COLD = 120.0  # seconds
USUAL = 0.005  # of the requests fail


def seen(slot: str, tick: int, times: float, random: Random, requests: int) -> Sample:
    """Ten seconds in which errors are so many times as usual, and as many more answers slow."""
    bad = min(requests, poisson(random, requests * USUAL * times))
    late = min(requests, poisson(random, requests * 0.05 * times))
    buckets = [0] * (len(LATENCY_EDGES_MS) + 1)
    buckets[5], buckets[12] = requests - late, late
    return Sample(
        at=10.0 * tick, component="api", slot=slot, requests=requests, errors=bad, buckets=tuple(buckets),
        healthy=True,
    )  # fmt: skip


def release(
    seed: int, times: float = 3.0, lasts: float = COLD, ticks: int = 40
) -> list[tuple[Sample, Sample]]:
    """A new slot that does so many times worse for the first seconds, and the old one beside it."""
    random = Random(seed)
    cold = [times if 10 * tick <= lasts else 1.0 for tick in range(1, ticks + 1)]
    return [
        (seen("green", tick, worse, random, 300), seen("blue", tick, 1.0, random, 2700))
        for tick, worse in enumerate(cold, start=1)
    ]


def before(*seeds: int, times: float = 3.0, lasts: float = COLD) -> WarmUp | None:
    return learned([Beginning(0.0, release(seed, times, lasts)) for seed in seeds])


def judged(
    pairs: list[tuple[Sample, Sample]], warm_up: WarmUp | None, triggers: Triggers | None = None
) -> Judgement:
    """The first verdict, looking at every sample; or the one at the end of the watch."""
    end = pairs[-1][0].at
    watch = WATCH.model_copy(update={"until": end, "prior": Prior(counts_slow=100, warm_up=warm_up)})
    said = None
    for number in range(1, len(pairs) + 1):
        taken = [one for pair in pairs[:number] for one in pair]
        said = judge(watch, taken, triggers or Triggers(), Monitoring(), 10.0 * number)
        if said.verdict is Verdict.FAIL:
            return said
    assert said is not None
    return said


def test_a_cold_start_like_those_of_the_last_releases_is_not_rolled_back() -> None:
    warm_up = before(1, 2, 3)

    for seed in range(4, 7):
        found = judged(release(seed), warm_up)
        assert found.verdict is Verdict.PASS, found.sentence
        assert found.sentence.endswith(
            "; allowing for a cold start of 2 min (learned from the last 3 releases)"
        )
        assert (found.numbers["warm_up"], found.numbers["warm_up_releases"]) == (120, 3)


def test_the_same_where_nothing_was_learned_is_rolled_back_and_says_so() -> None:
    found = judged(release(4), None)

    assert found.verdict is Verdict.FAIL
    assert found.sentence.endswith("; allowing for a cold start of 90 s (neither declared nor learned)")


def test_a_crash_while_it_is_cold_is_caught() -> None:
    failing = [(new.model_copy(update={"errors": 150}), old) for new, old in release(4)[:6]]
    late = [*release(4)[:3], *failing[3:]]
    sick = [(new.model_copy(update={"healthy": False}), old) for new, old in release(5)]

    assert judged(failing, before(1, 2, 3)).trigger == Trigger.ERROR_BURST
    assert judged(late, before(1, 2, 3)).verdict is Verdict.FAIL
    assert judged(sick, before(1, 2, 3)).trigger == Trigger.HEALTH_CHECKS


def test_much_more_harm_than_the_cold_start_of_the_last_releases_is_caught_while_it_is_cold() -> None:
    found = judged(release(4, times=15.0), before(1, 2, 3))

    assert (found.verdict, found.trigger) == (Verdict.FAIL, Trigger.COMPARISON)
    assert "learned from the last 3 releases" in found.sentence


def test_what_is_declared_wins() -> None:
    found = judged(release(4), before(1, 2, 3), Triggers(warm_up=0))

    assert (found.verdict, found.numbers["warm_up"]) == (Verdict.FAIL, 0)
    assert found.sentence.endswith("; allowing for no cold start (declared)")


def test_releases_without_a_cold_start_allow_none() -> None:
    warm = before(1, 2, 3, times=1.0)

    assert warm is not None and warm.seconds <= 20
    assert before(1, 2, 3, lasts=60).seconds in (60, 80)  # pyright: ignore[reportOptionalMemberAccess]


@pytest.mark.parametrize(
    "releases",
    [
        [],
        [Beginning(0.0, ())],
        [Beginning(0.0, release(1))],
        [Beginning(0.0, release(seed, ticks=2)) for seed in (1, 2, 3)],
        [Beginning(0.0, release(seed, lasts=10_000.0)) for seed in (1, 2, 3)],
    ],
    ids=["none", "nothing measured", "one", "hardly measured", "worse all the time"],
)
def test_too_little_or_what_does_not_pass_teaches_nothing(releases: list[Beginning]) -> None:
    assert learned(releases) is None


def test_without_an_old_slot_beside_it_a_release_is_held_against_its_own_later_time() -> None:
    alone = [Beginning(0.0, [(new, None) for new, _ in release(seed, ticks=120)]) for seed in (1, 2, 3)]

    found = learned(alone)

    assert found is not None and found.seconds == COLD
    assert all(2.5 < one < 6 for one in found.times)


def test_never_is_more_than_ten_times_the_usual_allowed() -> None:
    found = before(1, 2, 3, times=30.0)

    assert found is not None and max(found.times) == 10


def test_a_watch_that_was_stored_before_knows_of_no_cold_start() -> None:
    assert Prior.model_validate_json('{"seconds": 60.0, "requests": 5}').warm_up is None
