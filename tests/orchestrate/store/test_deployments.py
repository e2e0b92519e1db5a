"""Deployments are accepted once, and end once."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest

from orchestrate.errors import EffectRefused, Refused, TaskClaimed, UnknownDeployment
from orchestrate.models.deployment import (
    ForChecks,
    Outcome,
    Stage,
    Status,
)
from orchestrate.store import Store
from tests.orchestrate.store.facts import (
    LATER,
    Clock,
    accepted,
    asked,
    driven,
    plan,
    request,
    watched,
)


def test_a_deployment_read_back_is_the_one_accepted(any_store: Store) -> None:
    new = accepted(any_store, task="T-1")

    assert any_store.deployments.deployment(new.id) == new
    assert (new.status, new.service, new.environment) == (Status.ACCEPTED, "shop", "production")


def test_a_task_with_an_unfinished_deployment_is_refused(any_store: Store) -> None:
    first = accepted(any_store, task="T-1")

    with pytest.raises(TaskClaimed) as refused:
        accepted(any_store, task="T-1")

    assert (refused.value.task, refused.value.deployment) == ("T-1", first.id)


def test_a_finished_task_can_be_deployed_again(any_store: Store) -> None:
    any_store.deployments.finish(driven(any_store, task="T-1"), Outcome.BLOCKED, "red")

    assert accepted(any_store, task="T-1").status is Status.ACCEPTED


def test_deployments_without_a_task_do_not_exclude_each_other(any_store: Store) -> None:
    assert accepted(any_store).id < accepted(any_store).id


def test_ids_grow_even_when_the_clock_stands_or_steps_back(timed_store: Store, clock: Clock) -> None:
    first, second = accepted(timed_store), accepted(timed_store)
    clock.now = 10

    assert first.id < second.id < accepted(timed_store).id


def test_ids_grow_across_processes_whose_clock_steps_back(timed_store: Store, clock: Clock) -> None:
    first = accepted(timed_store)
    clock.now = 10
    with closing(Store.open(str(timed_store.engine.url), clock=clock)) as another:
        second, third = accepted(another), accepted(timed_store)

    assert first.id < second.id < third.id


def test_a_unique_beginning_of_an_id_is_enough(any_store: Store) -> None:
    new = accepted(any_store)

    assert any_store.deployments.deployment(new.id[:10].lower()) == new


@pytest.mark.parametrize("id", ["01", "", "T-1", "%%%%", "ZZZZZ"])
def test_an_unknown_deployment_is_named_as_such(any_store: Store, id: str) -> None:
    accepted(any_store)

    with pytest.raises(UnknownDeployment):
        any_store.deployments.deployment(id)


def test_an_ambiguous_beginning_names_the_candidates(timed_store: Store) -> None:
    ids = tuple(accepted(timed_store).id for _ in range(2))

    with pytest.raises(UnknownDeployment) as refused:
        timed_store.deployments.deployment(ids[0][:10])

    assert refused.value.known == ids


def test_the_latest_come_first_and_page_by_id(any_store: Store) -> None:
    ids = [accepted(any_store).id for _ in range(5)]

    first = any_store.deployments.latest(limit=2)
    rest = any_store.deployments.latest(before=first[-1].id)

    assert [one.id for one in (*first, *rest)] == ids[::-1]


def test_deployments_are_found_by_each_of_their_words(any_store: Store) -> None:
    ended = driven(any_store, "staging", "T-1")
    any_store.deployments.finish(ended, Outcome.DEPLOYED, "fine")
    other = accepted(any_store)
    latest = any_store.deployments.latest

    for found in (
        latest(environment="staging"),
        latest(task="T-1"),
        latest(status=Status.FINISHED),
        latest(outcome=Outcome.DEPLOYED),
        latest(environment="staging", service="shop", task="T-1"),
    ):
        assert [one.id for one in found] == [ended.deployment]
    assert [one.id for one in latest(status=Status.ACCEPTED)] == [other.id]
    assert latest(service="other") == ()


def test_entering_a_stage_is_told_and_the_start_is_kept(timed_store: Store, clock: Clock) -> None:
    lease = driven(timed_store)
    timed_store.deployments.entered(lease, Stage.PICK_UP)
    clock.now = 1010

    timed_store.deployments.entered(lease, Stage.GATES)

    row = timed_store.deployments.deployment(lease.deployment)
    assert (row.stage, row.status) == (Stage.GATES, Status.RUNNING)
    assert row.started_at == datetime.fromtimestamp(1000, UTC)
    assert [(one.kind, one.stage) for one in timed_store.events.of(row.id)] == [
        ("stage", Stage.PICK_UP),
        ("stage", Stage.GATES),
    ]


def test_entering_a_stage_ends_the_wait(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.deployments.waits(lease, ForChecks(change="1", until=LATER), LATER)

    any_store.deployments.entered(lease, Stage.GATES)

    row = any_store.deployments.deployment(lease.deployment)
    assert (row.waits_for, row.wake_at) == (None, None)


def test_the_plan_is_kept_with_its_deployment(any_store: Store) -> None:
    lease = driven(any_store)
    approved = plan(lease.deployment)

    any_store.deployments.planned(lease, approved)

    row = any_store.deployments.deployment(lease.deployment)
    assert (row.plan_hash, row.version) == (approved.hash, "1.2.0")
    assert any_store.plans.plan(approved.hash) == approved
    assert any_store.plans.of(lease.deployment) == approved


def test_a_plan_whose_text_was_changed_is_refused(any_store: Store) -> None:
    hash = any_store.plans.save(plan("d"))
    assert any_store.plans.save(plan("d")) == hash
    with any_store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE plans SET text = replace(text, 'shop', 'bank')")

    with pytest.raises(EffectRefused, match="not the one that was approved"):
        any_store.plans.plan(hash)
    with pytest.raises(EffectRefused, match="no plan"):
        any_store.plans.plan("f" * 64)
    with pytest.raises(EffectRefused, match="has no plan"):
        any_store.plans.of("d")


def test_finishing_writes_the_last_word_and_frees_everything(any_store: Store) -> None:
    lease = driven(any_store)
    question = asked(any_store, lease.deployment)
    watch = watched(any_store, lease.deployment)
    any_store.locks.take("production", "shop", lease.deployment)

    any_store.deployments.finish(lease, Outcome.HELD, "somebody said hold")

    row = any_store.deployments.deployment(lease.deployment)
    assert (row.status, row.outcome, row.reason) == (Status.FINISHED, Outcome.HELD, "somebody said hold")
    assert any_store.locks.holder("production", "shop") is None
    assert any_store.questions.question(question.id).closed is not None
    assert any_store.watches.watch(watch.id).closed_at is not None
    assert any_store.deployments.due(LATER) == ()


def test_the_last_word_is_said_once(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.deployments.finish(lease, Outcome.DEPLOYED, "fine")

    assert any_store.deployments.finish(lease, Outcome.DEPLOYED, "again") is None
    with pytest.raises(Refused, match="cannot end"):
        any_store.deployments.finish(lease, Outcome.ROLLED_BACK, "no")

    row = any_store.deployments.deployment(lease.deployment)
    assert (row.outcome, row.reason) == (Outcome.DEPLOYED, "fine")


def test_the_next_environment_is_accepted_with_the_last_word_and_only_once(any_store: Store) -> None:
    lease = driven(any_store, "staging", "T-1")

    following = any_store.deployments.finish(lease, Outcome.DEPLOYED, "fine", request("production", "T-1"))
    again = any_store.deployments.finish(lease, Outcome.DEPLOYED, "fine", request("production", "T-1"))

    assert following is not None and following == again
    assert any_store.deployments.due(LATER) == (following.id,)
    assert len(any_store.deployments.latest()) == 2


def test_a_follow_up_that_cannot_be_accepted_leaves_the_deployment_unfinished(any_store: Store) -> None:
    lease = driven(any_store, "staging", "T-1")
    other = accepted(any_store, task="T-2")

    with pytest.raises(TaskClaimed) as refused:
        any_store.deployments.finish(lease, Outcome.DEPLOYED, "fine", request("production", "T-2"))

    assert refused.value.deployment == other.id
    assert any_store.deployments.deployment(lease.deployment).outcome is None


def test_crashes_are_counted(any_store: Store) -> None:
    new = accepted(any_store)

    assert [any_store.deployments.crashed(new.id) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(UnknownDeployment):
        any_store.deployments.crashed("nothing")
