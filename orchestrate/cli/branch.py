"""A branch of the commands, its leaves, and the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Leaf:
    """One command; `place` is module:function below orchestrate.cli, imported when the command is used."""

    summary: str
    place: str
    example: str


@dataclass(frozen=True)
class Branch:
    """A group of commands; `usual` is the one that is meant when options follow the group's own name."""

    summary: str
    members: Mapping[str, Leaf | Branch]
    example: str
    options: tuple[tuple[str, str], ...] = ()
    usual: str | None = None


_HELP = ("--help", "this page; every command has one")


def page(path: str, branch: Branch) -> str:
    """The help of a group: its words, and nothing imported."""
    members = [(name, member.summary) for name, member in branch.members.items()]
    return "\n".join(
        [
            f"Usage: {path} [OPTIONS] COMMAND [ARGS]...",
            "",
            f"  {branch.summary}",
            "",
            "Commands:",
            *_aligned(members),
            "",
            "Options:",
            *_aligned([*branch.options, _HELP]),
            "",
            "Example:",
            f"  {branch.example}",
        ]
    )


def _aligned(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"  {name:{width}}  {text}" for name, text in rows]
