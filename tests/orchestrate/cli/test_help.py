"""Help: every command has a page with an example, and the overviews need no imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

import pytest

from orchestrate.cli.branch import Branch, Leaf, page
from orchestrate.cli.tree import TREE
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import ROOT, surroundings


def leaves(branch: Branch, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    for name, member in branch.members.items():
        if isinstance(member, Leaf):
            yield (*path, name), member
        else:
            yield from leaves(member, (*path, name))


LEAVES = dict(leaves(TREE))


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_a_page_with_an_example(command: Command, path: tuple[str, ...]) -> None:
    ran = command(*path, "--help")

    assert ran.code == 0
    assert ran.out.startswith(f"Usage: orchestrate {' '.join(path)}")
    assert LEAVES[path].example in ran.out


@pytest.mark.parametrize("path", sorted(LEAVES.keys() - {("mcp",)}), ids=" ".join)  # it answers nobody else
def test_every_command_answers_programs_too(command: Command, path: tuple[str, ...]) -> None:
    assert "--json" in command(*path, "--help").out


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_place_is_a_function(path: tuple[str, ...]) -> None:
    module, function = LEAVES[path].place.split(":")

    assert callable(getattr(import_module(f"orchestrate.cli.{module}"), function))


@pytest.mark.parametrize("words", [("--help",), ("-h",), ()])
def test_the_overview_lists_every_command(command: Command, words: tuple[str, ...]) -> None:
    ran = command(*words)

    assert (ran.code, ran.out.rstrip()) == (0, page("orchestrate", TREE))
    assert all(name in ran.out for name in TREE.members)


@pytest.mark.parametrize("name", [name for name, one in TREE.members.items() if isinstance(one, Branch)])
def test_a_group_alone_shows_its_overview(command: Command, name: str) -> None:
    branch = TREE.members[name]
    assert isinstance(branch, Branch)

    assert command(name).out.rstrip() == page(f"orchestrate {name}", branch)
    assert command(name, "--help").out == command(name).out


def test_options_after_deploy_mean_run(command: Command) -> None:
    ran = command("deploy", "--env")

    assert (ran.code, ran.err.splitlines()[-1]) == (2, "try: orchestrate deploy --help")
    assert "requires an argument" in ran.err


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (("deplo",), "orchestrate deploy"),
        (("deploy", "histroy"), "orchestrate deploy history"),
        (("deploy", "logs"), "orchestrate deploy logs --help"),
        (("--nonsense",), "orchestrate --help"),
        (("deploy", "history", "--limit", "many"), "orchestrate deploy history --help"),
    ],
)
def test_a_wrong_command_is_told_what_was_meant(command: Command, words: tuple[str, ...], cure: str) -> None:
    ran = command(*words)

    assert ran.code == 2
    assert ran.err.splitlines()[0].startswith("error: ")
    assert ran.err.splitlines()[1] == f"try: {cure}"


def test_completion_knows_commands_without_importing_them() -> None:
    program = (
        "import sys; sys.argv = ['orchestrate']\n"
        "from orchestrate.cli.entry import run\n"
        "code = run([])\n"
        "assert 'orchestrate.app' not in sys.modules and 'sqlalchemy' not in sys.modules\n"
        "sys.exit(code)\n"
    )
    asked = surroundings(_ORCHESTRATE_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="orchestrate deploy h")
    ran = subprocess.run(
        [sys.executable, "-c", program], env=asked, cwd=ROOT, capture_output=True, text=True, timeout=30
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "history" in ran.stdout and "hold" in ran.stdout and "logs" not in ran.stdout


def test_the_version_is_told(command: Command) -> None:
    said = command("--version")

    assert said.out.startswith("orchestrate ")
    assert said == command("version")
    assert str(command("version", "--json").data["version"]) in said.out
