"""The play: the worker does its work, the story is told, and a person is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from orchestrate.app import App
from orchestrate.demo.asking import answered
from orchestrate.demo.chapters import chapter
from orchestrate.demo.plan_card import card
from orchestrate.demo.premises import Premises
from orchestrate.demo.prepare import Errand
from orchestrate.demo.screen import Screen
from orchestrate.demo.story import Line, Story, Tone
from orchestrate.demo.view import Scene
from orchestrate.errors import Refused
from orchestrate.models.deployment import DecisionKind, Deployment, Outcome, Status
from orchestrate.models.environment import Channel
from orchestrate.models.question import Question
from orchestrate.models.task import Queue
from orchestrate.models.watch import Watch
from orchestrate.store import Store
from orchestrate.worker import Serving

LOOK_SECONDS = 0.3
LONGEST = 900.0  # seconds, where nobody is asked
PROMPT = "Approve? Enter or y: yes · n: hold, nothing changes  "


@dataclass(kw_only=True)
class Play:
    """One run, from where things are to the end of every task."""

    app: App
    premises: Premises
    errands: Sequence[Errand]
    story: Story
    screen: Screen
    console: Console
    identity: str  # who approves
    asks: bool  # a person; else the demo says yes in their name
    began: float  # epoch seconds
    shown: int = -1  # the second since then that the view shows

    async def run(self, stop: asyncio.Event) -> None:
        """Work until every task has come to its end, or until told to stop."""
        over = asyncio.Event()
        serving = Serving(app=self.app, is_over=self._is_over)
        with self.screen:
            async with asyncio.TaskGroup() as group:
                work = group.create_task(serving.serve(stop))
                work.add_done_callback(lambda _: over.set())
                group.create_task(self._follow(over, stop))

    def _is_over(self) -> bool:
        is_late = not self.asks and self.app.store.clock() > self.began + LONGEST
        return is_late or is_settled(self.app.store, self.errands)

    async def _follow(self, over: asyncio.Event, stop: asyncio.Event) -> None:
        while not over.is_set():
            await self._look()
            if question := self._question():
                await self._answer(question, stop)
            await asyncio.sleep(LOOK_SECONDS)
        await self._look()

    async def _look(self) -> None:
        for line in self.story.news():
            self.screen.tell(line)
        elapsed = int(self.app.store.clock() - self.began)
        if self.screen.is_live and elapsed != self.shown:
            self.shown = elapsed
            self.screen.show(await self._scene(elapsed))

    def _question(self) -> Question | None:
        """The oldest open question about one of ours whose deployment already waits for the answer."""
        ours = {errand.task for errand in self.errands}
        waiting = [one for one in self.app.store.questions.unanswered() if one.task in ours]
        return next((one for one in waiting if self._waits(one)), None)

    def _waits(self, question: Question) -> bool:
        return self.app.store.deployments.deployment(question.deployment).status is Status.WAITING

    async def _answer(self, question: Question, stop: asyncio.Event) -> None:
        if not question.asks_approval:
            self._note(question, "nobody can tell whether it is good, so it goes back")
            await self._decide(question, DecisionKind.ROLL_BACK)
        elif not self.asks:
            await self._decide(question, DecisionKind.APPROVED)
        else:
            await self._ask(question, stop)

    async def _ask(self, question: Question, stop: asyncio.Event) -> None:
        store = self.app.store
        errand = next(one for one in self.errands if one.task == question.task)
        self.screen.ask(card(store.plans.plan(question.plan_hash), chapter(errand.name).label.capitalize()))
        try:
            said = await answered(
                lambda: self.console.print(Text(PROMPT, style="bold"), end=""),
                lambda: stop.is_set() or not store.questions.question(question.id).is_open,
            )
        finally:
            self.screen.go_on()
        if said is not None:
            await self._decide(question, DecisionKind.APPROVED if said else DecisionKind.HOLD)

    async def _decide(self, question: Question, kind: DecisionKind) -> None:
        try:
            await self.app.answers.decide(question.id, kind, Channel.CLI, self.identity, kind)
        except Refused as problem:
            self._note(question, str(problem))

    def _note(self, question: Question, text: str) -> None:
        row = self.app.store.deployments.deployment(question.deployment)
        now = self.app.store.clock()
        self.screen.tell(Line(at=now, where=row.environment, text=text, tone=Tone.NOTE))

    async def _scene(self, elapsed: int) -> Scene:
        store = self.app.store
        rows = [
            (one, store.tasks.task(one.task).title, store.deployments.latest(task=one.task, limit=10))
            for one in self.errands
        ]
        watch = _watch(store, [row for _, _, found in rows for row in found])
        return Scene(
            rows=rows,
            production=await self.premises.running(),
            watch=watch,
            samples=store.watches.samples(watch.id) if watch else (),
            traffic=self.premises.counts(),
            url=self.premises.url(),
            elapsed=elapsed,
        )


def is_settled(store: Store, errands: Sequence[Errand]) -> bool:
    """Whether nothing more happens to any of them by itself."""
    return all(_is_settled(store, errand) for errand in errands)


def _is_settled(store: Store, errand: Errand) -> bool:
    last = next(iter(store.deployments.latest(task=errand.task, limit=1)), None)
    if last is None:
        return any(_is_stuck(store, one) for one in store.tasks.task(errand.task).depends_on)
    has_more = last.outcome is Outcome.DEPLOYED and last.request.flow
    return last.status is Status.FINISHED and not has_more


def _is_stuck(store: Store, id: str) -> bool:
    """Whether what waits for this task waits for a person: it did not end well, or is a fix that is filed."""
    last, task = next(iter(store.deployments.latest(task=id, limit=1)), None), store.tasks.task(id)
    if last is None:
        return task.queue is not Queue.DEPLOY or any(_is_stuck(store, one) for one in task.depends_on)
    return last.status is Status.FINISHED and last.outcome is not Outcome.DEPLOYED


def _watch(store: Store, rows: Sequence[Deployment]) -> Watch | None:
    under_way = [one for one in rows if one.environment == "production" and one.status is not Status.FINISHED]
    watches = [watch for one in under_way for watch in store.watches.of(one.id)]
    return next((one for one in reversed(watches) if one.closed_at is None), None)
