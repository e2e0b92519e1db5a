"""The tracker of others: whether it lets us in, has its lists and statuses, and knows our people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from orchestrate.app import App
from orchestrate.cli.doctor.finding import Finding, bad, doubtful, failed, good
from orchestrate.errors import OrchestrateError
from orchestrate.models.environment import Channel
from orchestrate.models.task import Queue
from orchestrate.settings.tracker import WORDS
from tools.systems.beads import BeadsTracker
from tools.systems.clickup import ClickUpTracker
from tools.systems.clickup_answers import Shelf

MAY_WRITE = ("create", "edit", None)
"""Levels of permission on a list with which tasks can be filed and moved; None: nobody says."""
MOST_NAMED = 30


async def tracker(app: App) -> AsyncIterator[Finding]:
    """Each connection and permission by itself; nothing for the tracker in our own store."""
    if isinstance(app.tracker, BeadsTracker):
        yield await _beads(app, app.tracker)
    if not isinstance(app.tracker, ClickUpTracker):
        return
    try:
        me = await app.tracker.reading.me()
        names = await app.tracker.reading.members()
    except OrchestrateError as problem:
        yield failed("ClickUp", problem)
        return
    yield _account(app, me, names)
    for shelf in app.tracker.reading.shelves:
        yield await _list(app, app.tracker, shelf)
    yield _people(app, names)


async def _beads(app: App, at: BeadsTracker) -> Finding:
    where = app.settings.tracker.folder
    try:
        version = await at.beads.version()
        ready = await at.ready(Queue.DEPLOY)
    except OrchestrateError as problem:
        return failed("Beads", problem)
    said = f"{Path(at.beads.program).name} {version.version} in {where}, {len(ready)} ready to deploy"
    return good("Beads", f"{said}; comments there may hold, and approve nothing")


def _account(app: App, me: str, names: dict[str, str]) -> Finding:
    person = app.settings.person(Channel.TRACKER, me)
    if person is not None and not person.bot:
        said = f"the token is that of {person.name}, whose words on threads count for nothing then"
        return doubtful("ClickUp", said, "make an account for Orchestrate in ClickUp, and use its token")
    return good("ClickUp", f"we are {names.get(me) or 'nobody by name'} ({me})")


async def _list(app: App, at: ClickUpTracker, id: str) -> Finding:
    what = f"ClickUp list {id}"
    try:
        shelf = await at.reading.shelf(id, is_new=True)
    except OrchestrateError as problem:
        return failed(what, problem)
    missing = [word for word in _words(app, id) if not at.vocabulary.has(word, shelf)]
    if missing:
        return bad(what, *_missing(at, shelf, missing))
    if shelf.permission_level not in MAY_WRITE:
        said = f"{shelf.name}: our account may only {shelf.permission_level} there"
        return bad(what, said, "give it the right to edit the list")
    return good(what, f"{shelf.name}, with every status that is needed")


def _words(app: App, id: str) -> list[str]:
    """The statuses that tasks in this list are given, or taken from."""
    said = app.settings.tracker
    if id == said.list:
        return list(dict.fromkeys((said.input_status, said.output_status, *said.queues.values(), *WORDS)))
    return list(dict.fromkeys(said.queues[queue] for queue in Queue if said.lists.get(queue) == id))


def _missing(at: ClickUpTracker, shelf: Shelf, missing: list[str]) -> tuple[str, str]:
    spelled = ", ".join(repr(at.vocabulary.statuses.get(word, word)) for word in missing)
    has = ", ".join(one.status for one in shelf.statuses)
    said = f"{shelf.name} has no status {spelled} (it has: {has})"
    words = ", ".join(f"{word}: …" for word in missing)
    return said, f"add them in ClickUp, or say what they are called there: tracker: statuses: {{{words}}}"


def _people(app: App, names: dict[str, str]) -> Finding:
    told = [one for one in app.settings.people if Channel.TRACKER in one.identities]
    strangers = [one.name for one in told if not set(one.known_as(Channel.TRACKER)) & names.keys()]
    known = ", ".join(f"{name} {id}" for id, name in list(names.items())[:MOST_NAMED])
    if strangers or not told:
        who = f"{', '.join(strangers)} has no account there" if strangers else "nobody in `people` is there"
        return doubtful("ClickUp people", f"{who} (accounts: {known})", "tracker: NUMBER in people")
    pairs = ((one.name, id) for one in told for id in one.known_as(Channel.TRACKER) if id in names)
    return good("ClickUp people", ", ".join(f"{name} is {names[id]} ({id})" for name, id in pairs))
