"""The settings: what orchestrate.yaml says, as facts; secrets are read only when they are used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrate.errors import SettingsInvalid, UnknownEnvironment, UnknownSecret, VariableMissing
from orchestrate.models.environment import Channel, Environment, Person
from orchestrate.models.fact import digest
from orchestrate.models.owners import Owners
from orchestrate.models.secret import Secret, remember
from orchestrate.settings.facts import (
    DeployerSettings,
    ForgeSettings,
    McpSettings,
    MemorySettings,
    ModelSettings,
    ReservationSettings,
    SlackSettings,
    StoreSettings,
    TrackerSettings,
    VaultSettings,
    WebhookSettings,
    WorkerSettings,
)
from orchestrate.settings.variables import Unset, expanded, filled, references, variable

MCP_EXAMPLE = "mcp: {token: ${ORCHESTRATE_MCP_TOKEN}}"
_ALIASES = {"prod": "production", "production": "prod"}


@dataclass(frozen=True)
class Template:
    """A text in the file that refers to a secret's value."""

    text: str
    line: int
    kept: str | None = None  # its name in the vault, instead of a text
    place: str = ""  # whose secret that is, where no environment asks for it


Kept = Callable[[str, str], Secret]
"""Gives a secret out of the vault, by environment and name. Raises UnknownSecret."""


def no_vault(environment: str, name: str) -> Secret:
    """The vault of whoever has none."""
    raise UnknownSecret(f"{name} of {environment}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One orchestrate.yaml, whole and checked. It holds no secret's value."""

    path: Path  # absolute
    mtime: float  # of the file when it was read, epoch seconds
    service: str
    store: StoreSettings
    vault: VaultSettings
    tracker: TrackerSettings
    forge: ForgeSettings
    people: tuple[Person, ...]
    owners: Owners
    workspaces: Path  # absolute
    flow: tuple[str, ...]
    worker: WorkerSettings
    deployer: DeployerSettings
    environments: Mapping[str, Environment]
    templates: Mapping[str, Mapping[str, Template]] = field(repr=False)  # environment → secret → template
    models: ModelSettings | None = None  # None: no model is asked
    model_key: Template | None = field(default=None, repr=False)
    forge_key: Template | None = field(default=None, repr=False)  # GitHub's token, or the key of the App
    tracker_token: Template | None = field(default=None, repr=False)
    slack: SlackSettings | None = None  # None: nobody is told or asked there
    memory: MemorySettings = MemorySettings()
    reservations: ReservationSettings = ReservationSettings()
    reservations_token: Template | None = field(default=None, repr=False)  # where what lets us in there is
    slack_keys: Mapping[str, Template] = field(default_factory=dict[str, Template], repr=False)
    mcp: McpSettings = McpSettings()
    mcp_token: Template | None = field(default=None, repr=False)
    webhooks: WebhookSettings | None = None  # None: nobody is listened to
    webhook_keys: Mapping[str, Template] = field(default_factory=dict[str, Template], repr=False)

    def environment(self, name: str) -> Environment:
        """The environment called `name`; prod and production are one word. Raises UnknownEnvironment."""
        found = self.environments.get(known_as(name, self.environments))
        if found is None:
            raise UnknownEnvironment(name, tuple(self.environments))
        return found

    def person(self, channel: Channel, identity: str) -> Person | None:
        """Whoever `channel` proves to be `identity`."""
        return next((person for person in self.people if person.is_known_as(channel, identity)), None)

    def digest(self, environment: str) -> str:
        """SHA-256 of an environment's settings, in hex. Raises UnknownEnvironment."""
        return digest(self.environment(environment))

    def secret(self, environment: str, name: str, kept: Kept = no_vault) -> Secret:
        """A secret's value. Raises UnknownEnvironment, UnknownSecret, and VariableMissing if it is empty.

        What the vault keeps comes from `kept`, with what that raises.
        """
        place = self.environment(environment).name
        templates = self.templates[place]
        if name not in templates:
            raise UnknownSecret(name, tuple(templates))
        return self._value(templates[name], place, kept)

    def key_of_models(self, kept: Kept = no_vault) -> Secret:
        """What lets us ask models. Raises UnknownSecret, VariableMissing, and what the vault raises."""
        if self.model_key is None:
            raise UnknownSecret("key of models")
        return self._value(self.model_key, self.model_key.place, kept)

    def key_of_forge(self, kept: Kept = no_vault) -> Secret:
        """What lets us into GitHub. Raises UnknownSecret, VariableMissing, and what the vault raises."""
        if self.forge_key is None:
            raise UnknownSecret("key of the forge")
        return self._value(self.forge_key, self.forge_key.place, kept)

    def key_of_slack(self, name: str, kept: Kept = no_vault) -> Secret:
        """What lets us into Slack, or it to us. Raises what `key_of_forge` raises."""
        if name not in self.slack_keys:
            raise UnknownSecret(f"{name} of slack", tuple(self.slack_keys))
        return self._value(self.slack_keys[name], self.slack_keys[name].place, kept)

    def token_of_mcp(self, kept: Kept = no_vault) -> Secret:
        """What lets programs in over HTTP. Raises SettingsInvalid without one, and as `key_of_forge` does."""
        if self.mcp_token is None:
            raise SettingsInvalid(str(self.path), None, "mcp: there is no token", cure=MCP_EXAMPLE)
        return self._value(self.mcp_token, self.mcp_token.place, kept)

    def key_of_webhooks(self, name: str, kept: Kept = no_vault) -> Secret:
        """By what we know who sends a webhook. Raises what `key_of_forge` raises."""
        if name not in self.webhook_keys:
            raise UnknownSecret(f"{name} of webhooks", tuple(self.webhook_keys))
        return self._value(self.webhook_keys[name], self.webhook_keys[name].place, kept)

    def token_of_tracker(self, kept: Kept = no_vault) -> Secret:
        """What lets us into ClickUp. Raises UnknownSecret, VariableMissing, and what the vault raises."""
        if self.tracker_token is None:
            raise UnknownSecret("token of the tracker")
        return self._value(self.tracker_token, self.tracker_token.place, kept)

    def token_of_reservations(self, kept: Kept = no_vault) -> Secret:
        """What lets us into Agent Mail. Raises UnknownSecret, VariableMissing, and what the vault raises."""
        if self.reservations_token is None:
            raise UnknownSecret("token of the reservations")
        return self._value(self.reservations_token, self.reservations_token.place, kept)

    def _value(self, template: Template, place: str, kept: Kept) -> Secret:
        if template.kept is not None:
            return kept(place, template.kept)
        try:
            value = expanded(template.text)
        except Unset as unset:
            raise VariableMissing(str(self.path), template.line, unset.name) from None
        if not value:
            raise VariableMissing(str(self.path), template.line, references(template.text)[0])
        for part in references(template.text):
            remember(variable(part) or "")
        return Secret(value)

    def filled(self, environment: str, text: str, kept: Kept = no_vault) -> Secret:
        """`text` out of the environment, such as a database's address, with its secrets in place.

        Raises what `secret` raises.
        """
        templates = self.templates[self.environment(environment).name]
        parts = {part for template in templates.values() for part in references(template.text)}
        names = references(text)
        values = {name: self.secret(environment, name, kept) for name in names if name in templates}
        values |= {name: Secret(variable(name) or "") for name in names if name in parts - templates.keys()}
        return Secret.composed(filled(text, {name: value.reveal() for name, value in values.items()}))


def known_as(name: str, known: Collection[str]) -> str:
    """The one of `known` that `name` means; itself when there is none."""
    alias = _ALIASES.get(name, name)
    return alias if name not in known and alias in known else name
