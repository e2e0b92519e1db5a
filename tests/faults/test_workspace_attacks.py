"""Attacks on the destruction of workspaces: nothing outside one may ever lose a byte."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from tests.faults import kernels, ordinary
from tools import confined, listing, workspace
from tools.confined import Tally, delete
from tools.grounds import KEY, TRASH
from tools.marker import MARKER
from tools.workspace import Destroyed, Ending, create, destroy

REPOSITORY = Path(__file__).parent.parent.parent
GONE = f"ws-{'0' * 32}"


@pytest.fixture(params=kernels.kernels(), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every attack is tried on both ways to open a folder."""
    if request.param == kernels.COMPONENTS:
        monkeypatch.setattr(confined, "_openat2", kernels.unknown)
    return request.param


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory, where there is such a place: on some disks the removal of a folder takes milliseconds."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder).resolve()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "all/workspaces"
    root.mkdir(parents=True, mode=0o700)
    return root


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A tree that must be the same after every test."""
    outside = tmp_path / "outside"
    for folder in ("", "deep", "d0", "d1", "d2/d3"):
        (outside / folder).mkdir(parents=True, exist_ok=True)
        (outside / folder / "canary").write_text(f"alive in {folder}")
    before = state(outside)
    yield outside
    assert state(outside) == before


def state(tree: Path) -> str:
    """A digest of all names, kinds, permissions and contents."""
    found = hashlib.sha256()
    for path in sorted(tree.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        found.update(f"{path} {stat.filemode(path.lstat().st_mode)} ".encode() + content)
    return found.hexdigest()


def refused(said: Destroyed, *, because: str) -> bool:
    return said.ending is Ending.REFUSED and because in str(said)


def python(*words: str, cwd: Path = REPOSITORY) -> subprocess.Popen[bytes]:
    argv = [sys.executable, *words]
    return subprocess.Popen(argv, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_link_in_the_place_of_a_workspace_is_refused(root: Path, outside: Path) -> None:
    (root / GONE).symlink_to(outside)

    assert refused(destroy(root, GONE), because="no plain folder")


def test_links_inside_are_removed_and_nothing_behind_them(root: Path, outside: Path) -> None:
    folder = create(root)
    for name, target in {"folder": outside, "file": outside / "canary", "up": Path("../..")}.items():
        (folder / name).symlink_to(target)

    assert destroy(root, folder).ending is Ending.DESTROYED


def test_a_root_reached_through_a_link_is_the_root_it_leads_to(root: Path, outside: Path) -> None:
    folder, link = create(root), root.parent.parent / "link"
    link.symlink_to(root.parent)

    assert destroy(link / root.name, folder.name).ending is Ending.DESTROYED


def test_a_way_to_the_root_that_was_bent_meanwhile_leads_to_a_root_without_our_key(
    root: Path, outside: Path
) -> None:
    folder = create(root)
    other = root.parent.parent / "other/workspaces"
    shutil.copytree(folder, other / folder.name)
    other.chmod(0o700)
    root.parent.rename(root.parent.parent / "away")
    root.parent.symlink_to(other.parent)

    assert refused(destroy(root, folder.name), because="not signed by us")
    assert (other / folder.name / MARKER).exists()


@pytest.mark.parametrize("name", [KEY, TRASH])
def test_links_in_the_place_of_our_own_things_are_refused(root: Path, outside: Path, name: str) -> None:
    folder = create(root)
    if (root / name).exists():
        (root / name).unlink()
    (root / name).symlink_to(outside / "canary" if name == KEY else outside)

    assert destroy(root, folder).ending is Ending.REFUSED
    assert folder.exists()


def test_ten_thousand_swaps_while_workspaces_are_destroyed_lead_nowhere(root: Path, outside: Path) -> None:
    (root / TRASH).mkdir(mode=0o700)
    attacker = python("-m", "tests.faults.swapping", str(root), str(outside), "10000")
    try:
        while attacker.poll() is None:
            destroy(root, workspace_with_folders(root), grace=0.2)
    finally:
        attacker.kill()
        attacker.communicate()

    assert attacker.returncode == 0
    folder = create(root)
    destroy(root, folder)
    assert not folder.exists()


def workspace_with_folders(root: Path) -> str:
    """A workspace with much to delete; the attacker may have been at it already."""
    folder = create(root)
    with suppress(OSError):
        place = os.open(folder, PLAIN)
        fill(place)
        os.close(place)
    return folder.name


PLAIN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def fill(place: int) -> None:
    """Make folders in folders; this, too, may not be led elsewhere by the attacker."""
    for name in (f"d{index}" for index in range(8)):
        with suppress(OSError):
            os.mkdir(name, dir_fd=place)
            inner = os.open(name, PLAIN, dir_fd=place)
            os.mkdir("d1", dir_fd=inner)
            os.close(os.open("canary", os.O_CREAT | os.O_WRONLY | os.O_EXCL, dir_fd=inner))
            os.close(inner)


def test_ten_thousand_swaps_while_folders_are_deleted_lead_nowhere(root: Path, outside: Path) -> None:
    (root / TRASH).mkdir(mode=0o700)
    attacker = python("-m", "tests.faults.swapping", str(root), str(outside), "10000")
    trash = os.open(root / TRASH, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in map(str, count()):
            if attacker.poll() is not None:
                break
            os.mkdir(name, dir_fd=trash)
            with suppress(OSError):
                place = os.open(name, PLAIN, dir_fd=trash)
                fill(place)
                os.close(place)
            delete(trash, name, Tally())
    finally:
        os.close(trash)
        attacker.kill()
        attacker.communicate()

    assert attacker.returncode == 0


def leave(*_: object) -> None:
    """Nothing is put back."""


@pytest.mark.parametrize("is_taken", [False, True])
def test_what_takes_the_place_of_a_workspace_at_the_last_moment_is_left_alone(
    root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, is_taken: bool
) -> None:
    folder = create(root)

    def swap(place: Path, grace: float) -> tuple[str, ...]:
        folder.rename(root / "away")
        shutil.copytree(outside, folder, copy_function=shutil.copy2)
        return ()

    monkeypatch.setattr(workspace, "end_occupants", swap)
    if is_taken:
        monkeypatch.setattr(workspace, "_put_back", leave)  # as if its place were taken again

    assert refused(destroy(root, folder), because="no marker")
    (kept,) = (root / TRASH).iterdir() if is_taken else [folder]
    assert state(kept) and (kept / "d2/d3/canary").read_text() == "alive in d2/d3"
    assert (root / "away" / MARKER).exists()


def test_names_inside_may_be_anything(root: Path, outside: Path) -> None:
    folder = create(root)
    for name in (b"\xff\xfe", b"new\nline", b"-rf", b"..x", b" ", "ü\u202e".encode(), b"a" * 255, b"$(id)"):
        (folder / os.fsdecode(name)).mkdir()
        (folder / os.fsdecode(name) / os.fsdecode(name)).write_text("x")

    assert destroy(root, folder).ending is Ending.DESTROYED


def test_five_thousand_folders_in_each_other_are_destroyed(root: Path, outside: Path) -> None:
    folder = create(root)
    place = os.open(folder, os.O_RDONLY)
    for _ in range(5000):
        os.mkdir("d", dir_fd=place)
        inner = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)

    said = destroy(root, folder)

    assert (said.ending, said.entries) == (Ending.DESTROYED, 5002)


@pytest.mark.skipif(sys.platform != "linux", reason="mounts in a name space of one's own are Linux's")
@pytest.mark.parametrize("kind", ["--bind", "--types tmpfs"])
def test_a_file_system_that_is_mounted_inside_is_not_entered(
    root: Path, outside: Path, kernel: str, kind: str
) -> None:
    folder = create(root)
    (folder / "a/mounted").mkdir(parents=True)
    source = str(outside) if kind == "--bind" else "none"
    argv = ["unshare", "--mount", "--map-root-user", sys.executable, "-c", MOUNTING]
    words = [kernel, str(root), folder.name, *kind.split(), source]

    done = subprocess.run([*argv, *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    if done.returncode == NOT_ALLOWED or "unshare" in done.stderr:
        pytest.skip("this user may not mount")
    is_seen = kernel == kernels.OPENAT2 or kind != "--bind"  # of the same device, only the kernel can tell
    assert done.stdout.strip() == ("refused" if is_seen else "incomplete"), done.stderr
    assert folder.exists() is is_seen


NOT_ALLOWED = 77
MOUNTING = f"""
import subprocess, sys
from pathlib import Path
from tests.faults.kernels import as_on
from tools.workspace import destroy
kernel, root, name, *mount = sys.argv[1:]
as_on(kernel)
done = subprocess.run(["mount", *mount, f"{{root}}/{{name}}/a/mounted"], capture_output=True)
if done.returncode:
    sys.exit({NOT_ALLOWED})
print(destroy(Path(root), name).ending)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc, which is always another device")
def test_a_folder_of_another_device_is_not_opened() -> None:
    place = os.open("/", os.O_RDONLY)
    try:
        with pytest.raises(OSError) as refused_by:
            confined.folder_below(place, "proc")
    finally:
        os.close(place)

    assert refused_by.value.errno == errno.EXDEV


def test_another_device_inside_is_refused_before_anything_is_moved(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = create(root)
    (folder / "a").mkdir()
    real = confined.folder_below

    def mounted(place: int, name: str) -> int:
        if name == "a":
            raise OSError(18, "it is another file system")
        return real(place, name)

    monkeypatch.setattr(listing, "folder_below", mounted)

    assert refused(destroy(root, folder), because="another file system")
    assert (folder / "a").is_dir()


def test_a_hard_link_loses_a_name_and_no_byte(root: Path, outside: Path) -> None:
    folder = create(root)
    inode = (outside / "canary").stat().st_ino
    os.link(outside / "canary", folder / "hard")

    assert destroy(root, folder).ending is Ending.DESTROYED
    assert (outside / "canary").stat().st_ino == inode


def test_folders_that_their_owner_closed_are_destroyed(tmp_path: Path, outside: Path, kernel: str) -> None:
    home = tmp_path / "nobody"
    home.mkdir()
    if os.getuid() == 0:
        tmp_path.chmod(0o711)
        os.chown(home, ordinary.NOBODY, ordinary.NOBODY)

    ran = python("-m", "tests.faults.ordinary", str(home / "workspaces"), kernel)
    out, problems = ran.communicate(timeout=20)

    assert out.decode().splitlines() == [f"{mode:o} destroyed 8 " for mode in ordinary.MODES], problems


def test_what_grows_meanwhile_is_destroyed_in_the_end(root: Path, outside: Path) -> None:
    folder = create(root)
    (folder / "growing").mkdir()
    stop = threading.Event()
    thread = threading.Thread(target=grow, args=(folder / "growing", stop))
    thread.start()
    try:
        destroy(root, folder)
    finally:
        stop.set()
        thread.join()

    assert destroy(root, folder).is_gone
    assert not list((root / TRASH).iterdir())


def grow(folder: Path, stop: threading.Event) -> None:
    """Lengthen one open file, and add others, wherever the folder is moved."""
    place = os.open(folder, os.O_RDONLY)
    with (folder / "long").open("wb") as long:
        index = 0
        while not stop.is_set():
            index += 1
            long.write(b"x" * 4096)
            try:
                os.close(os.open(f"f{index}", os.O_CREAT | os.O_WRONLY, dir_fd=place))
            except OSError:
                continue
    os.close(place)


def test_a_kill_at_any_change_leaves_what_the_next_attempt_finishes(root: Path, kernel: str) -> None:
    killed = python("-m", "tests.faults.killed", str(root), kernel)
    out, problems = killed.communicate(timeout=60)

    assert killed.returncode == 0, problems.decode()
    rounds = [json.loads(line) for line in out.splitlines()]
    assert len(rounds) == 20
    assert {ending for ending, *_ in rounds} <= {"destroyed", "missing"}
    assert all(found == [KEY, TRASH] and not problems for _, _, problems, found in rounds)


def test_what_was_moved_and_not_looked_at_again_needs_its_marker_still(root: Path, outside: Path) -> None:
    folder = create(root)
    hidden = root / TRASH / f"{folder.name}.{'1' * 32}"
    (root / TRASH).mkdir(mode=0o700)
    shutil.copytree(outside, hidden)

    said = destroy(root, folder)

    assert said.ending is Ending.INCOMPLETE and "stays in the trash" in str(said)
    assert state(hidden) and (hidden / "canary").exists() and not folder.exists()
