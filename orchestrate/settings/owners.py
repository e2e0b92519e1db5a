"""Owners: who is called for which kind of failure, by the names of people."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.models.environment import Person
from orchestrate.models.owners import Owners
from orchestrate.models.task import FailureKind
from orchestrate.settings.faults import check_keys, parsed, unknown
from orchestrate.settings.tree import Document, Plain

DEFAULT = "default"
KEYS = (DEFAULT, *(kind.value for kind in FailureKind))


def read_owners(document: Document, people: Sequence[Person]) -> Owners:
    """Kind of failure → person. Raises SettingsInvalid for a kind or a person that nobody knows."""
    loc = ("owners",)
    given = document.section(*loc)
    check_keys(document, loc, given, KEYS)
    names = [person.name for person in people]
    for kind, name in given.items():
        if not isinstance(name, str):
            raise document.fault(
                (*loc, kind), f"{kind}: expected a person, found {document.found((*loc, kind))}"
            )
        if name not in names:
            said = unknown(name, names).replace("key", "person", 1)
            raise document.fault((*loc, kind), f"{kind}: {said}")
    kinds: Plain = {kind: name for kind, name in given.items() if kind != DEFAULT}
    return parsed(document, loc, Owners, {"default": given.get(DEFAULT), "kinds": kinds})
