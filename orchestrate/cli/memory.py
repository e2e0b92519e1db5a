"""Memory: what was learnt by deploying, and forgetting what was learnt wrongly."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Annotated

import typer

from orchestrate.cli import options
from orchestrate.cli.identity import identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import opened, scene_of
from orchestrate.counter.naming import environment_named, environments
from orchestrate.errors import EffectRefused, Refused, UnknownLearning
from orchestrate.models.audit import AuditKind
from orchestrate.models.learning import Learning
from orchestrate.remembered import memory_of
from orchestrate.reports.markdown import instant
from orchestrate.settings import Settings
from orchestrate.store import Store
from tools.remembering import Memory

OF_DEPLOYMENT = "deployment/"
SHORTEST, MOST_FILES = 4, 3

Which = Annotated[str, typer.Argument(metavar="ID", help="The deployment that taught it, or its beginning.")]
OnlyComponent = Annotated[
    str | None, typer.Option("--component", metavar="C", help="Only about this component.")
]
OnlyFile = Annotated[str | None, typer.Option("--file", metavar="PATH", help="Only about this file.")]
Reason = Annotated[
    str, typer.Option("--reason", "-m", metavar="TEXT", help="What is wrong about it; recorded.")
]


def list_all(
    ctx: typer.Context,
    environment: options.AnyEnvironment = None,
    component: OnlyComponent = None,
    file: OnlyFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what was learnt, newest first: it is a reason of the risk of the next plan for the same files."""
    out, settings = Output(as_json), scene_of(ctx).settings()
    with opened(settings) as store:
        place = environment_named(settings, store, environment).name if environment else None
        told = [(one, _components(store, one)) for one in _all(_memory(settings, store))]
    found = [
        (one, parts)
        for one, parts in told
        if place in (None, one.environment)
        and (component is None or component in parts)
        and (file is None or file in one.files)
    ]
    out.result({"learnings": [_facts(one, parts) for one, parts in found]})
    if not found:
        out.say("nothing was learnt there" if environment or component or file else "nothing was learnt yet")
        return
    out.table(("id", "environment", "components", "went", "what", "files"), [_row(*one) for one in found])


def show(ctx: typer.Context, which: Which, as_json: AsJson = False) -> None:
    """Show one of them, with all its files."""
    out, settings = Output(as_json), scene_of(ctx).settings()
    with opened(settings) as store:
        one = _named(_all(_memory(settings, store)), which)
        parts = _components(store, one)
    out.result({"learning": _facts(one, parts)})
    out.say(f"{_id(one)}  {one.service} in {one.environment}, {instant(one.at)}: {_went(one)}")
    out.say(one.text)
    for title, words in (("components", parts), ("files", one.files)):
        if words:
            out.say(f"{title:11} {', '.join(words)}")


def remove(ctx: typer.Context, which: Which, reason: Reason, as_json: AsJson = False) -> None:
    """Forget what was learnt wrongly. Only for people with the role operator or approver; recorded."""
    out, settings = Output(as_json), scene_of(ctx).settings()
    if not reason.strip():
        raise typer.BadParameter("--reason: expected what is wrong about it")
    with opened(settings) as store:
        memory = _memory(settings, store)
        one = _named(_all(memory), which)
        place = environments(settings, store).get(one.environment)
        by = identity(settings).must_overrule(place[0] if place else None).name
        facts = {"learning": one.key, "environment": one.environment, "reason": reason}
        store.audit.add(AuditKind.FORGOTTEN, by=by, **facts)
        asyncio.run(memory.forget(one.key, reason))
    out.result({"forgotten": one.key, "environment": one.environment, "by": by, "reason": reason})
    out.say(f"{_id(one)} of {one.environment} is forgotten, on the word of {by}: {reason}")


def _memory(settings: Settings, store: Store) -> Memory:
    memory = memory_of(settings, store)
    if memory is None:
        raise Refused("nothing is learnt here", cure="memory: {kind: builtin} in orchestrate.yaml")
    return memory


def _all(memory: Memory) -> Sequence[Learning]:
    return asyncio.run(memory.all())


def _named(kept: Sequence[Learning], which: str) -> Learning:
    said = which.removeprefix(OF_DEPLOYMENT)
    begun = [one for one in kept if len(said) >= SHORTEST and _id(one).startswith(said)]
    found = [one for one in kept if said == _id(one)] or begun
    if len(found) != 1:
        raise UnknownLearning(which, [_id(one) for one in found or kept][:10])
    return found[0]


def _components(store: Store, one: Learning) -> Collection[str]:
    """What its deployment was about; nothing where that is not known here."""
    try:
        return tuple(dict.fromkeys(part.component for part in store.plans.of(_id(one)).ships))
    except EffectRefused:
        return ()


def _facts(one: Learning, components: Collection[str]) -> dict[str, object]:
    return {"id": _id(one), **one.model_dump(mode="json"), "components": list(components)}


def _row(one: Learning, components: Collection[str]) -> tuple[str, ...]:
    more = f" and {len(one.files) - MOST_FILES} more" if len(one.files) > MOST_FILES else ""
    files = f"{', '.join(one.files[:MOST_FILES])}{more}"
    return (_id(one), one.environment, ", ".join(components), _went(one), one.text, files)


def _id(one: Learning) -> str:
    return one.key.removeprefix(OF_DEPLOYMENT)


def _went(one: Learning) -> str:
    return "well" if one.was_good else "badly"
