"""Variables: what programs of a component see around them, and which of it is secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from orchestrate.errors import NotFound, SettingsInvalid, StartFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Environment

Reading = Callable[[str], str]


def unchanged(text: str) -> str:
    """A text that refers to no secret."""
    return text


def listed(usual: object, ours: Mapping[str, str], dropped: Iterable[str] = ()) -> list[Mapping[str, object]]:
    """`usual` (objects with a name) with ours in place of those of the same names, without `dropped`."""
    given = cast("list[Mapping[str, object]]", usual or [])
    gone = {*ours, *dropped}
    kept = [one for one in given if one.get("name") not in gone]
    return [*kept, *({"name": name, "value": value} for name, value in sorted(ours.items()))]


def about(version: Version) -> dict[str, str]:
    """By what a program knows which version it is."""
    return {"VERSION": version.name, "COMMIT": version.commit}


class Variables:
    """The variables and secrets of one environment.

    `secret` gives a secret's value by name; `filled` gives a text with the secrets it refers to in place.
    """

    def __init__(
        self, environment: Environment, secret: Reading | None = None, filled: Reading = unchanged
    ) -> None:
        self._environment, self._secret, self._filled = environment, secret, filled

    def plain(self) -> dict[str, str]:
        """Those that hold no secret: builds see them, and they may lie on the disk. Raises StartFailed."""
        given = self._environment.variables
        return {name: text for name, text in given.items() if self._read(self._filled, text) == text}

    def around(self, slot: str, version: Version) -> dict[str, str]:
        """What a program in a slot sees, but for its secrets. Raises StartFailed."""
        return {**self.plain(), "SLOT": slot, **about(version)}

    def secret(self) -> dict[str, str]:
        """The secrets, and the variables that are made of them: for running programs alone.

        Raises StartFailed when one has no value.
        """
        names = self._environment.secrets
        if names and self._secret is None:
            raise StartFailed(f"no vault gives the secrets {', '.join(names)}")
        values = {name: self._read(self._secret, name) for name in names} if self._secret else {}
        given = self._environment.variables
        made = {name: self._read(self._filled, text) for name, text in given.items()}
        return {**{name: text for name, text in made.items() if text != given[name]}, **values}

    def _read(self, reading: Reading, text: str) -> str:
        try:
            return reading(text)
        except (SettingsInvalid, NotFound) as missing:
            raise StartFailed(f"a secret has no value: {missing}", cure=missing.cure) from missing
