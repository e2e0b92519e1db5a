"""The desk: does what was said in Slack, one after the other and each once, and keeps the channel up to date.

It works in a thread of its own, so that whatever it waits for, Slack is answered at once by those who listen.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from orchestrate.app import App, assembled
from orchestrate.approvals import answer_in
from orchestrate.chat import is_called
from orchestrate.counter.clerk import Clerk
from orchestrate.counter.herald import Herald
from orchestrate.counter.naming import question_named
from orchestrate.counter.reply import Reply, refused
from orchestrate.errors import NotAllowed, OrchestrateError
from orchestrate.identity import Identity
from orchestrate.models.deployment import DecisionKind
from orchestrate.models.environment import Channel
from orchestrate.settings import Settings
from orchestrate.slack.said import Said
from tools.chat import Chat
from tools.rests import asked_rest, growing

Say = Callable[[str], None]

MOST = 500
"""What waits to be done; more is turned away, and those who said it are told so."""

TURN = 0.2
HERALD_SECONDS = 1.0
FIRST_REST, LONGEST_REST = 5.0, 60.0  # seconds, after what cannot be said now
KIND = "said in slack"


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Takes what was said from those who listen."""

    settings: Settings
    chat: Callable[[App], Chat]
    say: Say
    waiting: queue.Queue[Said] = field(default_factory=lambda: queue.Queue(MOST))

    def take(self, said: Said) -> bool:
        """Whether it will be done; False while too much waits already."""
        with suppress(queue.Full):
            self.waiting.put_nowait(said)
            return True
        return False

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; what was taken is done first."""
        asyncio.run(self._work(stop))

    async def _work(self, stop: threading.Event) -> None:
        async with assembled(self.settings) as app:
            working = Working(app, self.chat(app), self.say)
            heralding = asyncio.create_task(working.herald())
            try:
                while not stop.is_set() or not self.waiting.empty():
                    await self._next(working)
            finally:
                heralding.cancel()

    async def _next(self, working: Working) -> None:
        try:
            said = self.waiting.get_nowait()
        except queue.Empty:
            await asyncio.sleep(TURN)
            return
        await working.do(said)


@dataclass(frozen=True)
class Working:
    """One spell at the desk."""

    app: App
    chat: Chat
    say: Say

    async def herald(self) -> None:
        """Keep the channel up to date; what cannot be said now is said later."""
        herald, pause, failed = Herald(self.app, self.chat), HERALD_SECONDS, 0
        while True:
            await asyncio.sleep(pause)
            pause = HERALD_SECONDS
            try:
                await herald.look()
            except OrchestrateError as problem:
                self.say(str(problem))
                pause = asked_rest(problem) or growing(failed, FIRST_REST, LONGEST_REST)
                failed += 1
            else:
                failed = 0

    async def do(self, said: Said) -> None:
        """Do it, unless it was done before, and tell whoever said it what came of it."""
        if not self._is_new(said):
            return
        try:
            reply = await self._done(said)
        except OrchestrateError as problem:
            reply = refused(problem)
        if reply is None:
            return
        try:
            await self.chat.tell(said.user, said.channel, reply.text)
        except OrchestrateError as problem:
            self.say(str(problem))

    def _is_new(self, said: Said) -> bool:
        """Slack sends again what it takes for lost, and others may send what they heard."""
        mine = uuid.uuid4().hex
        return self.app.store.keepsakes.first(KIND, {said.key: mine})[said.key] == mine

    async def _done(self, said: Said) -> Reply | None:
        who = Identity(said.user, self.app.settings.person(Channel.SLACK, said.user), Channel.SLACK)
        if said.question is not None:
            return await self._pressed(said, who)
        if said.is_called or is_called(said.text):
            return await Clerk(self.app).answer(said.text, who, said.comment)
        return await self._in_thread(said, who)

    async def _pressed(self, said: Said, who: Identity) -> Reply:
        """A button answers the question that it was made for, and only about the plan that it showed."""
        asked = question_named(self.app.store, said.question or "")
        if asked.plan_hash != said.plan_hash or said.answer not in tuple(DecisionKind):
            raise NotAllowed("that button is about another plan", cure="use the newest card")
        kind = DecisionKind(said.answer)
        now = await self.app.answers.decide(
            asked.id, kind, who.channel, who.login, "a button", card=said.place
        )
        return Reply(text=f"Counted: {kind.replace('_', ' ')} for {now.id}.", deployment=now.deployment)

    async def _in_thread(self, said: Said, who: Identity) -> Reply | None:
        """An answer below one of our messages; people who talk there are left alone."""
        marker = Herald(self.app, self.chat).marker_of(said.thread or "")
        answer = answer_in(said.text)
        if marker is None or answer is None:
            return None
        kind, named = answer
        asked = question_named(self.app.store, named or marker.partition("/")[2])
        now = await self.app.answers.decide(asked.id, kind, who.channel, who.login, said.text, said.comment)
        return Reply(text=f"Counted: {kind.replace('_', ' ')} for {now.id}.", deployment=now.deployment)
