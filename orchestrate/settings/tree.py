"""Trees: the values of a YAML file, each with the line that it stands on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from orchestrate.errors import SettingsInvalid, VariableMissing
from orchestrate.settings.variables import Unreadable, Unset, expanded

Plain: TypeAlias = "str | int | None | list[Plain] | dict[str, Plain]"
Loc: TypeAlias = Sequence[str | int]


@dataclass(frozen=True)
class Tree:
    """A value as it is written. Scalars are texts: whoever reads one decides what it means."""

    line: int
    value: str | None | tuple[Tree, ...] | dict[str, Tree]

    def child(self, key: str | int) -> Tree | None:
        if isinstance(self.value, dict):
            return self.value.get(str(key))
        if isinstance(self.value, tuple) and isinstance(key, int) and key < len(self.value):
            return self.value[key]
        return None


@dataclass(frozen=True)
class Document:
    """A settings file that is well-formed."""

    path: Path
    mtime: float
    root: Tree

    def at(self, loc: Loc) -> Tree:
        """The value at `loc`, or the nearest one around it; keys that the file does not have are skipped."""
        tree = self.root
        for key in loc:
            tree = tree.child(key) or tree
        return tree

    def find(self, *loc: str | int) -> Tree | None:
        """The value at exactly `loc`, if the file has it."""
        tree: Tree | None = self.root
        for key in loc:
            tree = tree.child(key) if tree else None
        return tree

    def keys_at(self, *loc: str | int) -> tuple[str, ...]:
        """The keys at `loc`, in the order of the file."""
        found = self.find(*loc)
        return tuple(found.value) if found and isinstance(found.value, dict) else ()

    def with_value(self, loc: Sequence[str], value: dict[str, Tree]) -> Document:
        """The same document with other keys and values at `loc`."""
        return replace(self, root=_with_value(self.root, loc, value))

    def fault(self, loc: Loc, problem: str, *, cure: str = "") -> SettingsInvalid:
        """The error that says what is wrong at `loc`."""
        return SettingsInvalid(str(self.path), self.at(loc).line, problem, cure=cure)

    def found(self, loc: Loc) -> str:
        """What stands at `loc`, as it is written: references are shown, never their values."""
        value = self.at(loc).value
        if isinstance(value, str):
            return repr(value if len(value) <= 60 else f"{value[:59]}…")
        return "nothing" if value is None else kind(value)

    def plain(self, *loc: str | int, kept: Collection[str] = ()) -> Plain:
        """What stands at `loc`, references replaced except for names in `kept`; None when nothing does.

        Raises VariableMissing, and SettingsInvalid for a reference that cannot be read.
        """
        tree = self.find(*loc)
        return None if tree is None else self._plain(tree, kept)

    def section(self, *loc: str | int, kept: Collection[str] = ()) -> dict[str, Plain]:
        """The keys and values at `loc`; none when nothing stands there. Raises SettingsInvalid."""
        found = self.plain(*loc, kept=kept)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise self.fault(loc, f"{loc[-1]}: expected keys and values, found {self.found(loc)}")
        return found

    def _plain(self, tree: Tree, kept: Collection[str]) -> Plain:
        match tree.value:
            case None:
                return None
            case str():
                return self._text(tree.line, tree.value, kept)
            case dict():
                return {key: self._plain(inner, kept) for key, inner in tree.value.items()}
            case tuple():
                return [self._plain(inner, kept) for inner in tree.value]

    def _text(self, line: int, text: str, kept: Collection[str]) -> str:
        try:
            return expanded(text, kept)
        except Unset as unset:
            raise VariableMissing(str(self.path), line, unset.name) from None
        except Unreadable as problem:
            raise SettingsInvalid(str(self.path), line, f"{text!r}: {problem}") from None


def kind(value: dict[str, Tree] | tuple[Tree, ...]) -> str:
    """What `value` is, in words."""
    return "keys and values" if isinstance(value, dict) else "a list"


def _with_value(tree: Tree, loc: Sequence[str], value: dict[str, Tree]) -> Tree:
    inner = tree.value if isinstance(tree.value, dict) else {}
    changed = _with_value(inner[loc[0]], loc[1:], value) if loc else None
    return replace(tree, value=value if changed is None else {**inner, loc[0]: changed})
