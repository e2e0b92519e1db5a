"""The tracker section: where tasks come from, how statuses are called there, and what lets us in."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orchestrate.models.environment import Channel, Person
from orchestrate.models.task import Queue
from orchestrate.settings.credentials import check_private, read_credential, without_credentials
from orchestrate.settings.facts import DeployerSettings, TrackerSettings
from orchestrate.settings.faults import check_keys, parsed, unknown
from orchestrate.settings.settings import Template
from orchestrate.settings.tree import Document, Plain

CREDENTIALS = ("token",)
OPEN = "Open"
"""The status in which a task of a queue beside the deploy queue is ready."""
WORDS = ("Deploying", "Blocked", "On hold", "Failed", "Open", "Done")
"""Statuses that a task is given, beside those that the file names."""
_LOC = ("tracker",)
_ONLY: Mapping[str, tuple[str, ...]] = {
    "clickup": ("list", "lists", "statuses", "api", *CREDENTIALS),
    "beads": ("folder", "program"),
}
"""Keys that only one kind of tracker has."""


def read_tracker(
    document: Document, deployer: DeployerSettings, environments: Collection[str]
) -> tuple[TrackerSettings, Template | None]:
    """Where tasks come from, and where the token is.

    Statuses are the role's where the file names none. Raises SettingsInvalid.
    """
    check_keys(document, _LOC, document.keys_at(*_LOC), [*TrackerSettings.model_fields, *CREDENTIALS])
    for section, what, instead in (("queues", "status", "input_status"), ("lists", "list", "list")):
        if Queue.DEPLOY in document.keys_at("tracker", section):
            said = f"{section}: the deploy queue's {what} is {instead!r} of the tracker"
            raise document.fault(("tracker", section, Queue.DEPLOY), said)
    given = without_credentials(document, _LOC, CREDENTIALS)
    status = given.get("input_status", deployer.input_status)
    queues: dict[str, Plain] = {queue: OPEN for queue in Queue}
    queues |= document.section("tracker", "queues") | {Queue.DEPLOY: status}
    usual: dict[str, Plain] = {"input_status": status, "output_status": deployer.output_status}
    plain: dict[str, Plain] = {**usual, **given, "queues": queues}
    tracker = parsed(document, _LOC, TrackerSettings, plain)
    for kind, names in _ONLY.items():
        for name in names if kind != tracker.kind else ():
            if name in document.keys_at(*_LOC):
                said = f"{name}: is only for kind: {kind}"
                raise document.fault((*_LOC, name), said, cure=f"kind: {kind}")
    if tracker.kind == "clickup":
        _check_clickup(document, tracker)
        return tracker, read_credential(document, (*_LOC, "token"), environments, "${CLICKUP_TOKEN}")
    folder = document.path.parent / tracker.folder.expanduser()
    return tracker.model_copy(update={"folder": folder}), None


def check_accounts(document: Document, tracker: TrackerSettings, people: Collection[Person]) -> None:
    """ClickUp proves who spoke by a number; a name there can be anybody's. Raises SettingsInvalid."""
    if tracker.kind != "clickup":
        return
    for person in people:
        loc = ("people", person.name, Channel.TRACKER.value)
        accounts = person.known_as(Channel.TRACKER) if Channel.TRACKER in person.identities else ()
        for account in accounts:
            if not account.isdecimal():
                said = f"tracker: expected the number of an account in ClickUp, found {account!r}"
                raise document.fault(loc, said, cure="orchestrate doctor lists the accounts")


def words(tracker: TrackerSettings) -> tuple[str, ...]:
    """Every status that a task may be given or is taken from."""
    named = (tracker.input_status, tracker.output_status, *tracker.queues.values())
    return tuple(dict.fromkeys((*named, *WORDS)))


def _check_clickup(document: Document, tracker: TrackerSettings) -> None:
    if not tracker.list:
        raise document.fault(_LOC, "tracker: expected the number of a list, such as list: 901234567")
    named = [(("list",), tracker.list), *((("lists", key), one) for key, one in tracker.lists.items())]
    for loc, number in named:
        if not number.isdecimal():
            said = f"{loc[-1]}: expected the number of a list, found {number!r}"
            cure = "it follows /li/ in the list's address"
            raise document.fault((*_LOC, *loc), said, cure=cure)
    for word in tracker.statuses:
        if word not in words(tracker):
            said = unknown(word, words(tracker)).replace("key", "status", 1)
            raise document.fault((*_LOC, "statuses", word), said)
    check_private(document, (*_LOC, "api"), tracker.api)
