from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from tools.grounds import KEY
from tools.workspace import Destroyed, Ending, create, destroy

GONE = f"ws-{'0' * 32}"
REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "all/workspaces"
    root.mkdir(parents=True, mode=0o700)
    return root


def refused(said: Destroyed, *, because: str) -> bool:
    return said.ending is Ending.REFUSED and because in str(said)


def test_a_key_that_others_can_read_signs_nothing(root: Path) -> None:
    folder = create(root)
    (root / KEY).chmod(0o644)

    assert refused(destroy(root, folder), because="no private key")


def test_the_places_of_a_machine_and_of_a_person_are_no_roots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "a/b/home"))
    (tmp_path / "a/b/home").mkdir(parents=True)
    roots = [Path(one) for one in ("/", "/srv", "/srv/workspaces", "a/b/c/d", "/a/b/../c/d")]
    roots += [tmp_path / "a/b/home", tmp_path / "a/b", Path.cwd(), REPOSITORY]

    assert {destroy(one, GONE).ending for one in roots} == {Ending.REFUSED}
    with pytest.raises(PermissionError):
        create(REPOSITORY)


@pytest.mark.parametrize("name", [".git", "orchestrate.yaml"])
def test_the_folder_of_a_repository_is_no_root(root: Path, name: str) -> None:
    folder = create(root)
    (root / name).touch()

    assert refused(destroy(root, folder), because="repository")


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/shm is Linux's")
def test_a_mount_point_is_no_root() -> None:
    deep = next((one for one in map(Path, mounts()) if len(one.parts) > 4 and one.is_dir()), None)
    if deep is None:
        pytest.skip("nothing is mounted deeply enough")

    assert refused(destroy(deep, GONE), because="mounted")


def mounts() -> list[str]:
    return [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_root_that_is_open_to_others_is_refused(root: Path, mode: int) -> None:
    folder = create(root)
    root.chmod(mode)

    assert refused(destroy(root, folder), because="chmod 700")


def test_a_root_that_is_somebody_elses_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = create(root)
    given_away(root, monkeypatch)

    assert refused(destroy(root, folder), because="belongs to somebody else")


def given_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is another user's; where that cannot be made so, we are another user."""
    if os.geteuid() == 0:
        os.chown(path, 4711, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4711)


def test_two_that_destroy_in_one_root_wait_for_each_other(root: Path) -> None:
    folders = [create(root) for _ in range(4)]
    said: list[Destroyed] = []
    threads = [threading.Thread(target=lambda: said.append(destroy(root, folders.pop()))) for _ in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [one.ending for one in said] == [Ending.DESTROYED] * 4


def test_whoever_works_in_a_workspace_may_make_another_and_destroy_none(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(create(root))

    other = create(root)

    assert refused(destroy(root, other), because="the folder that this is called in")
