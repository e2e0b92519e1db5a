"""Rotation killed at every row: nothing is lost, work goes on, and the next rotation finishes it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrate.errors import KeyUnusable
from orchestrate.models.secret import Secret
from orchestrate.store import Store
from orchestrate.store.secrets import SecretRows, Secrets
from orchestrate.vault import Vault
from orchestrate.vault.keys import FileKeys

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")

NAMES = tuple(f"secret-{number}" for number in range(5))
ENDED = 9
MOST = 60


@dataclass
class Ends:
    """Ends this process at its `at`-th point, as kill -9 would; 0: never."""

    at: int
    passed: int = 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            os._exit(ENDED)


class EndingSecrets(Secrets):
    """A point before each transaction, before its commit, and after it."""

    def __init__(self, rows: Secrets, ends: Ends) -> None:
        super().__init__(rows._database)
        self._ends = ends

    @contextmanager
    def alone(self) -> Generator[SecretRows]:
        self._ends.point()
        with super().alone() as rows:
            yield rows
            self._ends.point()
        self._ends.point()


class EndingKeys(FileKeys):
    """A point around each change of the key file."""

    def __init__(self, file: Path, ends: Ends) -> None:
        super().__init__(file)
        self._ends = ends

    def renew(self) -> str:
        self._ends.point()
        id = super().renew()
        self._ends.point()
        return id

    def retire(self) -> None:
        self._ends.point()
        super().retire()
        self._ends.point()


def value_of(name: str) -> str:
    return f"the-value-of-{name}"


def kept(url: str, file: Path) -> None:
    """Every secret under a first master key."""
    with closing(Store.open(url)) as store:
        vault = Vault(store.secrets, FileKeys(file))
        for name in NAMES:
            vault.put("production", name, Secret(value_of(name)), "ada")


def in_child(work: Callable[[], None]) -> int:
    """What a process of its own ended with that did it."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def rotation(url: str, file: Path, at: int, *, data_keys: bool = False) -> Callable[[], None]:
    def work() -> None:
        ends = Ends(at)
        with closing(Store.open(url)) as store:
            Vault(EndingSecrets(store.secrets, ends), EndingKeys(file, ends)).rotate(
                "ada", data_keys=data_keys
            )

    return work


def assert_all_open(vault: Vault) -> None:
    assert [vault.secret("production", name).reveal() for name in NAMES] == [value_of(name) for name in NAMES]


@pytest.mark.parametrize("data_keys", [False, True], ids=["master key", "data keys"])
def test_a_rotation_that_is_killed_anywhere_is_finished_by_the_next(
    sqlite_store_url: str, tmp_path: Path, data_keys: bool
) -> None:
    file, kills = tmp_path / "master.key", 0
    kept(sqlite_store_url, file)

    for at in range(1, MOST):
        if in_child(rotation(sqlite_store_url, file, at, data_keys=data_keys)) != ENDED:
            break
        kills += 1
        with closing(Store.open(sqlite_store_url)) as store:
            vault = Vault(store.secrets, FileKeys(file))
            assert_all_open(vault)
            assert len(vault.keys.ids()) <= 2
            vault.rotate("rob", data_keys=data_keys)
            vault.rotate("rob", data_keys=data_keys)
            assert_all_open(vault)
            (key,) = vault.keys.ids()
            assert {row.sealed.split(".")[1] for row in vault.all()} == {key}
            assert store.audit.verify().broken is None

    assert kills > 3 * len(NAMES)


def test_a_retired_master_key_opens_nothing(sqlite_store_url: str, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    kept(sqlite_store_url, file)
    old = tmp_path / "old.key"
    old.write_bytes(file.read_bytes())
    old.chmod(0o600)
    with closing(Store.open(sqlite_store_url)) as store:
        Vault(store.secrets, FileKeys(file)).rotate("ada")

        with pytest.raises(KeyUnusable):
            Vault(store.secrets, FileKeys(old)).secret("production", NAMES[0])


def test_readers_and_writers_go_on_while_another_process_rotates(any_store_url: str, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    kept(any_store_url, file)

    def rotating(vault: Vault) -> None:
        for _ in range(10):
            vault.rotate("ada")

    def writing(vault: Vault) -> None:
        for _ in range(10):
            vault.put("production", NAMES[0], Secret(value_of(NAMES[0])), "rob")

    children, codes, reads = [begun(any_store_url, file, one) for one in (rotating, writing)], list[int](), 0
    with closing(Store.open(any_store_url)) as store:
        vault = Vault(store.secrets, FileKeys(file))
        while len(codes) < len(children):
            assert_all_open(vault)
            reads += 1
            pid, status = os.waitpid(children[len(codes)], os.WNOHANG)
            codes += [os.waitstatus_to_exitcode(status)] if pid else []
        assert_all_open(vault)

    assert codes == [0, 0]
    assert reads > 5


def begun(url: str, file: Path, work: Callable[[Vault], None]) -> int:
    """A process that does it; its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        with closing(Store.open(url)) as store:
            work(Vault(store.secrets, FileKeys(file)))
        code = 0
    finally:
        os._exit(code)
