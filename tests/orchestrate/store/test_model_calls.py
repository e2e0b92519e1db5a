"""What asking models cost is remembered, and nobody spends more than a purse holds, whoever asks."""

from __future__ import annotations

import threading
from contextlib import closing, suppress

import pytest

from orchestrate.errors import PurseEmpty
from orchestrate.models.model_call import CallState, NewCall, Purse, Spent, Tokens, spent
from orchestrate.models.objection import Objection
from orchestrate.store import Store

WHOLE = Purse(tokens=1000, micros=5000, requests=10)
CALL = NewCall(
    deployment="D1",
    role="planner",
    model="m",
    prompt="p",
    question="q",
    most=Tokens(fresh=300, output=100),
    most_micros=1000,
)


def test_a_request_counts_with_the_most_it_can_cost_until_it_ends(any_store: Store) -> None:
    number = any_store.model_calls.begin(CALL, WHOLE, WHOLE)
    (asked,) = any_store.model_calls.of("D1")
    any_store.model_calls.answered(number, Tokens(fresh=7, cache_read=90, output=3), 12, '{"a": 1}', 0.5)
    (answered,) = any_store.model_calls.of("D1")

    assert (asked.state, asked.tokens, asked.micros) == (CallState.ASKED, CALL.most, 1000)
    assert (answered.state, answered.micros, answered.took) == (CallState.ANSWERED, 12, 0.5)
    assert any_store.model_calls.answer("D1", "q") == '{"a": 1}'


@pytest.mark.parametrize(
    ("purse", "said"),
    [
        (Purse(tokens=799, micros=5000, requests=10), "tokens"),
        (Purse(tokens=1000, micros=1999, requests=10), "millionths of a dollar"),
        (Purse(tokens=1000, micros=5000, requests=1), "1 times, of 1"),
    ],
)
@pytest.mark.parametrize("is_own", [True, False])
def test_a_purse_gives_no_more_than_it_holds(store: Store, purse: Purse, said: str, is_own: bool) -> None:
    purses = (WHOLE, purse) if is_own else (purse, WHOLE)
    store.model_calls.begin(CALL, *purses)

    with pytest.raises(PurseEmpty, match=said):
        store.model_calls.begin(CALL, *purses)

    assert len(store.model_calls.of("D1")) == 1


def test_each_deployment_has_its_own_purse_and_each_role_in_it(store: Store) -> None:
    own = Purse(tokens=400, micros=1000, requests=1)
    for role in ("planner", "triager"):
        store.model_calls.begin(CALL.model_copy(update={"role": role}), WHOLE, own)

    store.model_calls.begin(CALL.model_copy(update={"deployment": "D2"}), WHOLE, own)

    with pytest.raises(PurseEmpty, match="the planner in it"):
        store.model_calls.begin(CALL, WHOLE.model_copy(update={"tokens": 9999}), own)


def test_workers_that_ask_at_the_same_instant_share_one_purse(any_store_url: str) -> None:
    together, given = threading.Barrier(4), list[int]()

    def ask() -> None:
        with closing(Store.open(any_store_url)) as store:
            store.model_calls.of("D1")
            together.wait()
            with suppress(PurseEmpty):
                given.append(store.model_calls.begin(CALL, WHOLE, WHOLE))

    workers = [threading.Thread(target=ask) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(given) == 2


def test_what_a_killed_worker_asked_stays_counted(sqlite_store_url: str) -> None:
    with closing(Store.open(sqlite_store_url)) as store:
        store.model_calls.begin(CALL, WHOLE, WHOLE)

    with closing(Store.open(sqlite_store_url)) as store:
        assert spent(store.model_calls.of("D1")) == Spent(requests=1, failed=1, tokens=CALL.most, micros=1000)


def test_only_an_answer_is_an_answer(store: Store) -> None:
    number = store.model_calls.begin(CALL, WHOLE, WHOLE)
    store.model_calls.failed(number, Tokens(), 0, "overloaded", 0.1)

    assert store.model_calls.answer("D1", "q") is None
    assert store.model_calls.of("D1")[0].why == "overloaded"


def test_what_was_spent_is_told_in_words() -> None:
    one = Spent(requests=2, failed=1, tokens=Tokens(fresh=1200, cache_read=4000, output=90), micros=21_400)

    assert one.words == "2 requests, 1 failed: 5,200 tokens in (4,000 from the cache), 90 out, $0.0214"


def test_an_objection_stands_wherever_the_same_text_is_deployed(any_store: Store) -> None:
    first = Objection(sha256="a", dialect="sqlite", reason="locks the table", by="m", deployment="D1")
    any_store.objections.add([first])
    any_store.objections.add([first.model_copy(update={"reason": "", "deployment": "D2"})])

    kept = any_store.objections.of("a", "sqlite")

    assert kept is not None and (kept.reason, kept.deployment) == ("locks the table", "D1")
    assert any_store.objections.of("a", "postgres") is None
