"""The vault: secrets by environment and name, sealed in the store under a master key that is not in it."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass

from orchestrate.errors import KeyUnusable, SealBroken, UnknownSecret
from orchestrate.models.sealed import SealedSecret
from orchestrate.models.secret import Secret
from orchestrate.settings import Settings, variable
from orchestrate.store import Store
from orchestrate.store.secrets import SecretRows, Secrets
from orchestrate.vault.envelope import OURS, closed, envelope_of, opened, resealed, rewrapped
from orchestrate.vault.keys import VARIABLE, FileKeys, GivenKeys, Keys
from orchestrate.vault.seal import new_key

__all__ = ["OURS", "Keys", "Vault", "vault_of"]

POSITIONS = "positions"
READS = 3
"""So often a row is read that was rotated between the reading of the row and that of the key."""


TURN = 0.005
"""Seconds between two rows of a rotation, in which others get to write: SQLite keeps no queue of them."""


@dataclass(frozen=True)
class Vault:
    """Keeps secrets. Reading goes on while another process rotates."""

    rows: Secrets
    keys: Keys

    def secret(self, environment: str, name: str) -> Secret:
        """A secret's value. Raises UnknownSecret, SealBroken, KeyUnusable."""
        row = self._row(environment, name)
        for _ in range(READS):
            try:
                return opened(row, self.keys)
            except KeyUnusable:
                before, row = row, self._row(environment, name)
                if row == before:
                    raise
        return opened(row, self.keys)

    def all(self) -> tuple[SealedSecret, ...]:
        """Every secret, without its value; those of the product itself too."""
        return self.rows.all()

    def check(self) -> tuple[SealedSecret, ...]:
        """Every secret, after each was opened; makes no key. Raises SealBroken, KeyUnusable."""
        rows = self.rows.all()
        for row in rows:
            opened(row, self.keys)
        return rows

    def put(self, environment: str, name: str, value: Secret, by: str) -> SealedSecret:
        """Keep a value as the next version. Raises KeyUnusable."""
        with self.rows.alone() as rows:
            return self._put(rows, environment, name, value, by)

    def remove(self, environment: str, name: str, by: str) -> None:
        """Forget it. Raises UnknownSecret."""
        with self.rows.alone() as rows:
            row = rows.row(environment, name)
            if row is None:
                raise self._unknown(environment, name)
            rows.delete(row, by=by)

    def rotate(self, by: str, *, data_keys: bool = False) -> tuple[SealedSecret, ...]:
        """Seal everything under a new master key, or with `data_keys` under new data keys; what was done.

        Where it was interrupted before, it finishes: the old master key goes when no row needs it any more.
        A row that does not open is left, with the old key; the others are done. Raises SealBroken for it,
        KeyUnusable, and Refused where no new key can be made.
        """
        with self.rows.alone():
            if not data_keys and len(self.keys.ids()) == 1:
                self.keys.renew()
        done, broken = list[SealedSecret](), list[SealBroken]()
        for row in self.rows.all():
            try:
                done += self._rotated(row, by, data_keys=data_keys)
            except SealBroken as refused:
                broken.append(refused)
            time.sleep(TURN)
        self._retire()
        if broken:
            raise broken[0]
        return tuple(done)

    def positions_key(self) -> bytes:
        """The key of this store's positions, made on first need. Raises SealBroken, KeyUnusable."""
        try:
            kept = self.secret(OURS, POSITIONS)
        except UnknownSecret:
            kept = self._made(OURS, POSITIONS)
        return base64.b64decode(kept.reveal())

    def _made(self, environment: str, name: str) -> Secret:
        """A random one, unless somebody was quicker."""
        with self.rows.alone() as rows:
            row = rows.row(environment, name)
            if row is not None:
                return opened(row, self.keys)
            value = Secret(base64.b64encode(new_key()).decode())
            self._put(rows, environment, name, value, "orchestrate")
            return value

    def _put(self, rows: SecretRows, environment: str, name: str, value: Secret, by: str) -> SealedSecret:
        before, now = rows.row(environment, name), rows.clock()
        row = SealedSecret(
            environment=environment,
            name=name,
            version=before.version + 1 if before else 1,
            sealed="",
            set_by=by,
            set_at=now,
            sealed_at=now,
        )
        row = closed(row, value, self.keys)
        rows.write(row, by=by)
        return row

    def _rotated(self, seen: SealedSecret, by: str, *, data_keys: bool) -> list[SealedSecret]:
        """One row in a transaction of its own; none when it is gone, or was sealed anew meanwhile."""
        with self.rows.alone() as rows:
            row = rows.row(seen.environment, seen.name)
            if row is None or not (data_keys or self._is_old(row)):
                return []
            fresh = resealed(row, self.keys) if data_keys else rewrapped(row, self.keys)
            fresh = fresh.model_copy(update={"sealed_at": rows.clock()})
            rows.write(fresh, by=by, what="rotated")
            return [fresh]

    def _retire(self) -> None:
        with self.rows.alone() as rows:
            if not any(self._is_old(row) for row in rows.all()):
                self.keys.retire()

    def _is_old(self, row: SealedSecret) -> bool:
        try:
            return envelope_of(row).key != self.keys.ids()[0]
        except SealBroken:
            return True

    def _row(self, environment: str, name: str) -> SealedSecret:
        row = self.rows.row(environment, name)
        if row is None:
            raise self._unknown(environment, name)
        return row

    def _unknown(self, environment: str, name: str) -> UnknownSecret:
        known = [row.name for row in self.rows.all() if row.environment == environment]
        unknown = UnknownSecret(name, known)
        unknown.cure = f"orchestrate secret set {name} --env {environment}"
        return unknown


def vault_of(settings: Settings, store: Store) -> Vault:
    """The vault of a store, with the master key of the settings. Raises KeyUnusable."""
    given = variable(VARIABLE)
    keys = GivenKeys.parsed(given, VARIABLE) if given else FileKeys(settings.vault.key_file)
    return Vault(store.secrets, keys)
