"""Whatever is said, called, pushed, edited or killed, in any order: what happens is in an approved plan."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrate.models.deployment import DecisionKind, Stage
from tests.faults.hostile.machine import Play
from tools.executor import EffectClass

SAID = ("Approved", "approved!", "APPROVED", "> Approved", "Approved, but wait", "Hold", "Roll back", "LGTM")
STRANGERS = ("mallory", "mira", "rob", "orchestrate", "аda")


class Anybody(RuleBasedStateMachine):
    """Ada, strangers, a model with hands, time, pushes, settings and crashes."""

    def __init__(self) -> None:
        super().__init__()
        self.play = Play()
        self.branches = 0

    @initialize(badly=some.booleans(), rounds=some.sampled_from([0, 0, 1, 2, 5, 12]))
    def begin(self, badly: bool, rounds: int) -> None:
        """Nobody said anything yet, or it has gone so far."""
        self.branches += 1
        self.play.around.metrics.failing = {"green": 0.5} if badly else {}
        self.play.begin(f"work{self.branches}")
        self.play.drive()
        if rounds:
            self.ada_approves_and_it_goes_on(rounds)

    @precondition(lambda self: self.play.is_over)
    @rule(badly=some.booleans())
    def begin_again(self, badly: bool) -> None:
        self.begin(badly, 0)

    @rule(rounds=some.sampled_from([1, 2, 5, 30]))
    def it_goes_on(self, rounds: int) -> None:
        for _ in range(rounds):
            self.play.drive()
            self.play.wait(1)

    @rule(seconds=some.sampled_from([5, 70, 4000, 100_000]))
    def the_clock_jumps(self, seconds: int) -> None:
        self.play.wait(seconds)
        self.play.drive()

    @rule(rounds=some.sampled_from([1, 2, 30]))
    def ada_approves_and_it_goes_on(self, rounds: int) -> None:
        self.play.answer(DecisionKind.APPROVED)
        self.it_goes_on(rounds)

    @rule(kind=some.sampled_from(DecisionKind))
    def ada_answers(self, kind: DecisionKind) -> None:
        self.play.answer(kind)

    @rule(text=some.sampled_from(SAID))
    def ada_says(self, text: str) -> None:
        self.play.say("ada", text)

    @rule(who=some.sampled_from(STRANGERS), text=some.sampled_from(SAID))
    def a_stranger_says(self, who: str, text: str) -> None:
        self.play.say(who, text)

    @rule(text=some.sampled_from(SAID))
    def the_last_comment_is_edited(self, text: str) -> None:
        self.play.edit(text)

    @rule(is_base=some.booleans())
    def somebody_pushes(self, is_base: bool) -> None:
        self.play.push("main" if is_base else f"work{self.branches}")

    @rule(index=some.integers(0, 5))
    def it_is_killed(self, index: int) -> None:
        self.play.kill_at(index)

    @rule()
    def a_worker_ends(self) -> None:
        self.play.restart()

    @rule(
        index=some.integers(0, 80),
        effect=some.sampled_from([None, *EffectClass]),
        stage=some.sampled_from([Stage.DEPLOY, Stage.MERGE, Stage.BUILD, Stage.ROLL_BACK]),
        which=some.sampled_from(["own", "own", "other", "none", "zeros"]),
    )
    def the_model_calls(
        self, index: int | None, effect: EffectClass | None, stage: Stage, which: str
    ) -> None:
        self.play.call(index, effect, stage, which)

    @rule(effect=some.sampled_from([None, EffectClass.UNDO]))
    def the_model_calls_everything(self, effect: EffectClass | None) -> None:
        self.play.call(None, effect, Stage.DEPLOY, "own")

    @invariant()
    def only_what_was_approved_happened(self) -> None:
        assert self.play.forbidden() == []

    def teardown(self) -> None:
        self.play.close()


class TestAnybody(Anybody.TestCase):
    """Played in the same orders every time."""

    settings = settings(
        derandomize=True,
        max_examples=22,
        stateful_step_count=25,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
