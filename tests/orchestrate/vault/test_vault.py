"""The vault: a secret opens in its own row, under the right key, and nowhere else."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from orchestrate.errors import KeyUnusable, Refused, SealBroken, UnknownSecret
from orchestrate.models.audit import AuditKind
from orchestrate.models.sealed import SealedSecret
from orchestrate.models.secret import Secret
from orchestrate.store import Store
from orchestrate.vault import Vault
from orchestrate.vault.keys import FileKeys, GivenKeys, key_id

VALUE = Secret("correct-horse-battery")


@pytest.fixture
def vault(store: Store, tmp_path: Path) -> Vault:
    """A vault on an empty store, whose master key is made when it is needed."""
    return Vault(store.secrets, FileKeys(tmp_path / "master.key"))


def test_a_secret_is_read_as_it_was_set(any_store: Store, tmp_path: Path) -> None:
    vault = Vault(any_store.secrets, FileKeys(tmp_path / "master.key"))

    vault.put("production", "api-key", VALUE, "ada")

    assert vault.secret("production", "api-key") == VALUE
    assert [(row.name, row.version, row.set_by) for row in vault.all()] == [("api-key", 1, "ada")]


def test_a_secret_that_is_set_again_has_a_new_version(vault: Vault) -> None:
    vault.put("production", "api-key", Secret("the-old-one"), "ada")
    vault.put("production", "api-key", VALUE, "rob")

    assert vault.secret("production", "api-key") == VALUE
    assert [(row.version, row.set_by) for row in vault.all()] == [(2, "rob")]


def test_a_secret_of_another_environment_is_unknown(vault: Vault) -> None:
    vault.put("staging", "api-key", VALUE, "ada")

    with pytest.raises(UnknownSecret) as unknown:
        vault.secret("production", "api-key")

    assert unknown.value.cure == "orchestrate secret set api-key --env production"


def test_a_forgotten_secret_is_unknown(vault: Vault) -> None:
    vault.put("production", "api-key", VALUE, "ada")

    vault.remove("production", "api-key", "ada")

    with pytest.raises(UnknownSecret):
        vault.secret("production", "api-key")
    with pytest.raises(UnknownSecret):
        vault.remove("production", "api-key", "ada")


def test_the_audit_is_told_what_was_done_to_a_secret_and_no_value(store: Store, vault: Vault) -> None:
    vault.put("production", "api-key", VALUE, "ada")
    vault.rotate("rob")
    vault.remove("production", "api-key", "ada")

    told = [one for one in store.audit.entries() if one.kind is AuditKind.SECRET]
    assert [(one.by, one.facts["what"]) for one in told] == [
        ("ada", "set"),
        ("rob", "rotated"),
        ("ada", "forgotten"),
    ]
    assert VALUE.reveal() not in str(told)


def forged(store: Store, row: SealedSecret, **changes: object) -> None:
    with store.secrets.alone() as rows:
        rows.write(row.model_copy(update=changes), by="mallory")


def test_a_row_does_not_open_in_the_place_of_another(store: Store, vault: Vault) -> None:
    cheap = vault.put("production", "cheap", Secret("known-to-many"), "ada")
    vault.put("production", "api-key", VALUE, "ada")

    for changes in ({"name": "api-key"}, {"environment": "staging"}, {"version": 2}):
        forged(store, cheap, **changes)
        moved = cheap.model_copy(update=changes)
        with pytest.raises(SealBroken):
            vault.secret(moved.environment, moved.name)


def test_every_changed_character_is_noticed(store: Store, vault: Vault) -> None:
    row = vault.put("production", "api-key", VALUE, "ada")

    for at in range(0, len(row.sealed), 7):
        other = "B" if row.sealed[at] == "A" else "A"
        forged(store, row, sealed=f"{row.sealed[:at]}{other}{row.sealed[at + 1 :]}")
        with pytest.raises((SealBroken, KeyUnusable)):
            vault.secret("production", "api-key")


@pytest.mark.parametrize("text", ["hunter2-in-plain", "", "o1.a.b", "o1..AAAA.AAAA", "o0.a.AAAA.AAAA"])
def test_a_row_that_was_never_sealed_is_refused(store: Store, vault: Vault, text: str) -> None:
    row = vault.put("production", "api-key", VALUE, "ada")
    forged(store, row, sealed=text)

    with pytest.raises(SealBroken, match="api-key of production is refused") as refused:
        vault.secret("production", "api-key")

    assert "hunter2" not in str(refused.value)


def test_the_database_holds_no_value(store: Store, vault: Vault, tmp_path: Path) -> None:
    vault.put("production", "api-key", VALUE, "ada")

    for file in tmp_path.iterdir():
        data = file.read_bytes() if file.is_file() else b""
        assert VALUE.reveal().encode() not in data
        assert base64.b64encode(VALUE.reveal().encode()) not in data


def test_without_its_master_key_a_secret_stays_closed(store: Store, vault: Vault, tmp_path: Path) -> None:
    vault.put("production", "api-key", VALUE, "ada")
    elsewhere = Vault(store.secrets, FileKeys(tmp_path / "another.key"))

    with pytest.raises(KeyUnusable, match="api-key of production: it is sealed under the master key"):
        elsewhere.secret("production", "api-key")


def test_the_positions_have_one_key_that_outlives_rotation(store: Store, vault: Vault) -> None:
    key = vault.positions_key()
    vault.rotate("ada")
    vault.rotate("ada", data_keys=True)

    assert len(key) == 32
    assert Vault(store.secrets, vault.keys).positions_key() == key


def test_keys_that_are_handed_over_rotate_to_the_first(store: Store) -> None:
    old, new = bytes(32), bytes(range(32))
    Vault(store.secrets, GivenKeys([old])).put("production", "api-key", VALUE, "ada")
    both = Vault(store.secrets, GivenKeys([new, old]))

    assert [row.name for row in both.rotate("ada")] == ["api-key"]

    alone = Vault(store.secrets, GivenKeys([new]))
    assert alone.secret("production", "api-key") == VALUE
    assert f".{key_id(new)}." in alone.all()[0].sealed
    with pytest.raises(Refused, match="comes from ORCHESTRATE_MASTER_KEY"):
        alone.rotate("ada")


def test_new_data_keys_leave_the_master_key(store: Store, vault: Vault) -> None:
    before = vault.put("production", "api-key", VALUE, "ada")

    (after,) = vault.rotate("ada", data_keys=True)

    assert vault.secret("production", "api-key") == VALUE
    assert before.sealed.split(".")[1] == after.sealed.split(".")[1]
    assert before.sealed.split(".")[3] != after.sealed.split(".")[3]


def test_a_broken_row_keeps_no_other_from_being_rotated(store: Store, vault: Vault) -> None:
    row = vault.put("production", "api-key", VALUE, "ada")
    vault.put("production", "z-last", VALUE, "ada")
    forged(store, row, sealed="in-plain-text")

    with pytest.raises(SealBroken, match="api-key"):
        vault.rotate("ada")

    assert vault.secret("production", "z-last") == VALUE
    assert len(vault.keys.ids()) == 2
    vault.put("production", "api-key", VALUE, "ada")
    vault.rotate("ada")
    assert len(vault.keys.ids()) == 1
