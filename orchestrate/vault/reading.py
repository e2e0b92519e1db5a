"""Reading: the secrets of one environment, from the vault and from variables of the process."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from orchestrate.errors import OrchestrateError, UnknownSecret
from orchestrate.models.environment import Environment
from orchestrate.models.secret import Secret, remember
from orchestrate.settings import Settings, variable
from orchestrate.settings.settings import Kept, no_vault
from orchestrate.settings.variables import filled, references


@dataclass(frozen=True)
class Reading:
    """Finds what an environment's secrets are: in orchestrate.yaml it says where; for one that was made in
    the store it is the vault, and then the variable of the same name."""

    settings: Settings
    environment: Environment
    kept: Kept = no_vault

    def value(self, name: str) -> str:
        """A secret's value. Raises UnknownSecret, VariableMissing, SealBroken, KeyUnusable."""
        if self.environment.name in self.settings.environments:
            return self.settings.secret(self.environment.name, name, self.kept).reveal()
        try:
            return self.kept(self.environment.name, name).reveal()
        except UnknownSecret:
            found = variable(name)
            if not found:
                raise
            return Secret(found).reveal()

    def filled(self, text: str) -> str:
        """`text` with the secrets that it refers to in place. Raises what `value` raises."""
        if self.environment.name in self.settings.environments:
            return self.settings.filled(self.environment.name, text, self.kept).reveal()
        names = (name for name in references(text) if name in self.environment.secrets)
        return filled(text, {name: self.value(name) for name in names})


def acquaint(settings: Settings, environments: Iterable[Environment], kept: Kept) -> None:
    """Read every secret that has a value, so that this process knows what to keep out of its texts.

    The passwords in the addresses of the store and of the forge's remote are secrets too.
    """
    for key in (settings.key_of_models, settings.key_of_forge, settings.token_of_tracker):
        with suppress(OrchestrateError):
            key(kept)
    for address in (settings.store.url, settings.forge.remote):
        remember(_password(address))
        remember(unquote(_password(address)))
    for environment in environments:
        reading = Reading(settings, environment, kept)
        for name in environment.secrets:
            with suppress(OrchestrateError):  # whoever needs it says what is wrong with it
                reading.value(name)


def _password(address: str) -> str:
    """What stands for a password in an address; of a remote that is the user's name, where it is a token."""
    try:
        found = urlsplit(address)
    except ValueError:
        return ""
    return found.password or (found.username if found.scheme in ("http", "https") else "") or ""
