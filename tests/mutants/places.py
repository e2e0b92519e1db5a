"""Where guards stand: the code is read, so that a new one is found by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tests.mutants.removal import ROOT, Removal

REFUSALS = frozenset(
    {
        "AlreadyDecided",
        "AuditUnusable",
        "EffectRefused",
        "EffectsStopped",
        "HeadMoved",
        "KeyUnusable",
        "LeaseLost",
        "NotAllowed",
        "PurseEmpty",
        "Refusal",
        "Refused",
        "SealBroken",
        "StillThere",
        "TaskClaimed",
    }
)
"""The errors by which the product says no."""

NO_USE = frozenset({"OSError", "OutsideFailed", "Unreachable"})
"""Errors that say no in some files, and elsewhere that something did not work."""


class Says(StrEnum):
    """In which form the guards of a file say no."""

    RAISE = "raise"  # an error of REFUSALS
    FINDING = "finding"  # a gate that is not passed
    WHY = "why"  # a sentence, where '' means that nothing is wrong
    VIOLATION = "violation"  # a rule that yields what breaks it


@dataclass(frozen=True)
class Place:
    """A file with guards in one form, and the tests that must notice when one is missing."""

    file: str
    says: Says
    witness: str
    errors: frozenset[str] = REFUSALS

    def removals(self) -> list[Removal]:
        """Each guard of the file, taken out."""
        text = (ROOT / self.file).read_bytes()
        lines = [0]
        for line in text.splitlines(keepends=True):
            lines.append(lines[-1] + len(line))
        return [
            Removal(
                guard=f"{self.file}:{guard.node.lineno} {guard.function}",
                file=self.file,
                start=lines[guard.node.lineno - 1] + guard.node.col_offset,
                end=lines[(guard.node.end_lineno or 0) - 1] + (guard.node.end_col_offset or 0),
                instead=guard.instead,
                witness=self.witness,
            )
            for guard in _guards(ast.parse(text), self.says, self.errors)
        ]


@dataclass(frozen=True)
class _Guard:
    function: str
    node: ast.stmt
    instead: str


def _guards(tree: ast.Module, says: Says, errors: frozenset[str]) -> Iterator[_Guard]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                instead = _instead(node, says, errors)
                if instead and isinstance(node, ast.stmt):
                    yield _Guard(function.name, node, instead)


def _instead(node: ast.AST, says: Says, errors: frozenset[str]) -> str:
    """What takes the guard's place, so that it says no to nothing; '' where there is none."""
    match says, node:
        case Says.RAISE, ast.Raise(exc=ast.Call(func=ast.Name(id=name))) if name in errors:
            return "pass"
        case Says.FINDING, ast.Return(value=ast.Call(func=ast.Name(id="failed" | "unknown" | "waiting"))):
            return "return passed(gate, 'not looked at')"
        case Says.WHY, ast.Return(value=value) if _is_sentence(value):
            return "return ''"
        case Says.VIOLATION, ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            return "yield from ()"
        case _:
            return ""


def _is_sentence(value: ast.expr | None) -> bool:
    match value:
        case ast.Constant(value=str() as said):
            return bool(said)
        case _:
            return isinstance(value, ast.JoinedStr)


def refuses(file: str) -> bool:
    """Whether an error of REFUSALS is raised in a file."""
    return any(True for _ in _guards(ast.parse((ROOT / file).read_bytes()), Says.RAISE, REFUSALS))
