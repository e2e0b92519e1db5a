"""A question is asked once, answered once, and its approval used once."""

from __future__ import annotations

import pytest

from orchestrate.errors import AlreadyDecided, EffectRefused, UnknownQuestion
from orchestrate.models.deployment import DecisionKind, ForApproval, Lease
from orchestrate.models.question import Question
from orchestrate.store import Store
from tests.orchestrate.store.facts import LATER, Clock, accepted, asked, driven, said

APPROVED, HOLD, ROLL_BACK = DecisionKind.APPROVED, DecisionKind.HOLD, DecisionKind.ROLL_BACK


def candidate(store: Store) -> tuple[Lease, Question]:
    """A deployment that waits for its approval."""
    lease = driven(store)
    question = asked(store, lease.deployment)
    store.deployments.waits(lease, ForApproval(gate=question.id, until=LATER), LATER)
    store.leases.release(lease)
    return lease, question


def test_asking_again_gives_the_same_question(any_store: Store) -> None:
    lease = driven(any_store)
    first = asked(any_store, lease.deployment, task="T-1")

    assert asked(any_store, lease.deployment, task="T-1") == first
    assert any_store.questions.question(first.id) == first
    assert any_store.questions.for_deployment(lease.deployment) == (first,)


def test_ids_are_short_and_different(any_store: Store) -> None:
    ids = {asked(any_store, f"deployment {number}").id for number in range(20)}

    assert len(ids) == 20
    assert all(len(id) == 6 and id.startswith("Q") for id in ids)


def test_unanswered_questions_are_found_by_task(any_store: Store) -> None:
    mine, other = asked(any_store, "one", task="T-1"), asked(any_store, "two", task="T-2")
    answered = asked(any_store, "three", task="T-1")
    any_store.questions.decide(answered.id, said(answered))

    assert any_store.questions.unanswered("T-1") == (mine,)
    assert {one.id for one in any_store.questions.unanswered()} == {mine.id, other.id}


def test_answers_that_were_not_used_are_found_by_task(any_store: Store) -> None:
    lease = driven(any_store)
    waits = asked(any_store, "one", task="T-1")
    used = asked(any_store, lease.deployment, task="T-1")
    for question in (waits, used):
        any_store.questions.decide(question.id, said(question))
    asked(any_store, "two", task="T-1")

    any_store.questions.consume(used.id, lease)

    assert [one.id for one in any_store.questions.unused("T-1")] == [waits.id]
    assert any_store.questions.unused("T-2") == ()


def test_a_decision_is_stored_and_wakes_the_deployment(any_store: Store) -> None:
    lease, question = candidate(any_store)

    assert any_store.questions.decide(question.id, said(question))

    assert any_store.questions.question(question.id).decision == said(question)
    assert any_store.deployments.due(any_store.clock()) == (lease.deployment,)


def test_the_same_answer_by_the_same_person_changes_nothing(any_store: Store) -> None:
    question = asked(any_store, "one")
    any_store.questions.decide(question.id, said(question))

    assert not any_store.questions.decide(question.id, said(question))


@pytest.mark.parametrize("second", [HOLD, ROLL_BACK])
def test_hold_and_rollback_beat_an_approval_that_was_not_used(any_store: Store, second: DecisionKind) -> None:
    lease, question = candidate(any_store)
    any_store.questions.decide(question.id, said(question))

    assert any_store.questions.decide(question.id, said(question, second, "bob"))

    with pytest.raises(EffectRefused, match=second):
        any_store.questions.consume(question.id, retaken(any_store, lease))


@pytest.mark.parametrize(("first", "second"), [(APPROVED, APPROVED), (HOLD, APPROVED), (HOLD, ROLL_BACK)])
def test_any_other_second_answer_is_refused(
    any_store: Store, first: DecisionKind, second: DecisionKind
) -> None:
    question = asked(any_store, "one")
    any_store.questions.decide(question.id, said(question, first))

    with pytest.raises(AlreadyDecided, match=f"answered {first} by ada"):
        any_store.questions.decide(question.id, said(question, second, "bob"))


def test_hold_comes_too_late_for_an_approval_that_was_used(any_store: Store) -> None:
    lease, question = candidate(any_store)
    any_store.questions.decide(question.id, said(question))
    any_store.questions.consume(question.id, retaken(any_store, lease))

    with pytest.raises(AlreadyDecided):
        any_store.questions.decide(question.id, said(question, HOLD, "bob"))


def test_an_answer_about_another_plan_is_refused(any_store: Store) -> None:
    question = asked(any_store, "one")

    with pytest.raises(AlreadyDecided, match="about another"):
        any_store.questions.decide(question.id, said(question, plan_hash="f" * 64))


def test_a_closed_question_takes_no_answer(any_store: Store) -> None:
    question = asked(any_store, "one")
    any_store.questions.close(question.id, "expired")
    any_store.questions.close(question.id, "another reason")

    with pytest.raises(AlreadyDecided, match="closed: expired"):
        any_store.questions.decide(question.id, said(question))
    assert any_store.questions.unanswered() == ()


def test_an_expired_question_takes_no_answer(timed_store: Store, clock: Clock) -> None:
    question = asked(timed_store, "one", expires=2000.0)
    clock.now = 2000.0

    with pytest.raises(AlreadyDecided, match="expired"):
        timed_store.questions.decide(question.id, said(question))


def test_an_approval_is_used_once_and_the_time_is_kept(timed_store: Store, clock: Clock) -> None:
    lease = driven(timed_store)
    question = asked(timed_store, lease.deployment)
    timed_store.questions.decide(question.id, said(question))

    first = timed_store.questions.consume(question.id, lease)
    clock.now += 5

    assert timed_store.questions.consume(question.id, lease) == first
    assert first.consumed_at == 1000.0


def test_an_approval_that_expired_before_it_was_used_is_void(timed_store: Store, clock: Clock) -> None:
    lease = driven(timed_store)
    question = asked(timed_store, lease.deployment, expires=1030.0)
    timed_store.questions.decide(question.id, said(question))
    clock.now = 1030.0

    with pytest.raises(EffectRefused, match="expired"):
        timed_store.questions.consume(question.id, lease)


def test_an_approval_that_was_used_does_not_expire_half_way(timed_store: Store, clock: Clock) -> None:
    lease = driven(timed_store)
    question = asked(timed_store, lease.deployment, expires=1030.0)
    timed_store.questions.decide(question.id, said(question))
    timed_store.questions.consume(question.id, lease)
    clock.now = 1050.0

    assert timed_store.questions.consume(question.id, lease).consumed_at == 1000.0


def test_only_the_answer_that_is_asked_for_is_used(any_store: Store) -> None:
    lease = driven(any_store)
    question = asked(any_store, lease.deployment)
    with pytest.raises(EffectRefused, match="missing"):
        any_store.questions.consume(question.id, lease)
    any_store.questions.decide(question.id, said(question, ROLL_BACK))

    assert any_store.questions.consume(question.id, lease, ROLL_BACK).consumed_at is not None


def test_a_newer_candidate_closes_the_older_ones_questions_and_wakes_them(any_store: Store) -> None:
    (older, question), (approved, used) = candidate(any_store), candidate(any_store)
    any_store.questions.decide(used.id, said(used))
    newer, newest = candidate(any_store)

    found = any_store.questions.supersede("production", "shop", newer.deployment)

    assert found == (older.deployment, approved.deployment)
    assert any_store.questions.question(question.id).closed == f"superseded by {newer.deployment}"
    assert any_store.questions.unanswered() == (any_store.questions.question(newest.id),)
    assert set(any_store.deployments.due(any_store.clock())) == set(found)


def test_a_superseded_approval_cannot_be_used(any_store: Store) -> None:
    lease, question = candidate(any_store)
    any_store.questions.decide(question.id, said(question))
    any_store.questions.supersede("production", "shop", accepted(any_store).id)

    with pytest.raises(EffectRefused, match="superseded"):
        any_store.questions.consume(question.id, retaken(any_store, lease))


def test_other_places_later_candidates_and_the_holder_are_not_superseded(any_store: Store) -> None:
    holder, _ = candidate(any_store)
    any_store.locks.take("production", "shop", holder.deployment)
    newer = accepted(any_store)
    candidate(any_store)

    assert any_store.questions.supersede("production", "shop", newer.id) == ()
    assert any_store.questions.supersede("staging", "shop", "Z") == ()
    assert any_store.questions.supersede("production", "bank", "Z") == ()


def test_a_used_approval_is_not_superseded(any_store: Store) -> None:
    lease = driven(any_store)
    question = asked(any_store, lease.deployment)
    any_store.questions.decide(question.id, said(question))
    any_store.questions.consume(question.id, lease)

    assert any_store.questions.supersede("production", "shop", accepted(any_store).id) == ()


def test_a_reminder_is_remembered(any_store: Store) -> None:
    question = asked(any_store, "one")

    any_store.questions.reminded(question.id)

    assert any_store.questions.question(question.id).reminded


def test_an_unknown_question_is_named_as_such(any_store: Store) -> None:
    question, lease = asked(any_store, "one").model_copy(update={"id": "Q00000"}), driven(any_store)

    with pytest.raises(UnknownQuestion):
        any_store.questions.question(question.id)
    with pytest.raises(UnknownQuestion):
        any_store.questions.decide(question.id, said(question))
    with pytest.raises(UnknownQuestion):
        any_store.questions.consume(question.id, lease)


def retaken(store: Store, lease: Lease) -> Lease:
    taken = store.leases.take(lease.deployment, "worker", 60)
    assert taken is not None
    return taken


def shared(store: Store, needed: int) -> tuple[Lease, Question]:
    """A question that several persons must approve."""
    lease = driven(store)
    plan, head, tree = "a" * 64, "b" * 40, "d" * 40
    open_one = store.questions.open
    return lease, open_one(lease.deployment, "approval", plan, head, tree, "T-1", LATER, None, needed)


def test_an_approval_decides_once_enough_persons_gave_theirs(any_store: Store) -> None:
    lease, question = shared(any_store, 2)

    assert any_store.questions.decide(question.id, said(question, by="ada"))
    half = any_store.questions.question(question.id)
    assert any_store.questions.decide(question.id, said(question, by="bob"))
    whole = any_store.questions.question(question.id)

    assert (half.decision, half.is_open, half.approved_by) == (None, True, ("ada",))
    assert any_store.questions.unanswered("T-1") == ()
    assert whole.decision == said(question, by="bob")
    assert whole.approved_by == ("ada", "bob")
    assert any_store.questions.consume(question.id, lease).consumed_at is not None


def test_one_person_is_not_two_however_often_they_say_it(any_store: Store) -> None:
    lease, question = shared(any_store, 2)

    assert any_store.questions.decide(question.id, said(question))
    assert not any_store.questions.decide(question.id, said(question))

    with pytest.raises(EffectRefused, match="missing"):
        any_store.questions.consume(question.id, lease)


def test_one_hold_is_enough_whoever_approved_before(any_store: Store) -> None:
    _, question = shared(any_store, 2)
    any_store.questions.decide(question.id, said(question))

    assert any_store.questions.decide(question.id, said(question, HOLD, "bob"))

    with pytest.raises(AlreadyDecided, match="answered hold by bob"):
        any_store.questions.decide(question.id, said(question, by="eve"))


def test_a_row_that_claims_more_than_was_said_is_not_used(any_store: Store) -> None:
    lease, question = shared(any_store, 1)
    any_store.questions.decide(question.id, said(question))
    with any_store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE questions SET needed = 2")

    with pytest.raises(EffectRefused, match="needs 2 persons"):
        any_store.questions.consume(question.id, lease)
