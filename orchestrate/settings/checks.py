"""Checks: what must hold beyond the shape of single values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestrate.models.abilities import inability
from orchestrate.models.environment import Channel, Component, Environment, EnvironmentType, Person
from orchestrate.models.smoke import CacheSmoke, HttpSmoke
from orchestrate.models.windows import Window
from orchestrate.settings.faults import unknown
from orchestrate.settings.hosts import check_host
from orchestrate.settings.sources import check_source
from orchestrate.settings.tree import Document, Loc

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def check_name(document: Document, loc: Loc, name: str) -> None:
    """Names become folders: letters, digits, dot, dash and underscore. Raises SettingsInvalid."""
    if not NAME.fullmatch(name):
        raise document.fault(
            loc, f"{name!r}: expected letters, digits, '-', '_' or '.', at most 63, as a name"
        )


def check_environment(document: Document, environment: Environment) -> None:
    """Raise SettingsInvalid where the rules of one environment do not fit each other."""
    loc = ("environments", environment.name)
    if not environment.components:
        raise document.fault((*loc, "components"), "components: expected at least one component")
    _check_components(document, (*loc, "components"), environment)
    shares = [step.share for step in environment.canary]
    if not shares or shares != sorted(set(shares)):
        raise document.fault((*loc, "canary"), "canary: expected shares that grow from step to step")
    if environment.rehearse_rollback and environment.type is EnvironmentType.PRODUCTION:
        said = "rehearse_rollback: people are served here"
        raise document.fault((*loc, "rehearse_rollback"), said, cure="rehearse it where this comes from")
    _check_calendar(document, loc, environment)


def _check_components(document: Document, loc: Loc, environment: Environment) -> None:
    names: set[str] = set()
    ports: set[int] = set()
    for index, part in enumerate(environment.components):
        here = (*loc, index)
        check_name(document, (*here, "name"), part.name)
        if part.name in names:
            raise document.fault((*here, "name"), f"a second component is called {part.name!r}")
        if part.port in ports:
            raise document.fault((*here, "port"), f"port {part.port} is that of another component")
        _check_component(document, here, part, environment.secrets)
        _check_strategy(document, here, part, environment)
        _check_switch(document, here, part, environment)
        names.add(part.name)
        ports |= {part.port} - {0}


def _check_component(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    check_host(document, loc, part, secrets)
    check_source(document, (*loc, "metrics"), part, secrets)
    for index, smoke in enumerate(part.smoke):
        asked = smoke.secret if isinstance(smoke, HttpSmoke | CacheSmoke) else None
        if asked is not None and asked not in secrets:
            raise document.fault((*loc, "smoke", index, "secret"), f"the environment has no secret {asked!r}")


def _check_strategy(document: Document, loc: Loc, part: Component, environment: Environment) -> None:
    """Raise SettingsInvalid where the provider of a component lacks its strategy."""
    if said := inability(part, environment.strategy_of(part), environment.canary):
        places = ((*loc, "strategy"), ("environments", environment.name, "strategy"), (*loc, "provider"), loc)
        raise document.fault(next(one for one in places if document.find(*one)), said)


def _check_switch(document: Document, loc: Loc, part: Component, environment: Environment) -> None:
    """Raise SettingsInvalid where a switch may take as long as the move that it is a part of."""
    if part.cloudfront is None or part.cloudfront.switch_seconds < environment.move_timeout:
        return
    said = (
        f"switch_seconds: {part.name}'s switch may take {part.cloudfront.switch_seconds} s, and a move ends"
        f" after {environment.move_timeout} s (move_timeout)"
    )
    own = (*loc, "cloudfront", "switch_seconds")
    places = (own, ("environments", environment.name, "move_timeout"), loc)
    cure = "give the environment a longer move_timeout, or the component a shorter switch_seconds"
    raise document.fault(next(one for one in places if document.find(*one)), said, cure=cure)


def _check_calendar(document: Document, loc: Loc, environment: Environment) -> None:
    if environment.window is not None:
        _check_window(document, (*loc, "window"), environment.window)
    for index, freeze in enumerate(environment.freezes):
        here = (*loc, "freezes", index)
        start = _instant(document, (*here, "start"), freeze.start)
        if _instant(document, (*here, "end"), freeze.end) <= start:
            raise document.fault((*here, "end"), "end: expected an instant after the start")


def _check_window(document: Document, loc: Loc, window: Window) -> None:
    for index, day in enumerate(window.days):
        if day not in _DAYS:
            raise document.fault((*loc, "days", index), f"days: expected {', '.join(_DAYS)}, found {day!r}")
    for key, hour in (("start", window.start), ("end", window.end)):
        if not _HOUR.fullmatch(hour):
            raise document.fault((*loc, key), f"{key}: expected an hour such as 09:00, found {hour!r}")
    try:
        ZoneInfo(window.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        expected = "expected a time zone such as Europe/Berlin"
        raise document.fault((*loc, "zone"), f"zone: {expected}, found {window.zone!r}") from None


def _instant(document: Document, loc: Loc, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        expected = "expected an instant such as 2026-12-24T00:00:00Z"
        raise document.fault(loc, f"{loc[-1]}: {expected}, found {text!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def check_flow(document: Document, flow: Sequence[str], known: Sequence[str]) -> None:
    """Raise SettingsInvalid where the flow names an environment that is not there, or one twice."""
    for index, name in enumerate(flow):
        if name not in known:
            said = unknown(name, known).replace("key", "environment", 1)
            raise document.fault(("flow", index), f"flow: {said}")
        if name in flow[:index]:
            raise document.fault(("flow", index), f"flow: {name!r} comes twice")


def check_promotion(document: Document, environments: Mapping[str, Environment]) -> None:
    """Raise SettingsInvalid where `promoted_from` leads nowhere, or in a circle."""
    for name, environment in environments.items():
        loc = ("environments", name, "gates", "promoted_from")
        seen = [name]
        before = environment.gates.promoted_from
        while before is not None:
            if before not in environments:
                said = unknown(before, [*environments]).replace("key", "environment", 1)
                raise document.fault(loc, f"promoted_from: {said}")
            if before in seen:
                raise document.fault(loc, f"promoted_from: goes in a circle: {' → '.join([*seen, before])}")
            seen.append(before)
            before = environments[before].gates.promoted_from


def check_people(document: Document, people: Sequence[Person], environments: Iterable[Environment]) -> None:
    """Raise SettingsInvalid where two people share an identity, or an approver is nobody."""
    known: dict[tuple[Channel, str], str] = {}
    for person in people:
        for channel, identity in ((one, account) for one in Channel for account in person.known_as(one)):
            other = known.setdefault((channel, identity), person.name)
            if other != person.name:
                said = f"{other} and {person.name} are both {identity!r} on {channel}"
                raise document.fault(("people", person.name, channel), said)
    for environment in environments:
        _check_approvers(document, environment, people)


def _check_approvers(document: Document, environment: Environment, people: Sequence[Person]) -> None:
    names, bots = [one.name for one in people], [one.name for one in people if one.bot]
    loc = ("environments", environment.name)
    for index, name in enumerate(environment.approvers):
        here = (*loc, "approvers", index)
        if name not in names:
            raise document.fault(here, f"approvers: {unknown(name, names).replace('key', 'person', 1)}")
        if name in bots:
            raise document.fault(here, f"approvers: {name} is a bot, and only people approve")
    if environment.approvals > max(1, len({*environment.approvers})):
        said = f"approvals: {environment.approvals} persons must approve, and approvers names fewer"
        raise document.fault((*loc, "approvals"), said)
