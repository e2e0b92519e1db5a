from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tools import confined, workspace
from tools.grounds import KEY, TRASH
from tools.marker import MARKER
from tools.workspace import Ending, create, destroy


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "workspaces"
    root.mkdir(mode=0o700)
    return root


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep/canary").write_text("alive")
    return outside


def names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def test_a_workspace_is_destroyed_with_all_that_is_in_it(root: Path) -> None:
    folder = create(root)
    (folder / "src/deep").mkdir(parents=True)
    (folder / "src/deep/file").write_text("x")

    said = destroy(root, folder, "d1")

    assert (said.ending, said.entries, said.problems, said.by) == (Ending.DESTROYED, 5, (), "d1")
    assert sorted(names(root)) == [KEY, TRASH]
    assert names(root / TRASH) == []


def test_it_can_be_named_without_its_root(root: Path) -> None:
    assert destroy(root, create(root).name).ending is Ending.DESTROYED


def test_destroying_twice_is_fine(root: Path) -> None:
    folder = create(root)
    destroy(root, folder)

    assert str(destroy(root, folder)) == f"workspace {folder} missing"


def test_a_root_that_does_not_exist_has_no_workspaces(tmp_path: Path) -> None:
    assert destroy(tmp_path / "none", f"ws-{'0' * 32}").ending is Ending.MISSING


def test_others_are_left_alone(root: Path) -> None:
    one, other = create(root), create(root)

    destroy(root, one)

    assert (other / MARKER).exists()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_inside_are_removed_and_not_followed(root: Path, outside: Path, kind: str) -> None:
    folder = create(root)
    (folder / "link").symlink_to(outside if kind == "folder" else outside / "deep/canary")
    (folder / "dots").symlink_to("../..")

    assert destroy(root, folder).ending is Ending.DESTROYED
    assert (outside / "deep/canary").read_text() == "alive"


def test_a_hard_link_loses_only_its_name(root: Path, outside: Path) -> None:
    folder = create(root)
    os.link(outside / "deep/canary", folder / "hard")

    destroy(root, folder)

    assert (outside / "deep/canary").read_text() == "alive"


def test_a_workspace_that_is_a_link_is_refused(root: Path, outside: Path) -> None:
    link = root / f"ws-{'a' * 32}"
    link.symlink_to(outside)

    assert destroy(root, link).ending is Ending.REFUSED
    assert (outside / "deep/canary").exists()


def test_a_root_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    folder = create(root)
    (tmp_path / "link").symlink_to(root)

    assert destroy(tmp_path / "link", folder.name).ending is Ending.REFUSED
    assert folder.exists()


def test_a_trash_that_is_a_link_is_refused(root: Path, outside: Path) -> None:
    folder = create(root)
    (root / TRASH).symlink_to(outside)

    assert destroy(root, folder).ending is Ending.REFUSED
    assert (outside / "deep/canary").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../outside", "/", "outside", "ws-1", "ws-\0", TRASH])
def test_names_that_we_do_not_give_are_refused(root: Path, outside: Path, name: str) -> None:
    assert destroy(root, name).ending is Ending.REFUSED
    assert (outside / "deep/canary").exists()


def test_a_path_elsewhere_is_refused(root: Path, tmp_path: Path) -> None:
    other = create(tmp_path / "elsewhere")

    assert destroy(root, other).ending is Ending.REFUSED
    assert destroy(root, f"{root}/../elsewhere/{other.name}").ending is Ending.REFUSED
    assert other.exists()


@pytest.mark.parametrize("marker", [None, "", "forged", "copied", "link"])
def test_without_our_own_marker_nothing_is_destroyed(root: Path, marker: str | None) -> None:
    folder, other = create(root), create(root)
    text = (other / MARKER).read_text()
    (folder / MARKER).unlink()
    if marker == "link":
        (folder / MARKER).symlink_to(other / MARKER)
    elif marker is not None:
        (folder / MARKER).write_text(text if marker == "copied" else marker)

    said = destroy(root, folder)

    assert said.ending is Ending.REFUSED
    assert folder.exists()


@pytest.mark.parametrize("root", ["/", "/tmp", "relative/root", "/a/../b/c"])
def test_places_that_cannot_be_a_root_are_refused(root: str) -> None:
    assert destroy(Path(root), f"ws-{'0' * 32}").ending is Ending.REFUSED


def test_a_root_around_the_working_folder_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = create(root)
    monkeypatch.chdir(folder)

    assert destroy(root, folder).ending is Ending.REFUSED


def test_a_root_that_others_can_write_is_refused(root: Path) -> None:
    folder = create(root)
    root.chmod(0o777)

    assert "somebody else" in str(destroy(root, folder))
    assert folder.exists()


def test_very_deep_folders_are_destroyed(root: Path) -> None:
    folder = create(root)
    place = os.open(folder, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=place)
        inner = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)

    assert destroy(root, folder).entries == 3002


def test_what_may_not_be_written_is_destroyed_too(root: Path) -> None:
    folder = create(root)
    (folder / "closed/inner").mkdir(parents=True)
    (folder / "closed/inner/file").write_text("x")
    for part in ("closed/inner", "closed"):
        (folder / part).chmod(0o000)

    assert destroy(root, folder).ending is Ending.DESTROYED


def test_pipes_and_sockets_are_never_opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = create(root)
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    monkeypatch.chdir("/")

    assert destroy(root, folder).ending is Ending.DESTROYED


def test_names_that_are_no_text_are_removed(root: Path) -> None:
    folder = create(root)
    for name in (b"\xff\xfe", b"new\nline", b"-rf", "ü".encode()):
        (folder / os.fsdecode(name)).write_text("x")

    assert destroy(root, folder).ending is Ending.DESTROYED


def test_an_attempt_that_was_killed_is_finished_by_the_next(root: Path) -> None:
    folder = create(root)
    for index in range(200):
        (folder / f"d{index}").mkdir()
        (folder / f"d{index}/file").write_text("x")
    code = (
        "import os, sys; from pathlib import Path; from tools.workspace import destroy\n"
        "real, left = os.unlink, [int(sys.argv[3])]\n"
        "def unlink(*a, **k):\n"
        "    left[0] -= 1\n"
        "    if left[0] < 0: os.kill(os.getpid(), 9)\n"
        "    real(*a, **k)\n"
        "os.unlink = unlink\n"
        "destroy(Path(sys.argv[1]), sys.argv[2])\n"
    )
    for allowed in (0, 1, 50, 120):
        argv = [sys.executable, "-c", code, str(root), folder.name, str(allowed)]
        assert subprocess.run(argv, check=False).returncode == -9

    assert destroy(root, folder).ending is Ending.DESTROYED
    assert names(root / TRASH) == []


def test_a_link_that_is_swapped_in_meanwhile_leads_nowhere(root: Path, outside: Path) -> None:
    stop = threading.Event()
    folder = create(root)
    thread = threading.Thread(target=_swap, args=(root, outside, stop))
    thread.start()
    try:
        for _ in range(60):
            with suppress(OSError):
                for index in range(3):
                    (folder / f"d{index}").mkdir()
                    (folder / f"d{index}/file").write_text("x")
            destroy(root, folder)
            folder = create(root)
    finally:
        stop.set()
        thread.join()

    assert (outside / "deep/canary").read_text() == "alive"


def _swap(root: Path, outside: Path, stop: threading.Event) -> None:
    """Turn folders of workspaces and of the trash into links, as fast as possible."""
    while not stop.is_set():
        for place in [*root.iterdir(), *(root / TRASH).glob("*")]:
            try:
                victim = place / "d1"
                victim.rename(place / "d1.away")
                victim.symlink_to(outside / "deep")
            except OSError:
                continue


def test_a_kernel_without_openat2_is_as_safe(
    root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "_openat2", _unknown)
    folder = create(root)
    (folder / "link").symlink_to(outside)
    link = root / f"ws-{'a' * 32}"
    link.symlink_to(outside)

    assert destroy(root, folder).ending is Ending.DESTROYED
    assert destroy(root, link).ending is Ending.REFUSED
    assert (outside / "deep/canary").exists()


def test_another_file_system_is_not_entered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = create(root)
    monkeypatch.setattr(workspace, "folder_below", _elsewhere)

    assert destroy(root, folder).ending is Ending.REFUSED
    assert folder.exists()


def _unknown(place: int, name: str) -> None:
    return None


def _elsewhere(place: int, name: str) -> int:
    raise OSError(18, "it is another file system")
