"""Identity: who types is whom the operating system says, and nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.cli.identity import Identity, identity, login
from orchestrate.errors import NotAllowed
from orchestrate.models.environment import Channel, Environment, EnvironmentType, Person, Role
from orchestrate.settings import load
from tests.orchestrate.cli.world import ME, Shop

ADA = Person(
    name="ada", identities={Channel.CLI: "alovelace", Channel.FORGE: "ada-l"}, roles=(Role.OPERATOR,)
)
BOB = Person(name="bob")


def place(*approvers: str) -> Environment:
    return Environment(
        name="production",
        type=EnvironmentType.PRODUCTION,
        service="shop",
        components=(),
        approvers=approvers,
        root=Path("nowhere"),
    )


@pytest.mark.parametrize("name", ["USER", "LOGNAME", "SUDO_USER", "USERNAME"])
def test_variables_have_no_say_in_who_types(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "mallory")

    assert login() == ME


def test_the_settings_know_the_person_by_their_user(shop: Shop) -> None:
    found = identity(load(shop.settings))

    assert (found.login, found.name) == (ME, "ada")


def test_a_stranger_never_has_a_persons_name() -> None:
    stranger = Identity("ada", None)

    assert stranger.name != "ada"
    assert stranger.on(Channel.TRACKER) != "ada"


def test_each_channel_has_its_own_name_for_a_person() -> None:
    assert Identity("alovelace", ADA).on(Channel.FORGE) == "ada-l"
    assert Identity("alovelace", ADA).on(Channel.TRACKER) == "ada"


def test_operators_and_approvers_may_overrule() -> None:
    assert Identity("alovelace", ADA).must_overrule(place()) is ADA
    assert Identity("bob", BOB).must_overrule(place("bob")) is BOB


@pytest.mark.parametrize("who", [Identity("bob", BOB), Identity("root", None)])
def test_nobody_else_may_overrule(who: Identity) -> None:
    with pytest.raises(NotAllowed) as refused:
        who.must_overrule(place("ada"))

    assert refused.value.cure


def test_a_bot_overrules_nothing_whatever_its_roles() -> None:
    bot = Person(name="ci", roles=(Role.OPERATOR,), bot=True)

    with pytest.raises(NotAllowed, match="is a bot"):
        Identity("ci", bot).must_overrule(None)
