"""Everything about one deployment."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from orchestrate.cli.glance import summary, waits
from orchestrate.cli.output import Output
from orchestrate.cli.scene import Scene
from orchestrate.models.deployment import Deployment, Event
from orchestrate.models.effect import Effect
from orchestrate.models.letter import Letter
from orchestrate.models.model_call import spent
from orchestrate.models.question import Question
from orchestrate.models.watch import Watch
from orchestrate.store import Store
from tools.posting import EDIT

LATEST = 30
"""So many events are shown to people; programs get all of them."""


def show(scene: Scene, out: Output, deployment: str) -> None:
    """Stage, plan hash, questions, watches, events and effects. Raises UnknownDeployment."""
    with scene.store() as store:
        row = store.deployments.deployment(deployment)
        if out.as_json:
            out.result(_data(store, row))
            return
        if stop := store.switch.stopped():
            out.say(f"effects     {stop.words}  (orchestrate allow-effects)")
        for line in _head(row, store.questions.for_deployment(row.id)):
            out.say(line)
        for seen in store.events.foreseen(row.id, row.plan_hash or ""):
            out.say(f"would see   {seen}")
        if calls := store.model_calls.of(row.id):
            out.say(f"models      {spent(calls).words}")
        _show_untold(out, [one for one in store.outbox.owed() if one.deployment == row.id])
        _show_watches(out, store.watches.of(row.id))
        _show_events(out, store.events.of(row.id, limit=100_000))
        _show_effects(out, store.effects.of(row.id))


def _data(store: Store, row: Deployment) -> dict[str, object]:  # pyright: ignore[reportReturnType]
    return {
        **summary(row),
        "request": row.request.model_dump(mode="json"),
        "plan_hash": row.plan_hash,
        "crashes": row.crashes,
        "started_at": row.started_at.isoformat() if row.started_at else None,
        "questions": [one.model_dump(mode="json") for one in store.questions.for_deployment(row.id)],
        "watches": [one.model_dump(mode="json", exclude={"totals"}) for one in store.watches.of(row.id)],
        "events": [one.model_dump(mode="json") for one in store.events.of(row.id, limit=100_000)],
        "effects_stopped": stop.model_dump(mode="json") if (stop := store.switch.stopped()) else None,
        "effects": [one.model_dump(mode="json") for one in store.effects.of(row.id)],
        "untold": [one.model_dump(mode="json") for one in store.outbox.owed() if one.deployment == row.id],
        "model_calls": [one.model_dump(mode="json") for one in store.model_calls.of(row.id)],
    }


def _head(row: Deployment, questions: Sequence[Question]) -> Iterator[str]:
    yield f"deployment  {row.id}  ({row.request.kind} to {row.environment}, service {row.service})"
    yield f"version     {row.version or row.request.version or 'not decided yet'}"
    ships = [f"task {row.request.task}"] if row.request.task else []
    ships += [f"change {row.request.change}"] if row.request.change else []
    yield f"asked by    {row.request.requested_by}{', for ' + ', '.join(ships) if ships else ''}"
    where = f" at {row.stage}" if row.stage else ""
    wait = waits(summary(row))
    yield f"status      {row.outcome or row.status}{where}{', waits for ' + wait if wait else ''}"
    if row.reason:
        yield f"reason      {row.reason}"
    if row.plan_hash:
        yield f"plan        {row.plan_hash}  (orchestrate deploy plan {row.id})"
    for question in questions:
        yield f"question    {question.id}  {_answer(question)}"


def _answer(question: Question) -> str:
    if question.decision is not None:
        by = ", ".join(question.approved_by) if question.needed > 1 else question.decision.by
        return f"{question.decision.kind} by {by} ({question.decision.channel})"
    if question.closed is not None:
        return f"closed: {question.closed}"
    share = f"{len(question.approved_by)} of {question.needed} approved, " if question.needed > 1 else ""
    return f"open, {share}until {_clock(question.expires)}: orchestrate deploy approve {question.id}"


def _show_watches(out: Output, watches: Sequence[Watch]) -> None:
    if watches:
        out.say()
        rows = [
            (
                f"{one.component}/{one.slot}",
                f"{one.share} %",
                "closed" if one.closed_at else f"until {_clock(one.until)}",
                one.judgement.verdict if one.judgement else "",
                one.judgement.sentence if one.judgement else "no samples yet",
            )
            for one in watches
        ]
        out.table(("watched", "traffic", "state", "verdict", "numbers"), rows)
        for one in watches:
            for alert in one.judgement.alerts if one.judgement else ():
                out.say(f"alert       {one.component}/{one.slot}: {alert}")


def _show_untold(out: Output, owed: Sequence[Letter]) -> None:
    if owed:
        out.say()
        rows = [
            (_clock(one.at), one.kind, str(one.tries), one.why or "after those before it") for one in owed
        ]
        out.table(("since", "not told yet", "tries", "why"), rows)


def _show_events(out: Output, events: Sequence[Event]) -> None:
    if events:
        out.say()
        if len(events) > LATEST:
            out.say(f"the last {LATEST} of {len(events)} events (all of them: --json)")
        rows = [(_clock(one.at), one.stage or "", one.kind, one.text) for one in events[-LATEST:]]
        out.table(("at", "stage", "event", "what"), rows)


def _show_effects(out: Output, effects: Sequence[Effect]) -> None:
    shown = [one for one in effects if one.name != EDIT]  # a chat's messages are edited many times
    if shown:
        out.say()
        rows = [(_clock(one.at), one.name, one.state, one.why or one.key) for one in shown]
        out.table(("at", "effect", "state", "what"), rows)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
