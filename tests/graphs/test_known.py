"""What a watch knows when it begins, read from what finished deployments left in the store."""

from __future__ import annotations

import pytest

from graphs.steps.known import known_before
from orchestrate.models.move import Analyse
from orchestrate.models.sample import Judgement, Verdict
from orchestrate.models.watch import WarmUp
from orchestrate.store import Store
from tests.orchestrate.test_analysis_warmth import release

CANARY = Analyse(component="api", slot="green", baseline="blue", seconds=300, share=10)


def finished(store: Store, name: str, seed: int, verdict: Verdict = Verdict.PASS) -> None:
    """A canary of five minutes with a cold start, and a watch with all the traffic; then it is pruned."""
    began = 10_000.0 * seed
    moved = [
        one.model_copy(update={"at": began + one.at}) for pair in release(seed, ticks=120) for one in pair
    ]
    for index, (until, share, is_last) in enumerate(((300.0, 10, False), (1200.0, 100, True))):
        opened = began + (300.0 if is_last else 0.0)
        watch = store.watches.open(
            id=f"{name}:{index}", deployment=name, environment="production", component="api", slot="green",
            baseline=None if is_last else "blue", opened_at=opened, until=began + until, interval=10,
            share=share, final=is_last,
        )  # fmt: skip
        taken = [one for one in moved if opened < one.at <= began + until]
        store.watches.sampled(watch.id, [one for one in taken if one.slot == "green" or not is_last], {})
        store.watches.judge(watch.id, Judgement(verdict=verdict, trigger="passed", sentence="well"))
        store.watches.close(watch.id)
    store.prune(name)


def warm_up(store: Store, deployment: str = "now") -> WarmUp | None:
    return known_before(store, deployment, "production", CANARY, 100_000.0).warm_up


def test_a_cold_start_is_learned_from_what_finished_deployments_left(any_store: Store) -> None:
    for seed in (1, 2, 3):
        finished(any_store, f"D{seed}", seed)

    found = warm_up(any_store)

    assert found is not None and found.releases == 3
    assert found.seconds in (120, 140)  # a step of the clock may hold some of both
    assert all(2.5 < one < 5 for one in found.times)


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_releases_that_did_not_do_well_teach_nothing(store: Store, verdict: Verdict) -> None:
    finished(store, "D1", 1)
    finished(store, "D2", 2, verdict)

    assert warm_up(store) is None


def test_a_deployment_teaches_itself_nothing(store: Store) -> None:
    finished(store, "D1", 1)
    finished(store, "now", 2)

    assert warm_up(store) is None


def test_only_the_last_releases_teach(store: Store) -> None:
    for seed in range(1, 8):
        finished(store, f"D{seed}", seed)

    found = warm_up(store)

    assert found is not None and found.releases == 5
