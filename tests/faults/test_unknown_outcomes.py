"""Whatever the outside answers, or does not: each effect happens once, or a person knows why it did not."""

from __future__ import annotations

import ast
import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

import tools
from orchestrate.models.deployment import Outcome
from orchestrate.models.move import Move
from tests.faults.unknown_line import FAULTS
from tests.faults.unknown_runs import SCENES, Run, effects_of, is_effect, run
from tests.faults.unknown_table import (
    BY_EFFECT,
    EFFECTS,
    NOT_ASKED,
    NOT_NEEDED,
    READS,
    End,
    Row,
    cases,
    end_of,
)

ENDS: Mapping[End, Outcome | None] = {
    End.HELD: Outcome.PARKED,
    End.ASKED: None,
    End.BLOCKED: Outcome.BLOCKED,
    End.BACK: Outcome.ROLLED_BACK,
    End.UNCHANGED: Outcome.FAILED_BEFORE_CHANGE,
    End.PAGED: Outcome.ROLLBACK_FAILED,
}
HARMLESS = (
    "provider.apply drain",
    "undo: provider.apply drain",
    "forge.revert",
    "forge.resolve",
    "reservations.",
)
"""A wait for open requests begins anew, and what was prepared or reserved is still there."""

STORM = 3  # times as many requests as undisturbed
LEAST = 50  # or as many as that: however short a story is, its words are told for a day


@cache
def twin(scene: str) -> Run:
    """The same deployment, undisturbed."""
    folder = Path(tempfile.mkdtemp())
    try:
        return asyncio.run(run(folder, SCENES[scene]))
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=cases(is_always=True), ids=lambda one: f"{one[0].request}, {one[1]}")
def case(request: pytest.FixtureRequest) -> tuple[Row, str, Run]:
    """A row, a fault, and the twin of their scene."""
    return *request.param, twin(request.param[0].scene)


@pytest.fixture(params=cases(is_always=False), ids=lambda one: f"{one[0].request}, {one[1]}")
def other(request: pytest.FixtureRequest) -> tuple[Row, str, Run]:
    """The rows and faults that are not looked at each time."""
    return *request.param, twin(request.param[0].scene)


async def test_it_ends_as_the_table_says(folder: Path, case: tuple[Row, str, Run]) -> None:
    await assert_as_the_table_says(folder, *case)


@pytest.mark.slow
async def test_all_of_the_table_holds(folder: Path, other: tuple[Row, str, Run]) -> None:
    await assert_as_the_table_says(folder, *other)


async def assert_as_the_table_says(folder: Path, row: Row, name: str, calm: Run) -> None:
    fault = FAULTS[name]

    found = await run(folder, SCENES[row.scene], row.request, fault)

    assert found.line.hits > 0, "nothing was disturbed"
    wanted = end_of(row, fault)
    if fault.heals:
        assert found.ending == calm.ending
    assert found.outcome == ENDS.get(wanted, calm.outcome), found.reason
    assert twice(found) == []
    assert found.line.requests <= STORM * max(calm.line.requests, LEAST)
    rude = [one for one in found.line.rude if one == row.request or not row.is_optional]
    assert rude == [], "asked too soon"
    if not fault.heals:
        assert_people_know(found, wanted, str(fault.error()))


def twice(found: Run) -> list[str]:
    """What was done to the world again, exactly as before, although that is not harmless."""
    done = found.line.exactly.items()
    return [one for one, count in done if count > 1 and is_effect(one) and not one.startswith(HARMLESS)]


def assert_people_know(found: Run, wanted: End, why: str) -> None:
    """The cause stands where people read, with a cure where nothing goes on without them."""
    assert why in found.told
    assert found.holds_lock is (wanted is End.ASKED)
    if wanted is End.HELD:
        assert found.reason.endswith(")"), f"no cure is named: {found.reason}"


@pytest.mark.parametrize("scene", SCENES)
def test_no_request_of_a_deployment_is_without_a_row(scene: str) -> None:
    effects = {row.request for row in EFFECTS if row.scene == scene}
    shared = {row.request for row in EFFECTS}
    made = set(effects_of(twin(scene).line.made))

    assert effects <= made, "a row that is never asked proves nothing"
    assert made <= shared, "an effect that has no row"


def test_nothing_is_read_without_a_row() -> None:
    asked = {label for scene in SCENES for label in twin(scene).line.asked if not is_effect(label)}
    read = {label for label in asked if " watch" not in label}

    assert read - NOT_NEEDED.keys() == {row.request for row in READS}


def test_every_effect_in_the_code_has_a_row() -> None:
    assert tools_with_effects() | kinds_of_moves() == set(BY_EFFECT) | set(NOT_ASKED)
    assert all(any(one.is_first for one in rows) for rows in BY_EFFECT.values())


def tools_with_effects() -> set[str]:
    """The names of all tools that are made with `Write(name=…)`."""
    found: set[str] = set()
    for file in Path(tools.__file__ or "").parent.rglob("*.py"):
        tree = ast.parse(file.read_text())
        constants = {name: value for one in tree.body for name, value in assigned(one)}
        for name in (one for node in ast.walk(tree) for one in names_in(node)):
            given = constants[name.id] if isinstance(name, ast.Name) else name
            assert isinstance(given, ast.Constant), f"{file}: a name that cannot be read"
            found.add(str(given.value))
    return found


def assigned(node: ast.stmt) -> list[tuple[str, ast.expr]]:
    """The names that a line of a module gives values, one or several."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return [(name, value)]
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            both = zip(names, values, strict=True)
            return [(name.id, value) for name, value in both if isinstance(name, ast.Name)]
        case _:
            return []


def names_in(node: ast.AST) -> list[ast.expr]:
    """Both names of a tool that is called one thing or another, or the one that it has."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Write"):
        return []
    (name,) = [one.value for one in node.keywords if one.arg == "name"]
    return [name.body, name.orelse] if isinstance(name, ast.IfExp) else [name]


def kinds_of_moves() -> set[str]:
    """All that a plan may hold."""
    union, *_ = get_args(Move)
    return {one.model_fields["kind"].default for one in get_args(union)}
