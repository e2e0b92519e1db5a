"""The audit: one chain whoever writes, and whatever is done to it is found."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from orchestrate.errors import AuditUnusable, EffectRefused, LeaseLost
from orchestrate.models.audit import AuditKind, Damage, Head
from orchestrate.models.deployment import Outcome, Stage
from orchestrate.store import Store
from orchestrate.store.anchor import Anchor
from tests.orchestrate.store.facts import asked, driven, said
from tests.orchestrate.store.races import auditing, race
from tests.orchestrate.store.tampering import ALL, Found, Tampering, copied, told

Breaking = Callable[[Connection, Path], object]

ENTRIES = 5
PLACES = range(1, ENTRIES + 1)


@pytest.fixture
def anchored(any_store_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store whose audit has an anchor on this machine: on SQLite, and on PostgreSQL."""
    with closing(Store.open(any_store_url, home=tmp_path)) as store:
        yield store


def file_of(store: Store) -> Path:
    anchor = store._database.anchor
    assert anchor is not None
    return anchor.file


def kinds(store: Store) -> list[AuditKind]:
    return [one.kind for one in store.audit.entries()]


def test_an_empty_audit_is_whole(anchored: Store) -> None:
    found = anchored.audit.verify()

    assert (found.entries, found.head, found.broken) == (0, Head(), None)


def test_what_was_told_is_read_again_in_order(anchored: Store) -> None:
    told(anchored, 3)

    entries = anchored.audit.entries()

    assert [one.seq for one in entries] == [1, 2, 3]
    assert [one.facts["environment"] for one in entries] == ["place 0", "place 1", "place 2"]
    assert anchored.audit.entries(after=1, limit=1) == entries[1:2]
    assert anchored.audit.tail(limit=2) == entries[1:]
    assert anchored.audit.verify().head == Head(seq=3, hash=entries[-1].hash)


@pytest.mark.parametrize("tampering", ALL, ids=lambda one: one.__name__)
def test_whatever_is_done_to_it_is_found_with_its_place(anchored: Store, tampering: Tampering) -> None:
    for at in PLACES:
        told(anchored, ENTRIES)
        with anchored.engine.begin() as connection:
            expected = tampering(connection, at)

        broken = anchored.audit.verify().broken

        assert broken is not None, at
        assert Found(broken.seq, broken.damage) == expected, (at, broken)
        _begin_anew(anchored)


def _begin_anew(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit")
    file_of(store).unlink()


def test_a_well_made_entry_at_the_end_is_found_where_all_writers_pass_by_the_anchor(store: Store) -> None:
    told(store, 3)
    anchor, store._database.anchor = store._database.anchor, None
    told(store, 1)
    store._database.anchor = anchor

    broken = store.audit.verify().broken

    assert broken is not None and (broken.seq, broken.damage) == (4, Damage.INSERT)
    with pytest.raises(AuditUnusable, match="ends with entry 4"):
        told(store, 1)


def test_other_hosts_may_have_written_on_a_server(postgres_store_url: str, tmp_path: Path) -> None:
    with (
        closing(Store.open(postgres_store_url, home=tmp_path / "one")) as one,
        closing(Store.open(postgres_store_url, home=tmp_path / "other")) as other,
    ):
        told(one, 2)
        told(other, 2)
        told(one, 1)

        for store in (one, other):
            assert store.audit.verify().broken is None


def test_a_head_that_was_kept_elsewhere_shows_what_the_anchor_cannot(anchored: Store) -> None:
    told(anchored, ENTRIES)
    kept = anchored.audit.head()
    by_hash = Head(seq=0, hash=kept.hash)
    told(anchored, 1)
    assert anchored.audit.verify(kept).broken is None
    assert anchored.audit.verify(by_hash).broken is None

    _begin_anew(anchored)
    told(anchored, ENTRIES + 2)

    assert anchored.audit.verify().broken is None
    for head, damage in ((kept, Damage.REWRITE), (by_hash, Damage.TRUNCATION)):
        broken = anchored.audit.verify(head).broken
        assert broken is not None and broken.damage is damage


def test_without_an_anchor_nobody_knows_where_it_should_end(store: Store) -> None:
    told(store, 2)
    file_of(store).unlink()

    broken = store.audit.verify().broken

    assert broken is not None and broken.damage is Damage.UNANCHORED


BREAKING: Mapping[str, Breaking] = {
    "the anchor is gone": lambda _, file: file.unlink(),
    "the anchor is overwritten": lambda _, file: file.write_bytes(b"nonsense"),
    "somebody put something at its end": lambda connection, _: copied(connection, 1),
}


@pytest.mark.parametrize("what", BREAKING)
def test_nothing_is_told_to_an_audit_that_does_not_fit_until_a_person_says_so(
    store: Store, what: str
) -> None:
    told(store, 3)
    with store.engine.begin() as connection:
        BREAKING[what](connection, file_of(store))
    with pytest.raises(AuditUnusable):
        told(store, 1)

    store.audit.anchor("ada", "it was me")
    told(store, 1)

    (anchored,) = [one for one in store.audit.tail() if one.kind is AuditKind.ANCHORED]
    assert (anchored.by, anchored.facts["reason"]) == ("ada", "it was me")


def test_a_restored_backup_is_whole_again_after_a_persons_word(anchored: Store) -> None:
    told(anchored, 5)
    with anchored.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit WHERE seq > 3")
    with pytest.raises(AuditUnusable, match="ends with entry 3"):
        told(anchored, 1)

    anchored.audit.anchor("ada", "restored the backup of Monday")
    told(anchored, 2)

    assert anchored.audit.verify().broken is None


def test_the_anchor_is_for_its_owner_alone(store: Store) -> None:
    told(store, 1)

    assert stat.S_IMODE(file_of(store).stat().st_mode) == 0o600


@pytest.mark.parametrize("at", [0, 100, 250])
def test_a_slot_that_was_not_written_to_its_end_is_not_believed(store: Store, at: int) -> None:
    told(store, 2)
    before = Anchor(file_of(store), is_alone=True).read()
    content = bytearray(file_of(store).read_bytes())
    newest = 256 * (2 % 2)
    content[newest + at] ^= 1
    file_of(store).write_bytes(content)

    after = Anchor(file_of(store), is_alone=True).read()

    assert before is not None and after is not None
    assert (before.after.seq, after.after.seq) == (2, 1)


def test_an_entry_that_was_not_committed_breaks_nothing(anchored: Store) -> None:
    told(anchored, 1)
    lease = driven(anchored)
    with pytest.raises(EffectRefused):
        anchored.effects.done(lease, "never meant", "{}")
    with pytest.raises(RuntimeError), anchored._database.writing():
        told(anchored, 3)
        raise RuntimeError
    told(anchored, 1)

    assert anchored.audit.verify().broken is None
    assert anchored.audit.head().seq == 2


def test_many_writers_make_one_chain(any_store: Store, any_store_url: str) -> None:
    race(auditing, any_store_url, 4)

    found = any_store.audit.verify(any_store.audit.head())

    assert (found.entries, found.broken) == (100, None)


def test_ten_thousand_entries_are_read_in_a_moment(store: Store) -> None:
    with store._database.writing():
        told(store, 10_000)

    began = time.process_time()
    found = store.audit.verify()

    assert (found.entries, found.broken) == (10_000, None)
    assert time.process_time() - began < 1


def test_each_effect_is_told_before_and_after(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.effects.intend(lease, f"{lease.deployment}/deploy/move", "move", '{"secret": "words"}')
    any_store.effects.failed(lease, f"{lease.deployment}/deploy/move", "it is stuck")
    any_store.effects.intend(lease, f"{lease.deployment}/deploy/move", "move", "{}")
    any_store.effects.done(lease, f"{lease.deployment}/deploy/move", "{}")
    any_store.effects.intend(lease, f"{lease.deployment}/deploy/move", "move", "{}")

    entries = any_store.audit.entries(lease.deployment)

    assert [one.kind for one in entries] == ["intent", "failed", "intent", "done"]
    assert {one.facts["key"] for one in entries} == {"deploy/move"}
    assert "words" not in str(entries) and "stuck" not in str(entries)


def test_nothing_is_meant_while_the_audit_cannot_be_written(store: Store) -> None:
    lease = driven(store)
    told(store, 1)
    file_of(store).unlink()

    with pytest.raises(AuditUnusable):
        store.effects.intend(lease, "key", "move", "{}")

    assert store.effects.of(lease.deployment) == ()


def test_nothing_is_meant_while_the_database_takes_no_entry(store: Store) -> None:
    lease = driven(store)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER closed BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'closed'); END"
        )

    with pytest.raises(AuditUnusable, match="closed"):
        store.effects.intend(lease, "key", "move", "{}")

    assert store.effects.of(lease.deployment) == ()


def test_an_entry_that_cannot_be_read_is_named(store: Store) -> None:
    told(store, 2)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET event = '[]' WHERE seq = 2")

    with pytest.raises(AuditUnusable, match="entry 2 cannot be read"):
        store.audit.entries()


def test_decisions_locks_and_quarantines_are_told(any_store: Store) -> None:
    lease = driven(any_store, task="T-1")
    any_store.deployments.entered(lease, Stage.PICK_UP)
    any_store.deployments.entered(lease, Stage.PICK_UP)
    question = asked(any_store, lease.deployment)
    any_store.questions.decide(question.id, said(question))
    any_store.questions.decide(question.id, said(question))
    any_store.locks.take("production", "shop", lease.deployment)
    any_store.locks.take("production", "shop", lease.deployment)
    any_store.questions.consume(question.id, lease)
    any_store.questions.consume(question.id, lease)
    any_store.quarantine.add("production", "shop", "c" * 40, None, "bad", lease.deployment)
    any_store.quarantine.lift("production", "c" * 40, "ada", "mended")
    any_store.deployments.finish(lease, Outcome.DEPLOYED, "")
    any_store.deployments.finish(lease, Outcome.DEPLOYED, "")

    assert kinds(any_store) == [
        "claimed",
        "decided",
        "locked",
        "used",
        "quarantined",
        "lifted",
        "freed",
        "ended",
    ]
    assert any_store.audit.entries()[0].facts["task"] == "T-1"


def test_who_lost_the_lease_tells_nothing(any_store: Store) -> None:
    lease = driven(any_store)
    any_store.leases.release(lease)

    with pytest.raises(LeaseLost):
        any_store.effects.intend(lease, "key", "move", "{}")

    assert any_store.audit.entries() == ()
