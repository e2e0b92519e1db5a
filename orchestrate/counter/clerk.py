"""The clerk: does what somebody says in the one language, through the app, as the person that they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrate.app import App
from orchestrate.chat import (
    CALL,
    Answer,
    Asked,
    Command,
    GoBack,
    Help,
    Ship,
    ShowHistory,
    ShowPlan,
    ShowStatus,
    Unclear,
    parse,
)
from orchestrate.counter import questions, reads
from orchestrate.counter.finding import called
from orchestrate.counter.naming import question_named
from orchestrate.counter.reply import Reply, help_page, refused, unclear
from orchestrate.counter.returning import taken_back
from orchestrate.counter.shipping import accepted, request_of
from orchestrate.errors import OrchestrateError, Refused
from orchestrate.identity import Identity
from orchestrate.models.deployment import DecisionKind
from orchestrate.models.question import Question
from orchestrate.models.task import Comment
from orchestrate.reports.markdown import bullets, code, page


@dataclass(frozen=True)
class Clerk:
    """Understands, does, and says what came of it."""

    app: App

    async def answer(self, text: str, who: Identity, comment: Comment | None = None) -> Reply:
        """What is said to `text`, after doing what it asks for; what went wrong is said, and never raised.

        `comment`: the one that says so on a tracker's thread; an answer is bound to it.
        """
        try:
            return await self._done(parse(text), who, text, comment)
        except OrchestrateError as problem:
            return refused(problem)

    async def _done(self, command: Command, who: Identity, text: str, comment: Comment | None) -> Reply:
        match command:
            case Ship():
                return accepted(self.app, await request_of(self.app, command, who))
            case Answer():
                return await self._decided(command, who, text, comment)
            case GoBack():
                return await taken_back(self.app, command, who, text)
            case _:
                return await self._told(command, who)

    async def _told(
        self, command: ShowStatus | ShowHistory | ShowPlan | Help | Asked | Unclear, who: Identity
    ) -> Reply:
        """What changes nothing."""
        match command:
            case ShowStatus(of):
                return reads.status(self.app, of and await called(self.app, of))
            case ShowHistory(environment):
                return reads.history(self.app, environment)
            case ShowPlan(of):
                return reads.plan(self.app, of and await called(self.app, of))
            case Asked(text):
                return await questions.answer(self.app, text, who)
            case Help():
                return help_page()
            case Unclear():
                return unclear(command)

    async def _decided(self, said: Answer, who: Identity, text: str, comment: Comment | None) -> Reply:
        """A person's answer to the question that they named. Raises NotAllowed, AlreadyDecided, NotFound."""
        verb = "approve" if said.kind is DecisionKind.APPROVED else "hold"
        asked = self._question(said.to, verb)
        words = said.reason or text
        now = await self.app.answers.decide(asked.id, said.kind, who.channel, who.login, words, comment)
        return Reply(text=_counted(now, said.kind), deployment=now.deployment)

    def _question(self, name: str | None, verb: str) -> Question:
        if name is not None:
            return question_named(self.app.store, name)
        raise _which(self.app.store.questions.unanswered(), verb)


def _which(asked: Sequence[Question], verb: str) -> Refused:
    ways = " or ".join(f"{CALL} {verb} {one.id}" for one in asked[:5])
    return Refused("name the question" if asked else "nothing is asked", cure=ways or f"{CALL} status")


def _counted(question: Question, kind: DecisionKind) -> str:
    left = question.needed - len(question.approved_by)
    said = f"Counted: {kind} for {code(question.id)} of deployment {code(question.deployment)}."
    is_enough = question.decision is not None or left < 1
    return page(said, "" if is_enough else bullets([f"{left} more must approve"]))
