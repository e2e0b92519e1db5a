from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import (
    OutsideFailed,
    ProgramMissing,
    UnknownVersion,
    Unreachable,
)
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
