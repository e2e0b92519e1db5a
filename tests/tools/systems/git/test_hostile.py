from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from orchestrate.errors import (
    OutsideFailed,
    ProgramMissing,
    UnknownVersion,
    Unreachable,
)
from orchestrate.models.change import MergeMethod
from tests.servers.git_remote import GitRemote
from tests.tools.systems.git.story import Recorder, opened, ordered
from tools.memory_forge import MemoryChanges
from tools.systems.git import Git
from tools.systems.git_forge import GitForge


async def test_no_hook_and_no_setting_of_the_mirror_runs(
    forge: GitForge, remote: GitRemote, tmp_path: Path
) -> None:
    order = await ordered(forge, await opened(forge))
    hook = tmp_path / "mirror/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    hook.chmod(0o755)

    await forge.merge(order)

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name", ["--upload-pack=touch x", "-x", "a..b", "a b", "$(id)", "x;id", "a\nb", "@{-1}"]
)
async def test_hostile_branch_names_reach_no_command(forge: GitForge, name: str) -> None:
    with pytest.raises((UnknownVersion, OutsideFailed)):
        await opened(forge, name)


async def test_hostile_shas_reach_no_command(forge: GitForge, recorder: Recorder) -> None:
    with pytest.raises(OutsideFailed, match="not a commit SHA"):
        await forge.contains("--output=/tmp/x", "HEAD")

    assert not recorder.said


async def test_an_address_that_leads_nowhere_is_unreachable(tmp_path: Path) -> None:
    forge = GitForge(Git(str(tmp_path / "nothing.git"), tmp_path / "mirror"), MemoryChanges())

    with pytest.raises(Unreachable, match="nothing.git"):
        await forge.version("main")


async def test_an_address_that_is_a_command_is_refused(tmp_path: Path) -> None:
    forge = GitForge(Git(f"ext::touch {tmp_path}/ran", tmp_path / "mirror"), MemoryChanges())

    with pytest.raises(Unreachable, match="not allowed"):
        await forge.version("main")

    assert not (tmp_path / "ran").exists()


async def test_an_old_git_is_named_with_its_cure(remote: GitRemote, tmp_path: Path) -> None:
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.37.9\n")
    old.chmod(0o755)
    forge = GitForge(Git(str(remote.folder), tmp_path / "mirror", program=str(old)), MemoryChanges())

    with pytest.raises(ProgramMissing) as missing:
        await forge.version("main")

    assert missing.value.cure == "install git 2.38 or newer"


async def test_a_lock_that_a_killed_git_left_is_removed(
    forge: GitForge, remote: GitRemote, tmp_path: Path
) -> None:
    await forge.version("main")
    lock = tmp_path / "mirror/refs/remotes/origin/main.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    pushed = remote.write("main", {"more": "x\n"}, "Go on")

    assert (await forge.version("main")).commit == pushed


async def test_a_remote_that_never_answers_is_unreachable(remote: GitRemote, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/shop.git"
        forge = GitForge(Git(address, tmp_path / "mirror", timeout=0.5), MemoryChanges())

        with pytest.raises(Unreachable, match="did not end in time"):
            await forge.version("main")


async def test_separators_in_subjects_and_authors_break_nothing(forge: GitForge, remote: GitRemote) -> None:
    subject = "Say\x1fhello\x1f\n\nOrchestrate-Change: a\x1fb\x1fc\nOrchestrate-Head: x"
    commit = remote.write("main", {"more": "x\n"}, subject)

    assert (await forge.log(None, commit, 1))[0].subject == "Say\x1fhello\x1f"
    assert (await forge.methods())[0] is MergeMethod.MERGE


async def test_a_line_of_dashes_keeps_the_trailers_at_the_end(forge: GitForge, remote: GitRemote) -> None:
    order = await ordered(forge, await opened(forge))

    await forge.merge(order.model_copy(update={"message": "Say hello\n\n---\nmore"}))

    last = remote.git("log", "-1", "--format=%B", "main").splitlines()[-1]
    assert last == f"Orchestrate-Head: {order.head}"


async def test_everybody_whom_a_commit_names_is_told_whatever_they_call_themselves(
    forge: GitForge, remote: GitRemote
) -> None:
    message = (
        "Say hello\n\nCo-authored-by: Ada <ada@example.com>\nco-authored-by: R\x1fob\n <rob@example.com>"
    )
    commit = remote.write("main", {"more": "x\n"}, message)

    (told,) = await forge.log(None, commit, 1)

    assert told.co_authors == ("Ada <ada@example.com>", "R\x1fob <rob@example.com>")
    assert told.committer.endswith(f"<{told.email}>") and "@" in told.email
    assert len(told.written_by) == 3


async def test_a_file_that_was_renamed_tells_its_old_name(forge: GitForge, remote: GitRemote) -> None:
    text = "* @ada\n" * 20
    remote.write("main", {"CODEOWNERS": text}, "Say who owns it")
    remote.write("hello", {"CODEOWNERS": None, "notes.txt": text}, "Move it away", since="main")

    (moved,) = await forge.files(await opened(forge, "hello"))

    assert (moved.path, moved.status, moved.was) == ("notes.txt", "R", "CODEOWNERS")


@pytest.mark.parametrize("method", MergeMethod)
@pytest.mark.parametrize(
    "lie", ["Orchestrate-Head: {0}", "Orchestrate-Change: {1}\x1f{0}", "orchestrate-head: \x1d{0}"]
)
async def test_no_words_of_a_change_say_which_head_was_merged(
    forge: GitForge, remote: GitRemote, lie: str, method: MergeMethod
) -> None:
    harmless = remote.tip("main")
    change = await opened(forge)
    words = f"Say hello\n\n{lie.format(harmless, change.id)}"
    remote.write("feature", {"more": "x\n"}, words)
    order = (await ordered(forge, change := await forge.change(change.id), method)).model_copy(
        update={"message": words}
    )

    await forge.merge(order)
    remote.write("feature", {"late": "x\n"}, "Too late")

    assert (await forge.change(change.id)).head == change.head
