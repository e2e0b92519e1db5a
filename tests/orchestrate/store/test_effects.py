"""An effect is remembered before it is tried, and what is known about it is never lost."""

from __future__ import annotations

import pytest

from orchestrate.errors import EffectRefused
from orchestrate.models.effect import EffectState
from orchestrate.store import Store
from tests.orchestrate.store.facts import driven


def test_what_is_meant_is_remembered(any_store: Store) -> None:
    lease = driven(any_store)

    effect = any_store.effects.intend(lease, "merge/1", "merge", '{"change":"1"}')

    assert (effect.state, effect.attempts, effect.args) == (EffectState.INTENT, 1, '{"change":"1"}')
    assert any_store.effects.of(lease.deployment) == (effect,)


def test_of_long_arguments_the_ends_are_kept(any_store: Store) -> None:
    lease = driven(any_store)

    effect = any_store.effects.intend(lease, "key", "comment", f'{{"text":"{"x" * 5000}"}}')

    assert len(effect.args) <= 1024
    assert effect.args.startswith('{"text":"xx') and effect.args.endswith('xx"}')


def test_meaning_it_again_counts_and_keeps_the_first_arguments(any_store: Store) -> None:
    lease = driven(any_store)
    first = any_store.effects.intend(lease, "key", "merge", '{"a":1}')

    again = any_store.effects.intend(lease, "key", "merge", '{"a":2}')

    assert again == first.model_copy(update={"attempts": 2})


def test_the_first_receipt_stays(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.effects.intend(lease, "key", "merge", "{}")
    any_store.effects.done(lease, "key", '{"commit":"1"}')
    any_store.effects.done(lease, "key", '{"commit":"2"}')

    again = any_store.effects.intend(lease, "key", "merge", "{}")

    assert (again.state, again.receipt, again.attempts) == (EffectState.DONE, '{"commit":"1"}', 1)
    assert again.done_at is not None


def test_what_failed_is_meant_again(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.effects.intend(lease, "key", "merge", "{}")
    any_store.effects.failed(lease, "key", "refused")
    assert any_store.effects.of(lease.deployment)[0].state is EffectState.FAILED

    again = any_store.effects.intend(lease, "key", "merge", "{}")

    assert (again.state, again.attempts, again.why) == (EffectState.INTENT, 2, "refused")


def test_what_is_unknown_stays_unknown(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.effects.intend(lease, "key", "merge", "{}")
    any_store.effects.unknown(lease, "key", "the connection broke")

    again = any_store.effects.intend(lease, "key", "merge", "{}")

    assert (again.state, again.why, again.attempts) == (EffectState.UNKNOWN, "the connection broke", 1)


def test_what_is_done_cannot_fail_any_more(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.effects.intend(lease, "key", "merge", "{}")
    any_store.effects.done(lease, "key", "{}")

    any_store.effects.failed(lease, "key", "too late")

    assert any_store.effects.of(lease.deployment)[0].state is EffectState.DONE


def test_what_was_never_meant_cannot_end(any_store: Store) -> None:
    with pytest.raises(EffectRefused, match="never meant"):
        any_store.effects.done(driven(any_store), "key", "{}")


def test_the_same_key_of_another_deployment_is_another_effect(any_store: Store) -> None:
    one, two = driven(any_store), driven(any_store)
    any_store.effects.intend(one, "key", "merge", "{}")
    any_store.effects.done(one, "key", "{}")

    assert any_store.effects.intend(two, "key", "merge", "{}").state is EffectState.INTENT
