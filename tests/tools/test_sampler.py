from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some

from orchestrate.errors import Unreachable
from orchestrate.models.alert import Alert
from orchestrate.models.environment import Component, Environment, EnvironmentType
from orchestrate.models.runtime import Running, Slot
from orchestrate.models.sample import Counters, Sample, SampleState
from orchestrate.models.watch import Watch
from tests.tools.systems.running import slot
from tools.increments import increment
from tools.metrics import MemoryMetrics, combined
from tools.place import Place
from tools.provider import MemoryProvider
from tools.providers.by_component import ByComponent
from tools.sampler import FIRST, Sampler
from tools.series import MemorySeries

WATCH = Watch(
    id="D1:1", deployment="D1", environment="here", component="api", slot="green", baseline="blue",
    opened_at=0, until=600, interval=10, share=5, next_at=0,
)  # fmt: skip


class Scene:
    """Two slots that run, numbers that a test sets, and a clock that ticks ten seconds per look."""

    def __init__(self) -> None:
        component = Component(name="api", port=8080, memory_limit=200)
        self.provider, self.metrics, self.now = MemoryProvider(), MemoryMetrics(), 0.0
        self.series, self.alerts = MemorySeries(), dict[str, Alert]()
        self.place = Place(
            environment=Environment(
                name="here",
                type=EnvironmentType.DEV,
                service="shop",
                components=(component,),
                root=Path("/srv"),
            ),
            provider=self.provider,
            addresses=self.provider,
            logs=self.provider,
            metrics=self.metrics,
            series=self.series,
            secret=str,
        )
        self.watch = WATCH
        for name in ("green", "blue"):
            self.run(slot(name, ["127.0.0.1:1", "127.0.0.1:2"]))

    def run(self, here: Slot) -> None:
        self.provider.slots["api", here.name] = here

    def change(self, **facts: object) -> None:
        """Make the first instance of the new slot different."""
        here = self.provider.slots["api", "green"]
        first = here.instances[0].model_copy(update=facts)
        self.run(here.model_copy(update={"instances": (first, *here.instances[1:])}))

    def counts(self, **totals: Counters | SampleState) -> None:
        self.metrics.numbers = {("api", name): total for name, total in totals.items()}

    async def look(self) -> tuple[Sample, ...]:
        self.now += 10
        taken, totals = await Sampler(lambda: self.now).sample(self.watch, self.place, self.alerts)
        self.watch = self.watch.model_copy(update={"totals": totals})
        return taken


def total(requests: int, errors: int = 0, database_errors: int = 0) -> Counters:
    return Counters(requests=requests, errors=errors, buckets=(requests, 0), database_errors=database_errors)


async def test_series_are_sampled_in_the_new_slot_and_in_the_old_where_they_decide() -> None:
    scene = Scene()
    scene.alerts = {"pool": Alert(metric="pool"), "orders": Alert(metric="orders", rollback=True)}
    scene.series.levels = {("pool", ""): 7.5, ("orders", "blue"): 3.0}

    new, old = await scene.look()

    assert new.series == {"pool": 7.5, "orders": SampleState.NO_DATA}
    assert old.series == {"orders": 3.0}


async def test_the_first_reading_is_no_increment() -> None:
    scene = Scene()
    scene.counts(green=total(500, 50), blue=total(9000))

    new, old = await scene.look()

    assert (new.state, new.requests, new.note) == (SampleState.NO_DATA, 0, FIRST)
    assert (old.state, old.slot, new.at, old.at) == (SampleState.NO_DATA, "blue", 10, 10)


async def test_later_readings_are_increments_of_both_slots() -> None:
    scene = Scene()
    scene.counts(green=total(500, 50, 1), blue=total(9000))
    await scene.look()
    scene.counts(green=total(530, 52, 4), blue=total(9500))

    new, old = await scene.look()

    assert (new.state, new.requests, new.errors, new.database_errors) == (SampleState.OK, 30, 2, 3)
    assert (new.buckets, new.healthy, old.requests, old.at) == ((30, 0), True, 500, 20)


async def test_a_total_that_became_smaller_began_anew() -> None:
    scene = Scene()
    scene.counts(green=total(500, 50))
    await scene.look()
    scene.counts(green=total(20, 1))

    new, _ = await scene.look()

    assert (new.requests, new.errors, new.buckets) == (20, 1, (20, 0))


async def test_a_gap_is_named_and_what_was_known_before_it_still_counts() -> None:
    scene = Scene()
    scene.counts(green=total(500))
    await scene.look()
    scene.counts(green=SampleState.SOURCE_DOWN)
    gap, _ = await scene.look()
    scene.counts(green=total(540))

    new, _ = await scene.look()

    assert (gap.state, gap.requests, gap.healthy) == (SampleState.SOURCE_DOWN, 0, True)
    assert (new.state, new.requests) == (SampleState.OK, 40)


async def test_lost_totals_invent_nothing() -> None:
    scene = Scene()
    scene.counts(green=total(500))
    await scene.look()
    scene.watch = WATCH
    scene.counts(green=total(900))

    new, _ = await scene.look()

    assert (new.state, new.note, new.restarts) == (SampleState.NO_DATA, FIRST, 0)


async def test_totals_survive_a_store() -> None:
    scene = Scene()
    scene.counts(green=combined({"a": total(5), "b": total(6)}))
    await scene.look()

    assert Watch.model_validate_json(scene.watch.model_dump_json()) == scene.watch


async def test_empty_slots_have_names_of_their_own() -> None:
    scene = Scene()
    scene.provider.slots.clear()

    new, old = await scene.look()

    assert (new.state, new.healthy) == (SampleState.NO_INSTANCE, False)
    assert old.state is SampleState.NO_BASELINE


async def test_without_a_baseline_only_the_new_slot_is_sampled() -> None:
    scene = Scene()
    scene.watch = WATCH.model_copy(update={"baseline": None})

    assert [one.slot for one in await scene.look()] == ["green"]


async def test_health_restarts_and_load_come_from_the_provider() -> None:
    scene = Scene()
    scene.counts(green=total(1))
    await scene.look()
    scene.change(healthy=False, restarts=2, detail="no answer from /health", cpu=30.0, memory=150.0)

    new, _ = await scene.look()
    again, _ = await scene.look()

    assert (new.healthy, new.restarts, again.restarts) == (False, 2, 0)
    assert new.note == "green-1: no answer from /health"
    assert (new.cpu, new.memory, new.memory_share) == (30.0, 150.0, 75.0)


async def test_a_missing_instance_is_unhealthy() -> None:
    scene = Scene()
    here = scene.provider.slots["api", "green"]
    scene.run(here.model_copy(update={"instances": here.instances[:1]}))

    assert (await scene.look())[0].healthy is False


class MeasuringProvider(MemoryProvider):
    """A place that tells what instances take only to whoever waits for it."""

    async def measured(self, component: Component) -> Running:
        here = await self.running(component)
        slots = [
            slot.model_copy(
                update={"instances": tuple(one.model_copy(update={"cpu": 30.0}) for one in slot.instances)}
            )
            for slot in here.slots
        ]
        return here.model_copy(update={"slots": tuple(slots)})


async def test_a_place_that_has_to_measure_is_asked_to_for_samples_alone() -> None:
    scene = Scene()
    place = MeasuringProvider()
    place.slots = scene.provider.slots
    scene.place = replace(scene.place, provider=ByComponent({"api": place}))

    new, _ = await scene.look()

    assert new.cpu == 30.0
    seen = (await scene.place.provider.running(scene.place.component("api"))).slots
    assert {one.cpu for slot in seen for one in slot.instances} == {None}


class BlindProvider(MemoryProvider):
    """A place that could measure, and has nobody who tells it."""

    async def measured(self, component: Component) -> Running:
        return (await self.running(component)).model_copy(update={"unmeasured": "no metrics API"})


async def test_why_nobody_tells_what_instances_take_is_kept() -> None:
    scene = Scene()
    place = BlindProvider()
    place.slots = scene.provider.slots
    scene.place = replace(scene.place, provider=place)

    new, _ = await scene.look()

    assert (new.cpu, new.memory_share, new.unmeasured) == (None, None, "no metrics API")


class LostProvider(MemoryProvider):
    """A place that does not answer."""

    async def running(self, component: Component) -> Running:
        raise Unreachable("the host is gone")


async def test_a_place_that_does_not_answer_is_a_source_that_is_down() -> None:
    scene = Scene()
    scene.counts(green=total(500))
    await scene.look()
    known = scene.watch.totals
    scene.place = replace(scene.place, provider=LostProvider())

    new, old = await scene.look()

    assert {new.state, old.state} == {SampleState.SOURCE_DOWN}
    assert (new.healthy, new.note, scene.watch.totals) == (None, "the host is gone", known)


async def test_one_restarted_instance_does_not_bring_back_the_counts_of_the_others() -> None:
    scene = Scene()
    scene.counts(green=combined({"a": total(1000), "b": total(1000)}))
    await scene.look()
    scene.counts(green=combined({"a": total(1010), "b": total(4, 1)}))

    new, _ = await scene.look()

    assert (new.requests, new.errors, new.buckets) == (14, 1, (14, 0))


async def test_an_instance_that_comes_back_or_is_new_invents_nothing() -> None:
    scene = Scene()
    scene.counts(green=combined({"a": total(1000), "b": total(1000)}))
    await scene.look()
    scene.counts(green=combined({"a": total(1010)}))
    await scene.look()
    scene.counts(green=combined({"a": total(1020), "b": total(1005), "c": total(700)}))

    new, _ = await scene.look()

    assert new.requests == 10 + 5


@given(some.lists(some.tuples(some.integers(0, 50), some.booleans()), min_size=1, max_size=30))
def test_increments_add_up_to_what_happened(history: list[tuple[int, bool]]) -> None:
    before, counted = total(0), 0
    for happened, restarted in history:
        since = 0 if restarted and happened < before.requests else before.requests
        now = total(since + happened)
        counted += increment(before, now).requests
        before = now

    assert counted == sum(happened for happened, _ in history)
