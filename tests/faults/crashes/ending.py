"""How it ended: everything that may not differ from the undisturbed twin's ending."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from langchain_core.runnables import RunnableConfig

from orchestrate.models.deployment import Deployment
from orchestrate.models.effect import EffectState
from tests.faults.crashes.outside import done, plain
from tests.stories.world import World

IN_OTHER_WORDS = frozenset({"undone", "moved_on", "verdict", "failed", "cause", "workspace", "new_lines"})
"""Lines of a story whose words depend on how much was there, or was counted, when they were told."""

BY_THE_WAY = frozenset({"extended", "report", "not_sampled", "not_done", "kept", "told_late"})
"""Lines that depend on how long nobody worked."""

TITLE = 30  # characters; further on it may be clipped behind a count
KINDS = ("duplicated", "lost", "stuck", "different")


@dataclass
class Ending:
    """Facts about the end, how often each thing was done to the outside, and the writes on the way."""

    facts: list[str] = field(default_factory=list[str])
    done: dict[str, int] = field(default_factory=dict[str, int])
    passed: list[str] = field(default_factory=list[str])


Wrong = dict[str, list[str]]
"""What is not as with the undisturbed twin, in words, by KINDS."""


def compared(found: Ending, twin: Ending) -> Wrong:
    """What was done too often, or never, and which facts are other ones."""
    more, less = Counter(found.done) - Counter(twin.done), Counter(twin.done) - Counter(found.done)
    facts, wanted = Counter(found.facts), Counter(twin.facts)
    different = [f"+ {one}" for one in (facts - wanted).elements()]
    different += [f"- {one}" for one in (wanted - facts).elements()]
    said = {
        "duplicated": sorted(more.elements()),
        "lost": sorted(less.elements()),
        "different": sorted(different),
    }
    return {kind: words for kind, words in said.items() if words}


async def ending_of(here: World) -> Ending:
    """Everything that counts in the end."""
    rows = tuple(reversed(here.store.deployments.latest()))
    facts = [one for row in rows for one in _about(here, row)]
    facts += [one async for one in _tasks(here)]
    facts += [one async for one in _places(here)]
    facts += [f"{len([*here.crew.workspaces.glob(where)])} {where}" for where in ("ws-*", ".trash/*")]
    facts += [f"{len([*here.runner.records.folder.glob('*')])} reports"]
    left = [one for row in rows async for one in here.runner.saver.alist(_thread(row.id))]
    return Ending([*facts, f"{len(left)} positions left"], dict(done()))


def _thread(deployment: str) -> RunnableConfig:
    return {"configurable": {"thread_id": deployment}}


def _about(here: World, row: Deployment) -> Iterator[str]:
    store, name = here.store, f"{row.request.kind} to {row.environment}"
    yield f"{name}: {row.status} {row.outcome} {plain(row.reason)}"
    for asked in store.questions.for_deployment(row.id):
        said, used = asked.decision.kind if asked.decision else None, bool(asked.consumed_at)
        closed = plain(asked.closed or "")
        yield f"{name} asked {plain(asked.gate_kind)}: {said}, closed {closed}, used {used}"
    for effect in store.effects.of(row.id):
        if effect.state is not EffectState.DONE:
            yield f"{name}: {plain(effect.key)} is {effect.state}"
    for watch in store.watches.of(row.id):
        yield f"{name} watched {watch.slot} at {watch.share} %, closed {bool(watch.closed_at)}"
    story = [one for one in store.events.of(row.id, limit=10_000) if one.kind not in BY_THE_WAY]
    told = {(one.kind, "" if one.kind in IN_OTHER_WORDS else plain(one.text)) for one in story}
    yield from sorted(f"{name} told {kind}: {text}" for kind, text in told)


async def _tasks(here: World) -> AsyncIterator[str]:
    for task in await here.tracker.tasks(only_open=False):
        title = plain(task.title)[:TITLE]
        yield plain(f"task {task.queue} {task.status} {title} {task.closed_reason} after {task.depends_on}")
        for said in await here.tracker.comments(task.id):
            yield plain(f"{task.title} / {said.author}: {said.text.splitlines()[0]}")


async def _places(here: World) -> AsyncIterator[str]:
    for name, provider in here.providers.items():
        slots = {slot.name: slot.version.name for slot in provider.slots.values() if slot.version}
        yield f"{name} runs {slots}, traffic {provider.weights}"
        yield f"{name} is held by {here.store.locks.holder(name, 'shop')}"
        for quarantined in here.store.quarantine.active(name, "shop"):
            yield f"quarantined in {name}: {plain(quarantined.commit)}"
        for part, target in here.targets(here.environments[name]).items():
            for applied in await target.applied():
                yield f"{part} has {applied.name}"
