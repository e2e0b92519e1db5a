from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tools.marker import MARKER
from tools.workspace import Destroyed, Ending, bind, create, destroy, existing

GONE = f"ws-{'0' * 32}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "all/workspaces"
    root.mkdir(parents=True, mode=0o700)
    return root


def refused(said: Destroyed, *, because: str) -> bool:
    return said.ending is Ending.REFUSED and because in str(said)


@pytest.mark.parametrize("marker", ["none", "empty", "old", "of another", "signed by another", "a folder"])
def test_without_a_marker_that_we_signed_for_it_nothing_is_destroyed(
    root: Path, tmp_path: Path, marker: str
) -> None:
    folder, other = create(root), create(root)
    elsewhere = create(tmp_path / "else/where")
    inode = folder.stat().st_ino
    genuine = json.loads((folder / MARKER).read_text())
    (folder / MARKER).unlink()
    match marker:
        case "empty":
            (folder / MARKER).write_text("")
        case "old":
            (folder / MARKER).write_text(json.dumps({"workspace": folder.name, "inode": inode}))
        case "of another":
            shutil.copy(other / MARKER, folder / MARKER)
        case "signed by another":
            genuine["mac"] = json.loads((elsewhere / MARKER).read_text())["mac"]
            (folder / MARKER).write_text(json.dumps(genuine))
        case "a folder":
            (folder / MARKER).mkdir()
        case _:
            pass

    assert refused(destroy(root, folder), because="marker")
    assert folder.exists()


def test_a_marker_that_names_another_deployment_does_not_pass(root: Path) -> None:
    folder = create(root, "D1")
    marker = json.loads((folder / MARKER).read_text())
    marker["note"]["deployment"] = "D2"
    (folder / MARKER).write_text(json.dumps(marker))

    assert refused(destroy(root, folder, "D2"), because="not signed by us")


def test_a_copied_workspace_is_not_the_workspace(root: Path) -> None:
    folder = create(root)
    folder.rename(root / "kept")
    shutil.copytree(root / "kept", folder)

    assert refused(destroy(root, folder), because="marker of another folder")


def test_the_workspace_of_a_deployment_that_is_under_way_is_refused(root: Path) -> None:
    folder = create(root)
    assert bind(root, folder, "D1", is_over=lambda _: False) == ""

    assert "D1" in bind(root, folder, "D2", is_over=lambda _: False)
    assert refused(destroy(root, folder, "D2"), because="belongs to deployment D1")
    assert destroy(root, folder, "D1").ending is Ending.DESTROYED


def test_the_workspace_of_a_deployment_that_ended_goes_to_the_next(root: Path) -> None:
    folder = create(root)
    bind(root, folder, "D1", is_over=lambda _: False)

    assert bind(root, folder, "D2", is_over=lambda one: one == "D1") == ""
    assert [note.deployment for note in existing(root)] == ["D2"]
    assert destroy(root, folder, "D2").ending is Ending.DESTROYED


@pytest.mark.parametrize("what", ["not there", "no marker", "elsewhere"])
def test_what_is_not_ours_cannot_be_bound(root: Path, tmp_path: Path, what: str) -> None:
    folder = create(root)
    if what == "no marker":
        (folder / MARKER).unlink()
    place = {"not there": root / GONE, "elsewhere": tmp_path}.get(what, folder)

    assert bind(root, place, "D1", is_over=lambda _: True)
