"""Lazy groups: a command's module is imported when the command is used, and not before."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer._click.shell_completion import CompletionItem
from typer.core import TyperGroup
from typer.main import get_command as built

from orchestrate.cli.branch import Branch, Leaf, page
from orchestrate.cli.importing import importing
from orchestrate.cli.tree import TREE

if TYPE_CHECKING:  # typer keeps these to itself
    from typer._click import Command, Context, HelpFormatter

HELP = ("--help", "-h")


class LazyGroup(TyperGroup):
    """A group that knows its members' names and summaries, and imports the one that is asked for."""

    branch: Branch = TREE

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002
        return list(self.branch.members)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002
        match self.branch.members.get(cmd_name):
            case None:
                return None
            case Leaf() as leaf:
                return command(cmd_name, leaf)
            case Branch() as branch:
                return group(cmd_name, branch)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Options after the group's own name mean its usual command: `deploy --env staging`."""
        if self.branch.usual and args and args[0].startswith("-") and args[0] not in HELP:
            args = [self.branch.usual, *args]
        return super().parse_args(ctx, args or ["--help"])

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        formatter.write(page(ctx.command_path, self.branch))

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """The members' names, without importing any, and the group's own options."""
        names = [
            CompletionItem(name, help=member.summary)
            for name, member in self.branch.members.items()
            if name.startswith(incomplete)
        ]
        return names + super(TyperGroup, self).shell_complete(ctx, incomplete)


def group(name: str, branch: Branch) -> LazyGroup:
    """The group of this branch; its members are not imported."""
    made = LazyGroup(name=name, rich_markup_mode=None, context_settings={"help_option_names": HELP})
    made.branch = branch
    return made


def command(name: str, leaf: Leaf) -> Command:
    """The command of this leaf, imported now."""
    module, function = leaf.place.split(":")
    with importing():
        called = getattr(import_module(f"orchestrate.cli.{module}"), function)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(
        name,
        short_help=leaf.summary,
        epilog=f"\b\nExample:\n  {leaf.example}",
        context_settings={"help_option_names": HELP},
    )(called)
    return built(app)
