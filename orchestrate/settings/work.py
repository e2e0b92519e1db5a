"""The sections memory and reservations: where learnings are kept, and where others see what is worked on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orchestrate.settings.credentials import check_private, read_credential, without_credentials
from orchestrate.settings.facts import MemorySettings, ReservationSettings
from orchestrate.settings.faults import check_keys, parsed
from orchestrate.settings.settings import Template
from orchestrate.settings.tree import Document
from orchestrate.settings.units import RESERVATIONS, measure

TOKEN = "token"  # noqa: S105  its name
CREDENTIALS = (TOKEN,)
_MEMORY, _RESERVATIONS = ("memory",), ("reservations",)
_ONLY: Mapping[str, tuple[str, ...]] = {"agent_mail": ("url", "project", TOKEN)}


def read_memory(document: Document) -> MemorySettings:
    """Where learnings are kept. Raises SettingsInvalid."""
    check_keys(document, _MEMORY, document.keys_at(*_MEMORY), [*MemorySettings.model_fields])
    memory = parsed(document, _MEMORY, MemorySettings, document.section(*_MEMORY))
    if memory.kind != "cm" and "program" in document.keys_at(*_MEMORY):
        raise document.fault((*_MEMORY, "program"), "program: is only for kind: cm", cure="kind: cm")
    return memory


def read_reservations(
    document: Document, environments: Collection[str]
) -> tuple[ReservationSettings, Template | None]:
    """Where others see what is worked on, and what lets us in there. Raises SettingsInvalid."""
    given = document.keys_at(*_RESERVATIONS)
    check_keys(document, _RESERVATIONS, given, [*ReservationSettings.model_fields, *CREDENTIALS])
    section = without_credentials(document, _RESERVATIONS, CREDENTIALS)
    measure(document, _RESERVATIONS, section, RESERVATIONS)
    found = parsed(document, _RESERVATIONS, ReservationSettings, section)
    for kind, names in _ONLY.items():
        for name in names if found.kind != kind else ():
            if name in given:
                said = f"{name}: is only for kind: {kind}"
                raise document.fault((*_RESERVATIONS, name), said, cure=f"kind: {kind}")
    project = str(document.path.parent / found.project)
    found = found.model_copy(update={"project": project})
    if TOKEN not in given:
        return found, None
    check_private(document, (*_RESERVATIONS, "url"), found.url)
    return found, read_credential(document, (*_RESERVATIONS, TOKEN), environments, "${AGENT_MAIL_TOKEN}")
