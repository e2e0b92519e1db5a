"""The product: its settings, store, remote, people and environments."""

from __future__ import annotations

from contextlib import closing

from orchestrate.app import App
from orchestrate.cli.doctor.finding import Finding, bad, doubtful, failed, good
from orchestrate.cli.doctor.numbers import blind
from orchestrate.cli.env.show import look
from orchestrate.cli.identity import identity
from orchestrate.cli.scene import Scene, store_file
from orchestrate.counter.naming import environments
from orchestrate.errors import OrchestrateError
from orchestrate.models.environment import Environment
from orchestrate.settings import Settings
from orchestrate.store import Store
from tools.place import Place


def settings_of(scene: Scene) -> tuple[Settings | None, Finding]:
    """The settings, or the line at fault."""
    try:
        settings = scene.settings()
    except OrchestrateError as problem:
        return None, failed("settings", problem)
    return settings, good("settings", f"{settings.path} ({', '.join(settings.environments)})")


def who(settings: Settings) -> Finding:
    """Whether the settings know who types."""
    me = identity(settings)
    if me.person is None:
        return doubtful(
            "you", f"the user {me.login} is nobody in `people`", f"add cli: {me.login} to a person"
        )
    roles = ", ".join(me.person.roles) or "no roles"
    return good("you", f"{me.person.name} ({roles})")


def store(settings: Settings) -> Finding:
    """Whether the store can be relied on; a SQLite file that is not there yet will be made."""
    file = store_file(settings)
    try:
        with closing(Store.open(settings.store.url)) as opened:
            if file is not None and not file.stat().st_size:
                opened.upgrade()
            opened.check()
            return good("store", opened.engine.url.render_as_string())
    except OrchestrateError as problem:
        return failed("store", problem)


async def remote(app: App) -> Finding:
    """Whether the forge's remote answers and has the base branch."""
    forge = app.settings.forge
    try:
        tip = await app.forge.version(forge.base)
    except OrchestrateError as problem:
        return failed("remote", problem)
    where = forge.remote if forge.kind == "git" else f"{forge.repository} on GitHub"
    return good("remote", f"{forge.base} is {tip.name} at {where}")


async def places(app: App) -> list[Finding]:
    """Whether each environment can be reached, has its secrets, and somebody to approve."""
    found = environments(app.settings, app.store).values()
    return [await _place(app, environment) for environment, _ in found]


async def _place(app: App, environment: Environment) -> Finding:
    what = f"environment {environment.name}"
    place = app.crew.places(environment.name)
    missing = {name: why for name in environment.secrets if (why := _why_not(place, name)) is not None}
    if missing:
        said = "; ".join(f"{name}: {why}" for name, why in missing.items())
        cure = next(iter(missing.values())).cure
        return bad(what, f"secrets without a value: {said}", cure or f"export {next(iter(missing))}=…")
    if environment.asks_a_person and not environment.approvers:
        return bad(what, "asks a person, and has no approvers", "name approvers in its settings")
    looks = [await look(place, part) for part in environment.components]
    unread = [f"{one.component}: {one.detail}" for one in looks if one.running is None]
    if unread:
        return bad(what, "; ".join(unread), "see that the place can be reached")
    if without := await blind(place, [one.running for one in looks]):
        cure = "see metrics in its settings: without numbers a watched release does not go on"
        return doubtful(what, "; ".join(without), cure)
    silent = [f"{one.component} at {one.address}: {one.detail}" for one in looks if one.answers is False]
    if silent:
        return doubtful(what, "; ".join(silent), f"orchestrate env show {environment.name}")
    return good(what, "; ".join(f"{one.component}: {one.detail}" for one in looks))


def _why_not(place: Place, name: str) -> OrchestrateError | None:
    try:
        place.secret(name)
    except OrchestrateError as problem:
        return problem
    return None
