"""What everybody who verifies signatures does: on the twin, and on git with keys of ssh-keygen."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

import pytest

from orchestrate.errors import Unreachable
from orchestrate.models.change import Version
from orchestrate.models.signature import SignatureState
from tests.servers.git_remote import GitRemote
from tests.servers.signing import Signer, allow
from tests.tools.systems.git.story import merge_by_hand
from tools.signatures import MemorySignatures, Signatures
from tools.systems.git import Git
from tools.systems.git_signatures import GitSignatures


class World(Protocol):
    """Commits that Ada signed, or nobody, and a list of whom is allowed."""

    @property
    def signatures(self) -> Signatures: ...

    def write(self, by_ada: bool) -> Version: ...

    def merge(self, *, by_ada: bool, adding: bool = False) -> Version: ...

    def allow(self, *, ada: bool) -> Path: ...


class TwinWorld:
    def __init__(self, folder: Path) -> None:
        self.signatures, self._folder, self._count = MemorySignatures(), folder, 0

    def write(self, by_ada: bool) -> Version:
        self._count += 1
        commit = hashlib.sha1(b"%d" % self._count, usedforsecurity=False).hexdigest()
        self.signatures.keys |= {commit: "ssh-ed25519 ADA"} if by_ada else {}
        return Version(commit=commit, tree="1" * 40, name="feature")

    def merge(self, *, by_ada: bool, adding: bool = False) -> Version:
        head, merge = self.write(by_ada), self.write(False)
        self.signatures.heads |= {} if adding else {merge.commit: head.commit}
        return merge

    def allow(self, *, ada: bool) -> Path:
        file = self._folder / "signers"
        file.write_text("ada@example.test ssh-ed25519 ADA\n" if ada else "bob@example.test ssh-ed25519 BOB\n")
        return file


class GitWorld:
    def __init__(self, folder: Path) -> None:
        self._folder, self._remote = folder, GitRemote(folder / "shop.git")
        self._ada, self._bob = Signer(folder, "ada"), Signer(folder, "bob")
        self._remote.write("main", {"readme": "shop\n"}, "Begin")
        self.signatures = GitSignatures(Git(str(self._remote.folder), folder / "mirror"))

    def write(self, by_ada: bool) -> Version:
        commit = self._remote.write("feature", {"hello": "hello\n"}, "Say hello", since="main")
        return self._version(self._ada.sign(self._remote, "feature") if by_ada else commit)

    def merge(self, *, by_ada: bool, adding: bool = False) -> Version:
        self.write(by_ada)
        merge = merge_by_hand(self._remote, "main", "feature")
        if adding:
            self._remote.git("update-ref", "refs/heads/main", f"{merge}^1")
            more = self._remote.write("main", {"hello": "hello\n", "evil": "evil\n"}, "Merge, and more")
            parents = ("-p", f"{merge}^1", "-p", f"{merge}^2")
            merge = self._remote.git("commit-tree", f"{more}^{{tree}}", *parents, stdin="Merge feature")
            self._remote.git("update-ref", "refs/heads/main", merge)
        return self._version(merge)

    def allow(self, *, ada: bool) -> Path:
        return allow(self._folder / "signers", self._ada if ada else self._bob)

    def _version(self, commit: str) -> Version:
        return Version(
            commit=commit, tree=self._remote.git("rev-parse", f"{commit}^{{tree}}"), name="feature"
        )


@pytest.fixture(params=[TwinWorld, GitWorld])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return request.param(tmp_path)


async def test_a_commit_that_an_allowed_signer_signed_is_good(world: World) -> None:
    version, signers = world.write(True), world.allow(ada=True)

    found = await world.signatures.of(version, signers)

    assert (found.state, found.signer, found.commit) == (
        SignatureState.GOOD,
        "ada@example.test",
        version.commit,
    )
    assert found.key.startswith("SHA256:")
    assert found.signers == hashlib.sha256(signers.read_bytes()).hexdigest()


async def test_a_commit_that_nobody_signed_is_unsigned(world: World) -> None:
    found = await world.signatures.of(world.write(False), world.allow(ada=True))

    assert (found.state, found.signer, found.key) == (SignatureState.UNSIGNED, "", "")


async def test_a_key_that_the_list_does_not_have_is_nobodys(world: World) -> None:
    found = await world.signatures.of(world.write(True), world.allow(ada=False))

    assert (found.state, found.signer) == (SignatureState.UNKNOWN_SIGNER, "")
    assert found.key.startswith("SHA256:")


async def test_the_list_is_read_each_time(world: World) -> None:
    version = world.write(True)
    before = await world.signatures.of(version, world.allow(ada=True))

    after = await world.signatures.of(version, world.allow(ada=False))

    assert before.is_good and not after.is_good
    assert before.key == after.key and before.signers != after.signers


async def test_a_merge_that_adds_nothing_has_the_signature_of_its_head(world: World) -> None:
    merge = world.merge(by_ada=True)

    found = await world.signatures.of(merge, world.allow(ada=True))

    assert found.is_good and found.commit != merge.commit


async def test_a_merge_of_a_head_that_is_not_signed_is_not_good(world: World) -> None:
    found = await world.signatures.of(world.merge(by_ada=False), world.allow(ada=True))

    assert found.state is SignatureState.UNSIGNED


async def test_a_merge_that_adds_something_has_no_signature_but_its_own(world: World) -> None:
    merge = world.merge(by_ada=True, adding=True)

    found = await world.signatures.of(merge, world.allow(ada=True))

    assert (found.state, found.commit) == (SignatureState.UNSIGNED, merge.commit)


async def test_a_list_that_is_gone_lets_nobody_tell(world: World, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="allowed signers cannot be read"):
        await world.signatures.of(world.write(True), tmp_path / "gone")
