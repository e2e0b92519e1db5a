"""A remote, a forge on it, and helpers that people of the story use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.git_remote import GitRemote
from tests.tools.systems.git.story import Recorder
from tools.memory_forge import MemoryChanges
from tools.systems.git import Git
from tools.systems.git_forge import GitForge


@pytest.fixture
def remote(tmp_path: Path) -> GitRemote:
    remote = GitRemote(tmp_path / "shop.git")
    remote.write("main", {"readme": "shop\n"}, "Begin")
    remote.write("feature", {"hello": "hello\n"}, "Say hello", since="main")
    return remote


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    words = [word for argv in recorder.said for word in argv]
    assert not [word for word in words if "force" in word or word.startswith("+")]
    assert not {"--no-verify", "--mirror", "--delete", "-f", "-d"} & set(words)


@pytest.fixture
def forge(remote: GitRemote, recorder: Recorder, tmp_path: Path) -> GitForge:
    return GitForge(Git(str(remote.folder), tmp_path / "mirror", runner=recorder), MemoryChanges())
