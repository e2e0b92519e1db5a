"""One deployment at a time changes a service in an environment."""

from __future__ import annotations

import pytest

from orchestrate.errors import Refused
from orchestrate.models.deployment import ForTurn, Outcome
from orchestrate.store import Store
from tests.orchestrate.store.facts import driven


def test_the_first_gets_the_lock_and_keeps_it(any_store: Store) -> None:
    assert any_store.locks.take("production", "shop", "one") == "one"
    assert any_store.locks.take("production", "shop", "two") == "one"
    assert any_store.locks.take("production", "shop", "one") == "one"
    assert any_store.locks.holder("production", "shop") == "one"


def test_other_services_and_environments_are_free(any_store: Store) -> None:
    any_store.locks.take("production", "shop", "one")

    assert any_store.locks.take("production", "bank", "two") == "two"
    assert any_store.locks.take("staging", "shop", "two") == "two"
    assert any_store.locks.holder("dev", "shop") is None


def test_a_freed_lock_goes_to_who_comes_next(any_store: Store) -> None:
    any_store.locks.take("production", "shop", "one")

    any_store.locks.release("two")
    assert any_store.locks.holder("production", "shop") == "one"
    any_store.locks.release("one")

    assert any_store.locks.take("production", "shop", "two") == "two"


def test_freeing_a_lock_wakes_those_that_wait_for_this_environment(any_store: Store) -> None:
    waits: dict[str, str] = {}
    for environment in ("production", "staging"):
        any_store.locks.take(environment, "shop", f"holder of {environment}")
        lease = driven(any_store, environment)
        any_store.deployments.waits(lease, ForTurn(environment=environment, service="shop"), None)
        any_store.leases.release(lease)
        waits[environment] = lease.deployment

    any_store.locks.release("holder of production")

    assert any_store.deployments.due(any_store.clock()) == (waits["production"],)


def test_a_finished_deployment_takes_no_lock_that_nobody_would_free(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.deployments.finish(lease, Outcome.DEPLOYED, "fine")

    with pytest.raises(Refused, match="finished"):
        any_store.locks.take("production", "shop", lease.deployment)
    assert any_store.locks.holder("production", "shop") is None
