"""Of several processes that want the same thing at the same moment, one gets it."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

from orchestrate.models.deployment import DecisionKind
from orchestrate.store import Store
from tests.orchestrate.store.facts import accepted, asked
from tests.orchestrate.store.races import claiming, deciding, leasing, locking, race, upgrading


def test_no_task_is_claimed_twice(any_store_url: str) -> None:
    claimed = [task for tasks in race(claiming, any_store_url, 4) for task in tasks]

    assert len(claimed) == len(set(claimed)) == 200


def test_each_question_gets_one_answer_or_a_hold_in_place_of_an_approval(
    any_store: Store, any_store_url: str
) -> None:
    ids = [asked(any_store, f"deployment {number}").id for number in range(20)]

    decided = Counter(one for part in race(deciding, any_store_url, 4) for one in part)

    assert set(decided.values()) == {1}
    for id in ids:
        answers = [one.split()[1] for one in decided if one.startswith(id)]
        stored = any_store.questions.question(id).decision
        assert stored is not None and stored.kind in answers
        assert len(answers) == 1 or stored.kind is DecisionKind.HOLD


def test_each_deployment_gets_one_driver(any_store: Store, any_store_url: str) -> None:
    ids = [accepted(any_store).id for _ in range(30)]

    driven = [one for part in race(leasing, any_store_url, 4) for one in part]

    assert sorted(driven) == ids


def test_all_agree_who_holds_the_environment(any_store: Store, any_store_url: str) -> None:
    holders = set(race(locking, any_store_url, 4))

    assert holders == {any_store.locks.holder("production", "shop")}


def test_two_processes_may_upgrade_at_once(any_url: str) -> None:
    race(upgrading, any_url, 2)

    with closing(Store.open(any_url)) as store:
        store.check()
