"""Answer a question of a deployment: yes, or no."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from orchestrate.cli.identity import identity
from orchestrate.cli.output import AsJson, Output
from orchestrate.cli.scene import Scene, scene_of
from orchestrate.counter.naming import question_named
from orchestrate.models.deployment import DecisionKind
from orchestrate.models.environment import Channel
from orchestrate.models.question import Question

Asked = Annotated[str, typer.Argument(metavar="QUESTION-or-DEPLOYMENT", help="Which question is answered.")]
Reason = Annotated[str, typer.Option("--reason", "-m", metavar="TEXT", help="Why; kept with the answer.")]


def approve(ctx: typer.Context, asked: Asked, reason: Reason = "", as_json: AsJson = False) -> None:
    """Say yes: to exactly the plan that the question is about. A worker, or `run`, then goes on."""
    answer(scene_of(ctx), Output(as_json), asked, DecisionKind.APPROVED, reason)


def hold(ctx: typer.Context, asked: Asked, reason: Reason = "", as_json: AsJson = False) -> None:
    """Say no: it is not deployed. Hold beats an approval that was not used yet."""
    answer(scene_of(ctx), Output(as_json), asked, DecisionKind.HOLD, reason)


def answer(scene: Scene, out: Output, asked: str, kind: DecisionKind, reason: str) -> None:
    """Store the answer of whoever types. Raises NotAllowed, AlreadyDecided, UnknownQuestion."""
    question = asyncio.run(_decide(scene, asked, kind, reason))
    out.result({"question": question.model_dump(mode="json")})
    out.say(f"{question.id} of deployment {question.deployment}: {_outcome(question, kind)}")


def _outcome(question: Question, kind: DecisionKind) -> str:
    by = question.decision.by if question.decision else question.approved_by[-1]
    said = f"{kind.replace('_', ' ')} by {by}"
    if question.needed == 1 or kind is not DecisionKind.APPROVED:
        return said
    return f"{said} ({len(question.approved_by)} of the {question.needed} persons who must approve)"


async def _decide(scene: Scene, asked: str, kind: DecisionKind, reason: str) -> Question:
    async with scene.app() as app:
        who = identity(app.settings)
        question = question_named(app.store, asked)
        return await app.answers.decide(question.id, kind, Channel.CLI, who.login, reason)
