"""Naming: what people call things, found; whatever is not found is answered with what there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrate.errors import (
    AlreadyDecided,
    NotFound,
    UnknownChange,
    UnknownEnvironment,
    UnknownQuestion,
    UnknownTask,
    UnknownVersion,
)
from orchestrate.models.change import Version
from orchestrate.models.environment import Environment
from orchestrate.models.question import Question
from orchestrate.models.task import Task
from orchestrate.settings import Settings
from orchestrate.store import Store

if TYPE_CHECKING:
    from orchestrate.app import App

IN_SETTINGS, IN_STORE = "orchestrate.yaml", "created"

RECENT = 5
"""So many commits of the base branch are named when a version is unknown."""


def environments(settings: Settings, store: Store) -> Mapping[str, tuple[Environment, str]]:
    """Every environment with where it comes from; the settings' word counts where both have it."""
    named = {name: (one, IN_SETTINGS) for name, one in settings.environments.items()}
    return named | {one.name: (one, IN_STORE) for one in store.environments.all() if one.name not in named}


def environment_named(settings: Settings, store: Store, name: str) -> Environment:
    """The environment of this name. Raises UnknownEnvironment, which names those there are."""
    try:
        return settings.environment(name)
    except UnknownEnvironment:
        known = environments(settings, store)
    if name not in known:
        raise UnknownEnvironment(name, sorted(known))
    return known[name][0]


def question_named(store: Store, name: str) -> Question:
    """The question of this id, or the one that this deployment asks.

    Raises UnknownQuestion, naming the open ones, and AlreadyDecided for a deployment that asks nothing.
    """
    try:
        return store.questions.question(name.upper())
    except UnknownQuestion:
        pass
    try:
        deployment = store.deployments.deployment(name).id
    except NotFound:
        raise UnknownQuestion(name, [one.id for one in store.questions.unanswered()]) from None
    questions = store.questions.for_deployment(deployment)
    if not questions:
        raise AlreadyDecided(f"deployment {deployment} asks nothing")
    return next((one for one in questions if one.is_open), questions[-1])


async def known_task(app: App, id: str) -> Task:
    """A task that exists. Raises UnknownTask, naming the open ones of our own tracker."""
    try:
        return await app.tracker.task(id)
    except UnknownTask:
        raise UnknownTask(id, [one.id for one in app.store.tasks.all()]) from None


async def known_change(app: App, id: str) -> str:
    """The id of a change that exists; C-3 is change 3. Raises UnknownChange, naming those there are."""
    number = change_number(id)
    try:
        return (await app.forge.change(number)).id
    except UnknownChange:
        raise UnknownChange(id, [one.id for one in app.store.changes.all()]) from None


def change_number(id: str) -> str:
    """`id` without the letter that people put before it."""
    return id[2:] if id[:2] in ("C-", "c-") else id


async def known_version(app: App, name: str) -> Version:
    """What a commit, tag or branch names. Raises UnknownVersion, naming the base branch and its newest."""
    try:
        return await app.forge.version(name)
    except UnknownVersion:
        known, forge = await _versions(app), app.settings.forge
        cure = (
            ""
            if known
            else f"there is no branch {forge.base!r} either: name the one there is, forge: {{base: …}}"
        )
        raise UnknownVersion(name, known, cure=cure) from None


async def _versions(app: App) -> list[str]:
    base = app.settings.forge.base
    try:
        newest = await app.forge.log(None, (await app.forge.version(base)).commit, RECENT)
    except UnknownVersion:
        return []
    return [base, *(one.sha[:10] for one in newest)]
