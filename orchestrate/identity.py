"""Identity: who speaks, as a channel proves it, and who that is for the settings."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrate.errors import NotAllowed
from orchestrate.models.environment import Channel, Environment, Person, Role

MAY_OVERRULE = frozenset({Role.APPROVER, Role.OPERATOR})


@dataclass(frozen=True)
class Identity:
    """The account that a channel proves, and the person whose account it is."""

    login: str
    person: Person | None
    channel: Channel = Channel.CLI

    @property
    def name(self) -> str:
        """The person's name; an account that the settings do not know never has anybody's name."""
        return self.person.name if self.person else f"{self.login} (not in people)"

    def on(self, channel: Channel) -> str:
        """What this person is called in another channel, by virtue of who they are here."""
        return self.person.identities.get(channel, self.person.name) if self.person else self.name

    def must_be_known(self) -> Person:
        """The person, who is no program. Raises NotAllowed."""
        if self.person is None:
            raise NotAllowed(
                f"nobody in `people` is {self._account}",
                cure=f"add {self.channel}: {self.login} to a person in orchestrate.yaml",
            )
        if self.person.bot:
            raise NotAllowed(f"{self.person.name} is a bot, and only people ask for that")
        return self.person

    def must_overrule(self, environment: Environment | None) -> Person:
        """The person, if they may overrule gates and verdicts here. Raises NotAllowed."""
        person = self.must_be_known()
        is_approver = environment is not None and person.name in environment.approvers
        if not is_approver and not MAY_OVERRULE.intersection(person.roles):
            raise NotAllowed(
                f"{person.name} has neither the role operator nor approver",
                cure="ask somebody who has, or add the role in orchestrate.yaml",
            )
        return person

    @property
    def _account(self) -> str:
        is_here = self.channel is Channel.CLI
        return f"the user {self.login} of this machine" if is_here else f"{self.login} on {self.channel}"
