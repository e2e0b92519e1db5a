"""Master keys: private files, made once, and texts that hold a key."""

from __future__ import annotations

import base64
import os
import stat
import threading
from pathlib import Path

import pytest

from orchestrate.errors import KeyUnusable, SealBroken
from orchestrate.vault.keys import FileKeys, GivenKeys, key_id

KEY, OTHER = bytes(32), bytes(range(32))


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_key_file_is_made_private_on_first_need(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "master.key"
    before = os.umask(0)
    try:
        ids = FileKeys(file).ids()
    finally:
        os.umask(before)

    assert (mode(file), mode(file.parent), len(ids)) == (0o600, 0o700, 1)
    assert FileKeys(file).ids() == ids
    assert [one.name for one in file.parent.iterdir()] == ["master.key"]


def test_many_that_need_a_key_at_once_have_the_same(tmp_path: Path) -> None:
    found = list[tuple[str, ...]]()
    needs = [threading.Thread(target=lambda: found.append(FileKeys(tmp_path / "k").ids())) for _ in range(8)]
    for one in needs:
        one.start()
    for one in needs:
        one.join()

    assert len(set(found)) == 1
    assert len(found) == 8


@pytest.mark.parametrize("wider", [0o640, 0o604, 0o660, 0o666, 0o610, 0o777])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, wider: int) -> None:
    keys = FileKeys(tmp_path / "master.key")
    keys.ids()
    (tmp_path / "master.key").chmod(wider)

    with pytest.raises(KeyUnusable, match=f"can be read by others \\(mode {wider:04o}\\)") as refused:
        keys.wrap(KEY, b"here")

    assert "chmod 600" in refused.value.cure


def test_a_key_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = FileKeys(tmp_path / "master.key")
    keys.ids()
    if os.geteuid() == 0:
        os.chown(tmp_path / "master.key", 4711, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4711)

    with pytest.raises(KeyUnusable, match="belongs to another user"):
        keys.wrap(KEY, b"here")


def test_a_key_file_is_no_link_and_no_folder(tmp_path: Path) -> None:
    FileKeys(tmp_path / "real.key").ids()
    (tmp_path / "link.key").symlink_to(tmp_path / "real.key")
    (tmp_path / "folder.key").mkdir(mode=0o700)

    for name in ("link.key", "folder.key"):
        with pytest.raises(KeyUnusable):
            FileKeys(tmp_path / name).ids()


@pytest.mark.parametrize("text", ["", "\n", "not base64!", base64.b64encode(b"too short").decode()])
def test_a_file_that_holds_no_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "master.key"
    file.write_text(text)
    file.chmod(0o600)

    with pytest.raises(KeyUnusable) as refused:
        FileKeys(file).ids()

    assert text.strip() == "" or text not in str(refused.value)


def test_a_key_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(KeyUnusable, match="master.key cannot be read: Not a directory") as refused:
        FileKeys(tmp_path / "file" / "master.key").ids()

    assert "ORCHESTRATE_MASTER_KEY" in refused.value.cure


def test_a_new_key_wraps_and_the_old_one_still_unwraps(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "master.key")
    old, wrapped = keys.wrap(KEY, b"here")

    new = keys.renew()

    assert keys.ids() == (new, old)
    assert keys.unwrap(old, wrapped, b"here") == KEY
    assert keys.wrap(KEY, b"here")[0] == new
    keys.retire()
    assert keys.ids() == (new,)
    with pytest.raises(KeyUnusable, match=old):
        keys.unwrap(old, wrapped, b"here")
    assert mode(tmp_path / "master.key") == 0o600


def test_a_wrapped_key_opens_at_its_own_place_alone() -> None:
    keys = GivenKeys([KEY])
    id, wrapped = keys.wrap(OTHER, b"here")

    with pytest.raises(SealBroken):
        keys.unwrap(id, wrapped, b"there")


def test_keys_are_read_from_a_text() -> None:
    text = ",".join(base64.b64encode(one).decode() for one in (KEY, OTHER))

    assert GivenKeys.parsed(text, "VARIABLE").ids() == (key_id(KEY), key_id(OTHER))
    assert key_id(KEY) != key_id(OTHER)
