"""Judging: what comes of what was watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langgraph.runtime import Runtime

from agents.answers import Advice
from graphs.alerts import TOLD, untold
from graphs.state import Answer, Course, Drive, State
from graphs.steps.advice import second_opinion
from graphs.steps.crew import Crew
from graphs.steps.helm import Helm
from orchestrate import reports
from orchestrate.models.deployment import Stage
from orchestrate.models.move import Analyse
from orchestrate.models.sample import Judgement, Verdict
from orchestrate.models.task import FailureKind
from orchestrate.models.watch import Watch
from tools.executor import Errand
from tools.voice import Manner


@dataclass(frozen=True)
class Judging:
    """From the samples to the next move, or the way back."""

    crew: Crew
    helm: Helm

    async def judge(self, state: State, runtime: Runtime[Drive]) -> State:
        """Read what was watched, and decide: go on, keep watching, go back, or ask."""
        at, plan, index = (
            self.crew.errand(state, Stage.JUDGE, runtime),
            self.crew.plan(state),
            state["cursor"],
        )
        watches = self.crew.store.watches.open_of(at.deployment)
        await self._tell_alerts(state, at, watches)
        was_asked, move = state.get("course") is Course.ASK, plan.moves[index].move
        if was_asked and state.get("answer") is Answer.APPROVED:
            return await self.helm.resumed(state, at)
        if not isinstance(move, Analyse):
            return await self.helm.asked_again(state, at, "")
        watch = next((one for one in watches if one.is_bad), None) or self.crew.store.watches.watch(
            f"{at.deployment}:{index}"
        )
        judgement = self.helm.judgement(watch, plan)
        if was_asked and judgement.verdict is not Verdict.FAIL:
            return await self.helm.asked_again(state, at, judgement.sentence)
        if judgement.verdict is Verdict.INCONCLUSIVE and self.crew.store.clock() < watch.until:
            return await self._keep_watching(state, at, watch, judgement)
        return await self._conclude(state, at, watch, judgement)

    async def _tell_alerts(self, state: State, at: Errand, watches: Sequence[Watch]) -> None:
        """What people should look at, as soon as it is seen: on the thread, and in the story."""
        for one in untold(self.crew.store, at.deployment, watches):
            text = reports.alert(one.watch, one.sentence)
            key = f"alert {one.watch.id} {one.name}"
            comes_first = any(bad.is_bad for bad in watches)  # going back does
            voice = self.crew.voice.in_manner(Manner.LATER if comes_first else Manner.USUAL)
            await voice.say(at, state["request"].task, key, text)
            said = f"{one.watch.component}: {one.sentence}"
            self.crew.event(at, TOLD, said, watch=one.watch.id, name=one.name)

    async def _keep_watching(self, state: State, at: Errand, watch: Watch, judgement: Judgement) -> State:
        count = state.get("reports", 0) + 1
        if watch.final and self.crew.store.clock() >= self.helm.report_at(watch, state, count):
            text = reports.watch_report(watch, judgement, self.crew.store.clock())
            await self.crew.voice.say(at, state["request"].task, f"watch {watch.id} {count}", text)
            self.crew.event(at, "report", judgement.sentence)
            return self.helm.watching(state, watch, count) | State(reports=count)
        return self.helm.watching(state, watch, count - 1)

    async def _conclude(self, state: State, at: Errand, watch: Watch, judgement: Judgement) -> State:
        store, verdict = self.crew.store, judgement.verdict
        with store.together():
            self.crew.event(at, "verdict", judgement.sentence, verdict=verdict, trigger=judgement.trigger)
            if verdict is not Verdict.INCONCLUSIVE:
                store.watches.close(watch.id, judgement)
        match verdict:
            case Verdict.PASS:
                return self.helm.onward(state, at, state["cursor"] + 1)
            case Verdict.FAIL:
                return await self.helm.regressed(state, at, watch, judgement)
            case Verdict.INCONCLUSIVE:
                return await self._undecided(state, at, watch, judgement)

    async def _undecided(self, state: State, at: Errand, watch: Watch, judgement: Judgement) -> State:
        """Nobody can tell: it is watched once more, and then a person decides.

        Who is asked for advice may want a person at once, or the way back where that may be gone by itself.
        """
        said = await second_opinion(self.crew, state, at, watch, judgement)
        if not watch.extended and (said is None or not said.is_doubt):
            return self._once_more(state, at, watch, judgement)
        why = judgement.sentence if said is None else f"{said.words}; {judgement.sentence}"
        is_back = said is not None and said.advice is Advice.ROLL_BACK
        if is_back and self.crew.place(state).environment.auto_rollback:
            self.crew.store.watches.close(watch.id)
            return await self.helm.regressed(state, at, watch, judgement.model_copy(update={"sentence": why}))
        return await self.helm.halted(state, at, why, FailureKind.UNKNOWN)

    def _once_more(self, state: State, at: Errand, watch: Watch, judgement: Judgement) -> State:
        """From now on, and as long as before."""
        store, length = self.crew.store, watch.until - watch.opened_at
        now = store.clock()
        extended = store.watches.extend(watch.id, now + length, since=now)
        self.crew.event(at, "extended", f"watching once more as long: {judgement.sentence}")
        return self.helm.watching(state, extended, state.get("reports", 0))
