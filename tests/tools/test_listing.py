from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from tools.listing import Listing, Quota, _parent
from tools.workspace import Ending, create, destroy


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "all/workspaces"
    root.mkdir(parents=True, mode=0o700)
    return root


def state(tree: Path) -> str:
    """A digest of all names, kinds, permissions and contents."""
    found = hashlib.sha256()
    for path in sorted(tree.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        found.update(f"{path} {stat.filemode(path.lstat().st_mode)} ".encode() + content)
    return found.hexdigest()


@pytest.mark.parametrize("quota", [Quota(entries=20), Quota(bytes=40_000)], ids=["by entries", "by bytes"])
def test_what_is_too_large_is_held_and_left_as_it_is(root: Path, quota: Quota) -> None:
    folder = create(root)
    for index in range(30):
        (folder / f"file{index}").write_bytes(os.urandom(4096))
    before = state(folder)

    said = destroy(root, folder, quota=quota)

    assert said.ending is Ending.HELD and "nothing was removed" in str(said)
    assert state(folder) == before


def test_the_usual_quota_is_two_hundred_thousand_entries_and_twenty_gib() -> None:
    assert Quota() == Quota(entries=200_000, bytes=20 * 2**30)


def test_what_was_there_is_told_by_a_digest(root: Path) -> None:
    same = [create(root) for _ in range(3)]
    for folder in same:
        (folder / "file").write_text("x")
    (same[2] / "file").rename(same[2] / "other")

    digests = [destroy(root, folder).listing for folder in same]

    assert len(digests[0]) == 64
    assert digests[2] not in (digests[0], "")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc, which is always another device")
def test_what_another_file_system_holds_is_not_counted() -> None:
    with os.scandir("/") as entries:
        proc = next(one for one in entries if one.name == "proc")

    with pytest.raises(OSError, match="another file system"):
        Listing(Quota()).add(1, proc, Path("/").stat().st_dev)


def test_a_folder_that_was_moved_while_it_was_looked_at_is_not_left_for_another(tmp_path: Path) -> None:
    above, elsewhere = tmp_path / "above", tmp_path / "elsewhere"
    for folder in (above / "inner", elsewhere):
        folder.mkdir(parents=True)
    was = above.stat()
    here = os.open(above / "inner", os.O_RDONLY)
    try:
        (above / "inner").rename(elsewhere / "inner")

        with pytest.raises(OSError, match="moved while it was looked at"):
            _parent(here, (was.st_dev, was.st_ino))
    finally:
        os.close(here)
