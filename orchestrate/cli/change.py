"""Changes of the built-in forge: propose a branch, review it, report checks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrate.cli.identity import Identity, identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, opened, scene_of
from orchestrate.counter.naming import change_number
from orchestrate.errors import Refused, UnknownChange
from orchestrate.models.change import Change, Check, CheckState, NewChange, Review, ReviewVerdict
from orchestrate.models.environment import Channel
from orchestrate.models.task import Label
from orchestrate.settings import Settings
from orchestrate.store import Store

if TYPE_CHECKING:
    from orchestrate.forges import WholeForge

Id = Annotated[str, typer.Argument(metavar="CHANGE", help="Its id, e.g. 1 or C-1.")]
Branch = Annotated[
    str, typer.Option("--branch", "-b", metavar="B", help="The branch that wants to be deployed.")
]
Title = Annotated[
    str, typer.Option("--title", "-t", metavar="TEXT", help="What it does. Default: the branch.")
]
Body = Annotated[str, typer.Option("--body", metavar="TEXT", help="More about it.")]
Base = Annotated[str | None, typer.Option("--base", metavar="B", help="Where it goes. Default: forge.base.")]
Draft = Annotated[bool, typer.Option("--draft", help="Not to be merged yet.")]
Approves = Annotated[bool, typer.Option("--approve/--request-changes", help="The verdict.")]
Name = Annotated[str, typer.Option("--name", "-n", metavar="NAME", help="What was checked, e.g. tests.")]
State = Annotated[CheckState, typer.Option("--state", "-s", help="What came of it.")]
Sha = Annotated[str | None, typer.Option("--sha", metavar="SHA", help="For this commit. Default: the head.")]
Url = Annotated[str, typer.Option("--url", metavar="URL", help="Where to read more.")]
Mark = Annotated[str, typer.Argument(metavar="LABEL", help="E.g. security-approved or qa-approved.")]
"""Heads are git's own: what is said of a change is said of the head that it has at that moment."""

Doing = Callable[["WholeForge", Store, Identity], Awaitable[Change]]


def open_one(  # noqa: PLR0913  one parameter per option
    ctx: typer.Context,
    branch: Branch,
    title: Title = "",
    body: Body = "",
    base: Base = None,
    draft: Draft = False,
    as_json: AsJson = False,
) -> None:
    """Propose a branch of the remote as a change."""
    scene = scene_of(ctx)
    default = scene.settings().forge.base

    async def opening(forge: WholeForge, _: Store, who: Identity) -> Change:
        new = NewChange(
            title=title or branch,
            author=who.on(Channel.FORGE),
            branch=branch,
            base=base or default,
            body=body,
            draft=draft,
        )
        return await forge.open(new)

    _done(Output(as_json), _with_forge(scene, opening, is_anywhere=True), "open")


def review(ctx: typer.Context, change: Id, approve: Approves = True, as_json: AsJson = False) -> None:
    """Approve a change's head, or ask for changes. Not your own."""

    async def reviewing(forge: WholeForge, store: Store, who: Identity) -> Change:
        found = await _found(forge, store, change)
        by = who.on(Channel.FORGE)
        if by == found.author:
            raise Refused(f"{by} wrote change {found.id} and does not review it", cure="ask somebody else")
        verdict = ReviewVerdict.APPROVED if approve else ReviewVerdict.CHANGES_REQUESTED
        store.changes.review(found.id, Review(by=by, verdict=verdict, sha=found.head, at=datetime.now(UTC)))
        return await forge.change(found.id)

    _done(Output(as_json), _with_forge(scene_of(ctx), reviewing), "approved" if approve else "sent back")


def check(  # noqa: PLR0913  one parameter per option
    ctx: typer.Context,
    change: Id,
    name: Name,
    state: State,
    sha: Sha = None,
    url: Url = "",
    as_json: AsJson = False,
) -> None:
    """Report a check's result for a change's head, as CI does."""

    async def reporting(forge: WholeForge, store: Store, who: Identity) -> Change:
        found = await _found(forge, store, change)
        commit = (await forge.version(sha)).commit if sha else found.head
        reported = Check(name=name, state=state, sha=commit, url=url, by=who.on(Channel.FORGE))
        store.changes.check(found.id, reported)
        return await forge.change(found.id)

    _done(Output(as_json), _with_forge(scene_of(ctx), reporting), f"{name} {state}")


def label(ctx: typer.Context, change: Id, name: Mark, as_json: AsJson = False) -> None:
    """Put a label on a change's head, as yourself."""

    async def labelling(forge: WholeForge, store: Store, who: Identity) -> Change:
        found = await _found(forge, store, change)
        store.changes.label(found.id, Label(name=name, by=who.on(Channel.FORGE), sha=found.head))
        return await forge.change(found.id)

    _done(Output(as_json), _with_forge(scene_of(ctx), labelling), f"labelled {name}")


def list_all(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show every change, oldest first."""
    _refuse_elsewhere(scene_of(ctx).settings())
    with scene_of(ctx).store() as store:
        found = store.changes.all()
    out = Output(as_json)
    out.result({"changes": [one.model_dump(mode="json") for one in found]})
    if not found:
        out.say("no changes")
        return
    rows = [
        (
            one.id,
            one.branch,
            one.author,
            "merged" if one.merge_commit else "draft" if one.draft else "open",
            one.title,
        )
        for one in found
    ]
    out.table(("change", "branch", "author", "state", "title"), rows)


def show(ctx: typer.Context, change: Id, as_json: AsJson = False) -> None:
    """Show a change as it is now: head, reviews, checks and labels."""

    async def looking(forge: WholeForge, store: Store, _: Identity) -> Change:
        return await _found(forge, store, change)

    found = _with_forge(scene_of(ctx), looking, is_anywhere=True)
    out = Output(as_json)
    out.result({"change": found.model_dump(mode="json")})
    out.say(f"change {found.id}  {found.title}")
    out.say(f"{found.branch} → {found.base}, {found.state}, by {found.author}, head {found.head[:12]}")
    said = [("review", one.by, one.verdict, one.sha) for one in found.reviews]
    said += [("check", one.name, one.state, one.sha) for one in found.checks]
    said += [("label", one.by, one.name, one.sha or "") for one in found.labels]
    rows = [(*row[:3], f"{row[3][:12]}{'' if row[3] == found.head else ' (not the head)'}") for row in said]
    if rows:
        out.table(("what", "by", "says", "of"), rows)


def _refuse_elsewhere(settings: Settings) -> None:
    """Raise Refused where changes are kept by another forge than ours."""
    forge = settings.forge
    if forge.kind != "git":
        said = f"the changes of {forge.repository} are listed, reviewed, checked and labelled on GitHub"
        raise Refused(said, cure="look at one with: orchestrate change show NUMBER")


def _with_forge(scene: Scene, doing: Doing, *, is_anywhere: bool = False) -> Change:
    settings = scene.settings()
    if not is_anywhere:
        _refuse_elsewhere(settings)
    with opened(settings) as store:
        return asyncio.run(_doing(settings, store, doing))


async def _doing(settings: Settings, store: Store, doing: Doing) -> Change:
    from orchestrate.forges import forge_of
    from orchestrate.vault import vault_of

    _, forge = forge_of(settings, store, vault_of(settings, store))
    return await doing(forge, store, identity(settings))


async def _found(forge: WholeForge, store: Store, id: str) -> Change:
    try:
        return await forge.change(change_number(id))
    except UnknownChange:
        raise UnknownChange(id, [one.id for one in store.changes.all()]) from None


def _done(out: Output, change: Change, what: str) -> None:
    out.result({"change": change.model_dump(mode="json")})
    out.say(f"change {change.id} ({change.branch}, {change.head[:12]}): {what}")
