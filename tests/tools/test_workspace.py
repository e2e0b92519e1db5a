from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

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


GONE = f"ws-{'0' * 32}"


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


NAMES = [
    "", ".", "..", "../outside", "outside", "/", "/etc", "//", "ws-1", "ws-\0", f"{GONE}\0", f"{GONE}\n",
    f"{GONE}/", f"{GONE}/..", f"./{GONE}", f"../workspaces/{GONE}", GONE.upper(), f"{GONE}.old",
    "ws-" + "é" * 32,
    "ws-\udcff" + "0" * 31, TRASH, KEY, f"{TRASH}/{GONE}", "~", "-rf", "$(id)", "*", "ws-" + "٠" * 32,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_we_never_give_are_refused(root: Path, outside: Path, name: str) -> None:
    said = destroy(root, name)

    assert said.ending is Ending.REFUSED
    assert str(said).isprintable() and str(said).encode()


@pytest.mark.parametrize("where", ["{root}/../{root.name}", "{root}/.", "{root}/x/..", "{root.parent}", "/"])
def test_paths_that_only_lead_to_the_root_in_the_end_are_refused(root: Path, where: str) -> None:
    folder = create(root)
    path = f"{where.format(root=root)}/{folder.name}"

    said = destroy(root, path)

    assert said.ending is Ending.REFUSED or Path(path).parent == root
    assert folder.exists() or said.ending is Ending.DESTROYED


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
