"""Remembered: where learnings are kept, and where others see what is worked on, as the settings name it."""

from __future__ import annotations

from functools import partial

from orchestrate.settings import Settings, variable
from orchestrate.store import Store
from orchestrate.vault import Vault
from tools.remembering import Memory
from tools.reserving import Reservations
from tools.systems.agent_mail import AgentMail
from tools.systems.cm_memory import CmMemory
from tools.systems.own_memory import StoreMemory, StoreReservations


def memory_of(settings: Settings, store: Store) -> Memory | None:
    """The memory, which asks nobody before it is asked."""
    match settings.memory.kind:
        case "builtin":
            return StoreMemory(store.learnings)
        case "cm":
            home = {"HOME": variable("HOME") or ""}
            return CmMemory(settings.path.parent, settings.memory.program, home)
        case "none":
            return None


def reservations_of(settings: Settings, store: Store, vault: Vault) -> Reservations | None:
    """The reservations, likewise."""
    said = settings.reservations
    match said.kind:
        case "builtin":
            return StoreReservations(store.reservations)
        case "agent_mail":
            token = partial(settings.token_of_reservations, vault.secret)
            has_token = settings.reservations_token is not None
            return AgentMail(said.url, said.project, token if has_token else None, store.clock)
        case "none":
            return None
