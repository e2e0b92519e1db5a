from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from orchestrate.errors import (
    BuildFailed,
    CommandFailed,
    HeadMoved,
    MergeRefused,
    OutcomeUnknown,
    OutsideFailed,
    ProgramMissing,
    UnknownVersion,
    Unreachable,
)
from orchestrate.models.change import Change, ChangeState, MergeMethod, MergeOrder, NewChange
from tests.servers.git_remote import GitRemote
from tools.commands import Output, run
from tools.memory_forge import MemoryChanges
from tools.systems.git import Git
from tools.systems.git_forge import GitForge

Step = Callable[[Sequence[str]], None]


class Recorder:
    """Runs everything as told, remembers the words, and lets a test act right before a push."""

    def __init__(self) -> None:
        self.said: list[list[str]] = []
        self.before_push: list[Step] = []
        self.after_push: list[Step] = []

    async def __call__(self, argv: Sequence[str], **limits: object) -> Output:
        self.said.append(list(argv))
        pushes = "push" in argv
        if pushes and self.before_push:
            self.before_push.pop()(argv)
        output = await run(argv, **limits)  # pyright: ignore[reportArgumentType] - passed on as they came
        if pushes and self.after_push:
            self.after_push.pop()(argv)
        return output


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


async def opened(forge: GitForge, branch: str = "feature") -> Change:
    return await forge.open(NewChange(title="Say hello", author="ada", branch=branch, base="main"))


async def ordered(forge: GitForge, change: Change, method: MergeMethod = MergeMethod.MERGE) -> MergeOrder:
    seen = await forge.preview(change, method)
    assert seen.tree is not None
    return MergeOrder(
        change=change.id, method=method, head=seen.head, base=seen.base, tree=seen.tree, message="Say hello"
    )


async def test_a_merge_commit_has_both_parents_and_says_which_change(
    forge: GitForge, remote: GitRemote
) -> None:
    order = await ordered(forge, await opened(forge))

    merged = await forge.merge(order)

    assert remote.git("log", "-1", "--format=%P", "main") == f"{order.base} {order.head}"
    assert f"Orchestrate-Change: {order.change}" in remote.git("log", "-1", "--format=%B", "main")
    assert remote.tip("main") == merged.commit


async def test_a_squash_is_one_commit_in_the_authors_name(forge: GitForge, remote: GitRemote) -> None:
    remote.write("feature", {"more": "x\n"}, "Say more")
    order = await ordered(forge, await opened(forge), MergeMethod.SQUASH)

    await forge.merge(order)

    assert remote.git("log", "-1", "--format=%P|%an|%cn|%s", "main") == (
        f"{order.base}|Ada|Orchestrate|Say hello"
    )


async def test_a_rebase_replays_each_commit(forge: GitForge, remote: GitRemote) -> None:
    remote.write("feature", {"more": "x\n"}, "Say more")
    remote.write("main", {"other": "y\n"}, "Go on")
    order = await ordered(forge, await opened(forge), MergeMethod.REBASE)

    await forge.merge(order)

    subjects = remote.git("log", "--first-parent", "--format=%s|%an", "main").splitlines()
    assert subjects == ["Say more|Ada", "Say hello|Ada", "Go on|Ada", "Begin|Ada"]


async def test_a_declined_push_keeps_the_remotes_own_reason(forge: GitForge, remote: GitRemote) -> None:
    order = await ordered(forge, await opened(forge))
    remote.hook("pre-receive", "echo main is protected >&2; exit 1")

    with pytest.raises(MergeRefused, match="pre-receive hook declined.*main is protected"):
        await forge.merge(order)

    assert remote.tip("main") == order.base


async def test_a_base_that_moves_during_the_push_is_not_overwritten(
    forge: GitForge, remote: GitRemote, recorder: Recorder
) -> None:
    order = await ordered(forge, await opened(forge))
    recorder.before_push.append(lambda _: _write(remote, "main"))

    with pytest.raises(HeadMoved, match="base"):
        await forge.merge(order)

    assert remote.git("log", "--format=%s", "main").splitlines() == ["Push between", "Begin"]


async def test_a_base_that_was_put_back_during_the_push_is_noticed(
    forge: GitForge, remote: GitRemote, recorder: Recorder
) -> None:
    first = remote.tip("main")
    remote.write("main", {"bad": "x\n"}, "Taken away again")
    order = await ordered(forge, await opened(forge))
    recorder.before_push.append(lambda _: _put(remote, first))

    with pytest.raises(HeadMoved, match="base"):
        await forge.merge(order)


async def test_a_push_whose_answer_is_lost_is_found_on_the_base(
    forge: GitForge, remote: GitRemote, recorder: Recorder
) -> None:
    order = await ordered(forge, await opened(forge))
    recorder.after_push.append(_lose)

    merged = await forge.merge(order)

    assert remote.tip("main") == merged.commit


async def test_a_push_that_nobody_can_ask_about_is_unknown(
    forge: GitForge, remote: GitRemote, recorder: Recorder
) -> None:
    order = await ordered(forge, await opened(forge))
    recorder.after_push.append(lambda _: _vanish(remote))

    with pytest.raises(OutcomeUnknown):
        await forge.merge(order)


async def test_a_merge_by_somebody_else_is_seen(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    merge = _merge_by_hand(remote, "main", "feature")
    remote.write("main", {"later": "x\n"}, "Go on")

    seen = await forge.change(change.id)

    assert (seen.state, seen.merge_commit, seen.head) == (ChangeState.MERGED, merge, change.head)


async def test_a_squash_by_somebody_else_is_seen(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    remote.write("main", {"other": "x\n"}, "Go on")
    squash = remote.write("main", {"hello": "hello\n"}, "Say hello (#1)")
    remote.write("main", {"later": "x\n"}, "Go on")

    seen = await forge.change(change.id)

    assert (seen.state, seen.merge_commit) == (ChangeState.MERGED, squash)


async def test_a_merged_change_stays_merged_without_its_branch(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    merged = await forge.merge(await ordered(forge, change, MergeMethod.SQUASH))
    remote.git("update-ref", "-d", "refs/heads/feature")

    seen = await forge.change(change.id)

    assert (seen.state, seen.merge_commit, seen.head) == (ChangeState.MERGED, merged.commit, change.head)


async def test_pushes_after_the_merge_do_not_move_the_merged_head(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    await forge.merge(await ordered(forge, change))
    remote.write("feature", {"late": "x\n"}, "Too late")

    assert (await forge.change(change.id)).head == change.head


async def test_a_merge_that_was_removed_from_the_base_is_a_merge_no_longer(
    forge: GitForge, remote: GitRemote
) -> None:
    change = await opened(forge)
    order = await ordered(forge, change)
    await forge.merge(order)
    _put(remote, order.base)

    assert (await forge.change(change.id)).state is ChangeState.OPEN
    assert await forge.merged(order) is None


async def test_a_branch_that_is_gone_unmerged_is_closed(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    remote.git("update-ref", "-d", "refs/heads/feature")

    seen = await forge.change(change.id)

    assert (seen.state, seen.head) == (ChangeState.CLOSED, change.head)


async def test_a_branch_that_its_author_rewrote_is_followed(forge: GitForge, remote: GitRemote) -> None:
    change = await opened(forge)
    remote.git("update-ref", "refs/heads/feature", remote.write("other", {"new": "x\n"}, "New", since="main"))

    assert (await forge.change(change.id)).head == remote.tip("other")


@pytest.mark.parametrize("count", [1, 12])
async def test_the_customary_method_comes_first(forge: GitForge, remote: GitRemote, count: int) -> None:
    for index in range(count):
        remote.write("main", {"file": str(index)}, f"Say {index}")
    assert (await forge.methods())[0] is (MergeMethod.MERGE if count == 1 else MergeMethod.SQUASH)

    _merge_by_hand(remote, "main", "feature")
    assert (await forge.methods())[0] is MergeMethod.MERGE


async def test_binary_large_and_linked_files_have_no_text(forge: GitForge, remote: GitRemote) -> None:
    remote.write("feature", {"binary": b"\0\1", "latin": b"\xe4", "large": "x" * 300_000}, "Add")
    remote.write("feature", {"link": "/etc/passwd"}, "Link", mode="120000")
    remote.write("feature", {"moved": "shop\n", "readme": None}, "Move")

    files = {file.path: file for file in await forge.files(await opened(forge))}

    assert {path for path, file in files.items() if file.text is None} == {"binary", "latin", "large", "link"}
    assert (files["moved"].status, files["moved"].text) == ("R", "shop\n")


async def test_what_is_unpacked_is_what_was_committed(
    forge: GitForge, remote: GitRemote, tmp_path: Path
) -> None:
    remote.write(
        "main",
        {".gitattributes": "secret export-ignore\n* text eol=crlf ident\n", "secret": "$Id$\n", "a/b": "x\n"},
        "Hide",
    )
    remote.write("main", {"run": "#!/bin/sh\n"}, "Run", mode="100755")
    remote.write("main", {"a/link": "../secret"}, "Link", mode="120000")

    await forge.checkout(await forge.version("main"), tmp_path / "out")

    assert (tmp_path / "out/a/link").read_bytes() == b"$Id$\n"
    assert (tmp_path / "out/run").stat().st_mode & 0o111
    assert not (tmp_path / "out/.git").exists()


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "a/../../x", "a/../readme", "../../../etc/passwd"])
async def test_a_link_that_could_lead_out_is_not_unpacked(
    forge: GitForge, remote: GitRemote, tmp_path: Path, target: str
) -> None:
    remote.write("main", {"link": target}, "Link", mode="120000")

    with pytest.raises(BuildFailed, match="could lead out"):
        await forge.checkout(await forge.version("main"), tmp_path / "out")


async def test_only_an_empty_folder_is_filled(forge: GitForge, tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="not empty"):
        await forge.checkout(await forge.version("main"), tmp_path)


async def test_a_tag_gives_a_version_its_name(forge: GitForge, remote: GitRemote) -> None:
    remote.tag("v1.0", remote.tip("main"))

    assert (await forge.version("v1.0")).name == "v1.0"
    assert (await forge.version(remote.tip("main"))).name == "v1.0"


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


async def test_a_revert_is_found_again_when_its_record_was_lost(remote: GitRemote, tmp_path: Path) -> None:
    bad = remote.write("main", {"bad": "x\n"}, "Break it")
    first = GitForge(Git(str(remote.folder), tmp_path / "one"), MemoryChanges())
    second = GitForge(Git(str(remote.folder), tmp_path / "two"), MemoryChanges())

    before = await first.revert(bad, "it broke", "revert:1")
    after = await second.revert(bad, "it broke", "revert:1")

    assert (after.branch, after.head) == (before.branch, before.head)
    assert after.title == 'Revert "Break it"'


async def test_two_processes_that_merge_at_once_lose_nothing(remote: GitRemote, tmp_path: Path) -> None:
    for name in ("one", "two"):
        for index in range(3):
            remote.write(f"{name}-{index}", {f"{name}-{index}": "x\n"}, f"Add {name} {index}", since="main")

    both = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MERGER, str(remote.folder), str(tmp_path / name), name, cwd=Path.cwd()
        )
        for name in ("one", "two")
    ]

    assert [await process.wait() for process in both] == [0, 0]
    files = remote.git("ls-tree", "--name-only", "main").splitlines()
    assert set(files) >= {f"{name}-{index}" for name in ("one", "two") for index in range(3)}
    assert len(remote.git("log", "--first-parent", "--format=%H", "main").splitlines()) == 7


MERGER = """
import asyncio, sys
from pathlib import Path
from orchestrate.errors import HeadMoved
from orchestrate.models.change import MergeMethod, MergeOrder, NewChange
from tools.memory_forge import MemoryChanges
from tools.systems.git import Git
from tools.systems.git_forge import GitForge

async def merge(forge, branch):
    change = await forge.open(NewChange(title=branch, author="ada", branch=branch, base="main"))
    while True:
        seen = await forge.preview(change, MergeMethod.MERGE)
        try:
            return await forge.merge(MergeOrder(change=change.id, method=MergeMethod.MERGE, head=seen.head,
                                                base=seen.base, tree=seen.tree, message=branch))
        except HeadMoved:
            pass

async def main(remote, mirror, name):
    forge = GitForge(Git(remote, Path(mirror)), MemoryChanges())
    for index in range(3):
        await merge(forge, f"{name}-{index}")

asyncio.run(main(*sys.argv[1:]))
"""


def _write(remote: GitRemote, branch: str) -> None:
    remote.write(branch, {"between": "x\n"}, "Push between")


def _put(remote: GitRemote, commit: str) -> None:
    remote.git("update-ref", "refs/heads/main", commit)


def _vanish(remote: GitRemote) -> None:
    remote.folder.rename(remote.folder.with_suffix(".gone"))


def _lose(argv: Sequence[str]) -> None:
    raise CommandFailed(argv, None, "the connection broke")


def _merge_by_hand(remote: GitRemote, base: str, head: str) -> str:
    tree = remote.git("merge-tree", "--write-tree", base, head)
    parents = ("-p", remote.tip(base), "-p", remote.tip(head))
    commit = remote.git("commit-tree", tree, *parents, stdin="Merge by hand")
    remote.git("update-ref", f"refs/heads/{base}", commit)
    return commit
