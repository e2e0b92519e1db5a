"""Following: a deployment is driven in this process, shown on its way, and its questions are put."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from orchestrate.app import App
from orchestrate.approvals import check_allowed, panel_of
from orchestrate.cli.identity import Identity
from orchestrate.cli.progress import progress
from orchestrate.cli.screen import Screen
from orchestrate.cli.typed import can_ask, typed
from orchestrate.errors import NotAllowed, Refused
from orchestrate.models.deployment import DecisionKind, Deployment, Event, Status
from orchestrate.models.environment import Channel
from orchestrate.models.question import Question
from orchestrate.worker import Serving

LOOK_SECONDS = 0.2
APPROVAL, EFFECTS = "approval", "effects"
ANSWERS = {
    "y": DecisionKind.APPROVED,
    "yes": DecisionKind.APPROVED,
    "hold": DecisionKind.HOLD,
    "r": DecisionKind.ROLL_BACK,
}


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How somebody wants to follow."""

    yes: bool = False  # approve as oneself, where one may
    detach: bool = False  # end where a person must answer
    is_quiet: bool = False  # put no question at the terminal


@dataclass(kw_only=True)
class Following:
    """One deployment, from here to its end or to a person."""

    app: App
    who: Identity
    screen: Screen
    manner: Manner
    events: list[Event] = field(default_factory=list[Event])
    _known: set[str] = field(default_factory=set[str])
    _asking: asyncio.Task[None] | None = None

    async def drive(self, id: str) -> Deployment:
        """Drive it until it ends, or waits for a person nobody here stands for. Gives how it is then."""
        stop = asyncio.Event()
        serving = Serving(app=self.app, claims=False, is_over=lambda: self._row(id).status is Status.FINISHED)
        with self.screen:
            async with asyncio.TaskGroup() as both:
                both.create_task(serving.serve(stop))
                both.create_task(self._follow(id, stop))
            self._show(self._row(id))
            if self.app.store.outbox.is_owed(id):
                self.screen.say("The tracker was not told everything; a worker tells it later.")
        return self._row(id)

    def _row(self, id: str) -> Deployment:
        return self.app.store.deployments.deployment(id)

    async def _follow(self, id: str, stop: asyncio.Event) -> None:
        try:
            while not stop.is_set():
                row = self._row(id)
                self._show(row)
                if row.status is Status.FINISHED:
                    return
                await self._put(row, stop)
                if self.manner.detach and row.waits_for is not None and row.waits_for.kind == EFFECTS:
                    stop.set()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            if self._asking is not None:
                self._asking.cancel()

    def _show(self, row: Deployment) -> None:
        seen = self.events[-1].seq if self.events else 0
        for event in self.app.store.events.of(row.id, after=seen):
            self.events.append(event)
            self.screen.event(event)
        self.screen.progress(lambda: progress(self.app.store, row, self.events))

    async def _put(self, row: Deployment, stop: asyncio.Event) -> None:
        """Put the open question, once."""
        questions = self.app.store.questions.for_deployment(row.id)
        question = next((one for one in questions if one.is_open), None)
        if question is None or question.id in self._known:
            return
        if row.waits_for is None or row.waits_for.kind != APPROVAL:
            return  # its text is still on its way
        self._known.add(question.id)
        objection = self._objection(question)
        may = not objection
        if self.manner.yes and question.asks_approval:
            if may:
                await self._decide(question, DecisionKind.APPROVED)
                return
            self.screen.say(f"--yes does not count: {objection}")
        self.screen.say(_how(question, row))
        if self.manner.detach:
            stop.set()
        elif may and can_ask() and not self.manner.is_quiet:
            self._asking = asyncio.create_task(self._ask(question))

    def _objection(self, question: Question) -> str:
        """Why whoever types may not approve, or ''."""
        plan = self.app.store.plans.plan(question.plan_hash)
        panel = panel_of(self.app.crew.places(plan.environment).environment, plan)
        try:
            check_allowed(self.who.person, DecisionKind.APPROVED, panel)
        except NotAllowed as refused:
            return str(refused)
        return ""

    async def _ask(self, question: Question) -> None:
        back = "" if question.asks_approval else ", r to roll back"
        self.screen.pause()
        try:
            answer = ANSWERS.get(await typed(f"{question.id}: yes? [y/N, hold{back}]"))
        finally:
            self.screen.resume()
        if answer is None:
            self.screen.say("not answered; it keeps waiting (Ctrl-C leaves it waiting)")
            return
        await self._decide(question, answer)

    async def _decide(self, question: Question, kind: DecisionKind) -> None:
        try:
            await self.app.answers.decide(question.id, kind, Channel.CLI, self.who.login, "")
        except Refused as refused:
            self.screen.say(f"not counted: {refused}")


def _how(question: Question, row: Deployment) -> str:
    asked = {
        "approval": "approve the plan",
        "go_on": "go on or roll back",
        "rollback": "roll back or leave it",
    }
    what = asked.get(question.gate_kind.partition("/")[0], "decide")
    return (
        f"question {question.id}: a person must {what}\n"
        f"  read it:  orchestrate deploy plan {row.id}\n"
        f"  answer:   orchestrate deploy approve {question.id}   or   orchestrate deploy hold {question.id}"
    )
