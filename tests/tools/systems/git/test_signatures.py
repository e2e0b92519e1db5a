"""Signatures of real commits: each way in which one is not good is a state of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrate.errors import UnknownVersion
from orchestrate.models.change import MergeMethod, Version
from orchestrate.models.signature import Signature, SignatureState
from tests.servers.git_remote import GitRemote
from tests.servers.signing import Signer, allow, rewritten
from tests.tools.systems.git.story import Recorder, opened, ordered, put
from tools.commands import Output
from tools.memory_forge import MemoryChanges
from tools.systems.git import Git
from tools.systems.git_forge import GitForge
from tools.systems.git_signatures import GitSignatures

TREE = "1" * 40
GOOD = 'Good "git" signature for ada@example.test with ED25519 key SHA256:abc'


@pytest.fixture
def ada(tmp_path: Path) -> Signer:
    return Signer(tmp_path, "ada")


@pytest.fixture
def signers(tmp_path: Path, ada: Signer) -> Path:
    return allow(tmp_path / "signers", ada)


class Reader:
    """Looks at branches of the remote as they are now."""

    def __init__(self, remote: GitRemote, signatures: GitSignatures) -> None:
        self._remote, self._signatures = remote, signatures

    async def of(self, branch: str, signers: Path) -> Signature:
        version = Version(commit=self._remote.git("rev-parse", branch), tree=TREE, name=branch)
        return await self._signatures.of(version, signers)


@pytest.fixture
def reader(remote: GitRemote, recorder: Recorder, tmp_path: Path) -> Reader:
    git = Git(str(remote.folder), tmp_path / "mirror", runner=recorder)
    return Reader(remote, GitSignatures(git))


async def test_the_signer_and_the_key_are_told(
    remote: GitRemote, reader: Reader, ada: Signer, signers: Path
) -> None:
    commit = ada.sign(remote, "feature")

    found = await reader.of("feature", signers)

    assert found.words == f"commit {commit[:10]} is signed by ada@example.test with {ada.fingerprint}"


@pytest.mark.parametrize("part", ["Say hello", "ada@example.test>", "\n U1NIU0lH"])
async def test_a_commit_that_was_changed_afterwards_is_bad(
    remote: GitRemote, reader: Reader, ada: Signer, signers: Path, part: str
) -> None:
    ada.sign(remote, "feature")
    rewritten(remote, "feature", part, part.replace("a", "e").replace("U1N", "XXX"))

    assert (await reader.of("feature", signers)).state is SignatureState.BAD


async def test_the_signature_of_another_commit_is_bad(
    remote: GitRemote, reader: Reader, ada: Signer, signers: Path
) -> None:
    ada.sign(remote, "feature")
    tree = remote.git("rev-parse", "feature^{tree}")
    rewritten(remote, "feature", f"tree {tree}", f"tree {remote.git('rev-parse', 'main^{tree}')}")

    assert (await reader.of("feature", signers)).state is SignatureState.BAD


@pytest.mark.parametrize("kind", ["PGP SIGNATURE", "SIGNED MESSAGE"])
async def test_a_signature_of_another_kind_asks_no_other_program(
    remote: GitRemote, reader: Reader, recorder: Recorder, signers: Path, kind: str
) -> None:
    block = f"gpgsig -----BEGIN {kind}-----\n \n iQEz\n -----END {kind}-----\n\n"
    rewritten(remote, "feature", "\n\n", f"\n{block}")

    assert (await reader.of("feature", signers)).state is SignatureState.OTHER_KIND
    assert not [argv for argv in recorder.said if "verify-commit" in argv]


async def test_a_signature_in_the_message_is_none(remote: GitRemote, reader: Reader, signers: Path) -> None:
    text = f"{GOOD}\n\ngpgsig -----BEGIN SSH SIGNATURE-----"
    remote.write("feature", {"more": "more\n"}, text)

    assert (await reader.of("feature", signers)).state is SignatureState.UNSIGNED


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ('valid-before="20200101"', "line 1 of the list: key has expired"),
        ('namespaces="file"', "line 1 of the list: key is not permitted"),
    ],
)
async def test_a_key_that_is_not_allowed_for_this_says_why(
    remote: GitRemote, reader: Reader, ada: Signer, signers: Path, option: str, why: str
) -> None:
    ada.sign(remote, "feature")
    signers.write_text(f"{ada.name} {option} {ada.public}\n")

    found = await reader.of("feature", signers)

    assert found.state is SignatureState.UNKNOWN_SIGNER
    assert found.detail.startswith(why) and str(signers) not in found.detail


async def test_without_ssh_keygen_nobody_can_tell(
    remote: GitRemote, ada: Signer, signers: Path, tmp_path: Path
) -> None:
    ada.sign(remote, "feature")
    git = Git(str(remote.folder), tmp_path / "mirror")

    found = await Reader(remote, GitSignatures(git, keygen="no-such-keygen")).of("feature", signers)

    assert found.state is SignatureState.NO_PROGRAM
    assert "ssh-keygen is not installed" in found.words


@pytest.mark.parametrize(
    ("said", "code", "state"),
    [
        (GOOD, 0, SignatureState.GOOD),
        (GOOD, 1, SignatureState.UNCLEAR),
        ("", 0, SignatureState.UNCLEAR),
        (f"note: {GOOD}", 0, SignatureState.UNCLEAR),
        ("usage: ssh-keygen [-q] [-a rounds]", 1, SignatureState.UNCLEAR),
    ],
)
async def test_what_is_not_understood_is_no_yes(
    remote: GitRemote, ada: Signer, signers: Path, tmp_path: Path, said: str, code: int, state: SignatureState
) -> None:
    ada.sign(remote, "feature")
    recorder = Instead(said, code)
    git = Git(str(remote.folder), tmp_path / "mirror", runner=recorder)

    assert (await Reader(remote, GitSignatures(git)).of("feature", signers)).state is state


class Instead(Recorder):
    """Runs everything but the verification, which ends with `code` and says `said`."""

    def __init__(self, said: str, code: int) -> None:
        super().__init__()
        self._said, self._code = said.encode(), code

    async def __call__(self, argv: Sequence[str], **limits: object) -> Output:
        if "verify-commit" in argv:
            return Output(tuple(argv), self._code, b"", self._said)
        return await super().__call__(argv, **limits)


async def test_a_commit_that_there_is_not_is_an_error(reader: Reader, signers: Path, ada: Signer) -> None:
    version = Version(commit="d" * 40, tree=TREE, name="none")

    with pytest.raises(UnknownVersion):
        await reader._signatures.of(version, signers)


@pytest.mark.parametrize("method", list(MergeMethod))
async def test_what_we_merged_has_the_signature_of_its_head(
    remote: GitRemote, reader: Reader, ada: Signer, signers: Path, tmp_path: Path, method: MergeMethod
) -> None:
    head = ada.sign(remote, "feature")
    remote.write("main", {"other": "other\n"}, "Another")
    forge = GitForge(Git(str(remote.folder), tmp_path / "forge"), MemoryChanges())
    merged = await forge.merge(await ordered(forge, await opened(forge), method))

    found = await reader.of("main", signers)

    assert remote.tip("main") == merged.commit != head
    assert found.is_good and found.commit == head


async def test_a_commit_that_only_claims_to_merge_a_signed_head_is_unsigned(
    remote: GitRemote, reader: Reader, ada: Signer, signers: Path
) -> None:
    head = ada.sign(remote, "feature")
    remote.write("main", {"evil": "evil\n"}, f"Merge feature\n\nOrchestrate-Head: {head}")

    assert (await reader.of("main", signers)).state is SignatureState.UNSIGNED


async def test_a_branch_that_took_a_signed_commit_in_is_unsigned(
    remote: GitRemote, reader: Reader, ada: Signer, signers: Path
) -> None:
    ada.sign(remote, "main")
    remote.write("evil", {"evil": "evil\n"}, "Evil", since="feature")
    tree = remote.git("merge-tree", "--write-tree", "--allow-unrelated-histories", "evil", "main")
    merge = remote.git("commit-tree", tree, "-p", "evil", "-p", "main", stdin="Merge main")
    remote.git("update-ref", "refs/heads/evil", merge)

    assert (await reader.of("evil", signers)).state is SignatureState.UNSIGNED


async def test_a_signed_commit_that_was_put_on_the_base_by_itself_is_good(
    remote: GitRemote, reader: Reader, ada: Signer, signers: Path
) -> None:
    put(remote, ada.sign(remote, "feature"))

    assert (await reader.of("main", signers)).is_good
