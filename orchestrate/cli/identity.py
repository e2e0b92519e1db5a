"""Identity: who types, as the operating system knows them."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass

from orchestrate.errors import NotAllowed
from orchestrate.models.environment import Channel, Environment, Person, Role
from orchestrate.settings import Settings

MAY_OVERRULE = frozenset({Role.APPROVER, Role.OPERATOR})


@dataclass(frozen=True)
class Identity:
    """The user of the operating system, and who that is for the settings."""

    login: str
    person: Person | None

    @property
    def name(self) -> str:
        """The person's name; a user whom the settings do not know never has anybody's name."""
        return self.person.name if self.person else f"{self.login} (not in people)"

    def on(self, channel: Channel) -> str:
        """What this person is called in another channel, by virtue of who they are here."""
        return self.person.identities.get(channel, self.person.name) if self.person else self.name

    def must_overrule(self, environment: Environment | None) -> Person:
        """The person, if they may overrule gates and verdicts here. Raises NotAllowed."""
        if self.person is None:
            raise NotAllowed(
                f"nobody in `people` is the user {self.login} of this machine",
                cure=f"add cli: {self.login} to a person in orchestrate.yaml",
            )
        is_approver = environment is not None and self.person.name in environment.approvers
        if not is_approver and not MAY_OVERRULE.intersection(self.person.roles):
            raise NotAllowed(
                f"{self.person.name} has neither the role operator nor approver",
                cure="ask somebody who has, or add the role in orchestrate.yaml",
            )
        return self.person


def login() -> str:
    """The user that this process runs as; variables of the process have no say in it."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container's user that no file names
        return f"uid {number}"


def identity(settings: Settings) -> Identity:
    """Who types."""
    user = login()
    return Identity(user, settings.person(Channel.CLI, user))
