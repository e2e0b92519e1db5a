"""Replies: what is said back, as Markdown in which nothing that others wrote has any power."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrate.chat import CALL, GRAMMAR, Unclear
from orchestrate.errors import OrchestrateError
from orchestrate.models.fact import Fact
from orchestrate.outside import inline
from orchestrate.reports.markdown import bullets, code, page


class Reply(Fact):
    """What is said back, and whether it is a yes; `deployment`: the one that it is about."""

    text: str
    is_done: bool = True
    deployment: str | None = None


def help_page() -> Reply:
    """Everything that can be said."""
    lines = (f"{code(f'{CALL} {words}')}: {does}" for words, does in GRAMMAR)
    return Reply(text=page("Say one of these:", bullets(lines)))


def unclear(said: Unclear) -> Reply:
    """What was understood, and how it might be said."""
    heard = f"I read {inline(f'“{said.heard}”')}, and did nothing: {said.why}." if said.heard else ""
    return Reply(
        text=page(heard or f"I did nothing: {said.why}.", examples(said.examples)),
        is_done=False,
    )


def examples(lines: Iterable[str]) -> str:
    """Sentences that would be understood."""
    found = ", ".join(code(line) for line in lines)
    return f"For example: {found}. Everything that I understand: {code(f'{CALL} help')}." if found else ""


def refused(problem: OrchestrateError) -> Reply:
    """Why it was not done, and what helps."""
    cure = f"Try: {inline(problem.cure)}" if problem.cure else ""
    return Reply(text=page(f"Not done: {inline(str(problem))}.", cure), is_done=False)
