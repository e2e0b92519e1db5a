"""Attacks on whoever reads a stranger's repository: nothing in it, and nothing in its name, is ever run."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from orchestrate.errors import OrchestrateError, OutsideFailed, UnknownVersion
from orchestrate.models.change import NewChange
from tests.servers.git_http import serving
from tests.servers.git_remote import GitRemote
from tools.memory_forge import MemoryChanges
from tools.systems.git import Git
from tools.systems.git_forge import GitForge
from tools.systems.git_names import is_branch_like, transport


@pytest.fixture
def remote(tmp_path: Path) -> GitRemote:
    remote = GitRemote(tmp_path / "shop.git")
    remote.write("main", {"readme": "shop\n"}, "Begin")
    return remote


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Exists as soon as anything hostile was run."""
    return tmp_path / "ran"


def script(path: Path, ran: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    path.chmod(0o755)


async def worked(remote: str, mirror: Path, into: Path) -> None:
    """Everything that is done with a repository but pushing: fetch, name, compare, unpack."""
    forge = GitForge(Git(remote, mirror), MemoryChanges())
    version = await forge.version("main")
    await forge.log(None, version.commit)
    await forge.checkout(version, into)


HOSTILE_REFS = [
    "`id`", "$(id)", "${IFS}x", "a;id", "a\nb", "a\0b", "-x", "--upload-pack=id", "--output=/tmp/x",
    "a b", "a|b", "a&b", "a>b", "a'b", 'a"b', "a\\b", "a*b", "a?b", "a[b", "a~1", "a^", "a:b", "@{-1}",
    "a..b", ".a", "a.lock", "", "/", "a//b", "a\u202eb", "a\u200bb", "a\tb", "a\rb", "\x1b[2J", "!x",
    "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_REFS)
async def test_hostile_names_of_branches_are_refused(remote: GitRemote, tmp_path: Path, name: str) -> None:
    forge = GitForge(Git(str(remote.folder), tmp_path / "mirror"), MemoryChanges())

    with pytest.raises((UnknownVersion, OutsideFailed)):
        await forge.open(NewChange(branch=name, base="main", title="x", author="x"))
    with pytest.raises((UnknownVersion, OutsideFailed)):
        await forge.version(name)


@pytest.mark.parametrize(
    "name", ["main", "feature/ü-1", "v1.2.3", "fix(core)/a", "user@host", "a#1", "a+b=c,d"]
)
def test_names_that_people_give_are_taken(name: str) -> None:
    assert is_branch_like(name)


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c 'touch {ran}'", "fd::7", "EXT::x", "foo::bar", "--upload-pack=touch {ran}",
        "-oProxyCommand=x", "ftp://x/y", "rsync://x/y", "javascript://x", "https://x/\ny", "", "a\0b",
    ],
)  # fmt: skip
async def test_addresses_that_are_commands_are_refused(address: str, tmp_path: Path, ran: Path) -> None:
    git = Git(address.format(ran=ran), tmp_path / "mirror")

    with pytest.raises(OrchestrateError, match="not allowed"):
        await git.fetch()
    assert not ran.exists()


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://x.test/y.git", "https"),
        ("ssh://git@x.test/y.git", "ssh"),
        ("git@x.test:y/z.git", "ssh"),
        ("/srv/y.git", "file"),
        ("./y.git", "file"),
        ("/srv/a::b.git", "file"),
        ("http://127.0.0.1:8080/y.git", "http:https"),
    ],
)
def test_git_may_only_use_the_transport_of_the_address(address: str, allowed: str) -> None:
    assert transport(address) == allowed


async def test_a_server_cannot_lead_git_to_a_file_of_this_machine(
    remote: GitRemote, tmp_path: Path, ran: Path
) -> None:
    secret = GitRemote(tmp_path / "secret.git")
    secret.write("main", {"secret": "x\n"}, "Secret")
    modules = f'[submodule "x"]\n\tpath = x\n\turl = file://{secret.folder}\n\tupdate = !touch {ran}\n'
    remote.write("main", {".gitmodules": modules}, "Lead astray")
    with serving(tmp_path) as base:
        await worked(f"{base}/shop.git", tmp_path / "mirror", tmp_path / "into")

    assert not ran.exists() and not (tmp_path / "into/x").exists()
    assert "secret" not in "".join(str(one) for one in (tmp_path / "mirror").rglob("*"))


@pytest.mark.parametrize(
    "hook", ["post-checkout", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"]
)
async def test_no_hook_of_the_mirror_runs(remote: GitRemote, tmp_path: Path, ran: Path, hook: str) -> None:
    mirror = tmp_path / "mirror"
    await worked(str(remote.folder), mirror, tmp_path / "first")
    script(mirror / "hooks" / hook, ran)
    remote.write("main", {"more": "x\n"}, "Go on")

    await worked(str(remote.folder), mirror, tmp_path / "second")

    assert not ran.exists()


@pytest.mark.parametrize(
    "setting",
    [
        "[core]\n\tfsmonitor = {evil}\n", "[core]\n\thooksPath = {folder}\n", "[core]\n\tpager = {evil}\n",
        '[filter "x"]\n\tsmudge = {evil}\n\tclean = {evil}\n', "[diff]\n\texternal = {evil}\n",
        '[diff "x"]\n\ttextconv = {evil}\n', '[protocol "ext"]\n\tallow = always\n',
    ],
)  # fmt: skip
async def test_no_attribute_wakes_a_program(
    remote: GitRemote, tmp_path: Path, ran: Path, setting: str
) -> None:
    evil = tmp_path / "evil/post-checkout"
    script(evil, ran)
    attributes = "* filter=x diff=x merge=x export-subst ident\n"
    remote.write("main", {".gitattributes": attributes, "id": "$Id$ $Format:%H$\n"}, "Wake a program")
    mirror = tmp_path / "mirror"
    await worked(str(remote.folder), mirror, tmp_path / "first")
    with (mirror / "config").open("a") as config:
        config.write(setting.format(evil=evil, folder=evil.parent))

    await worked(str(remote.folder), mirror, tmp_path / "second")

    assert not ran.exists()
    assert (tmp_path / "second/id").read_text() == "$Id$ $Format:%H$\n"


async def test_no_helper_of_the_file_system_runs(remote: GitRemote, tmp_path: Path, ran: Path) -> None:
    mirror, into = tmp_path / "mirror", tmp_path / "into"
    await worked(str(remote.folder), mirror, into)
    script(tmp_path / "evil", ran)
    with (mirror / "config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = {tmp_path / 'evil'}\n")
    git = Git(str(remote.folder), mirror)
    await git.text("--work-tree", str(into), "read-tree", remote.tip("main"))

    await git.text("--work-tree", str(into), "status")

    assert not ran.exists()


async def test_git_asks_nobodys_settings(remote: GitRemote, tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = somebody\n")
    git = Git(str(remote.folder), tmp_path / "mirror")
    await git.fetch()

    said = await git.output("config", "--global", "--list", env={"HOME": str(tmp_path)})

    assert "somebody" not in said.text


async def test_git_inherits_no_variable_of_ours(
    remote: GitRemote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: Path
) -> None:
    script(tmp_path / "evil", ran)
    for name in (
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_SSH_COMMAND", "GIT_SSH",
        "GIT_PROXY_COMMAND", "GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR",
        "GIT_CONFIG_PARAMETERS", "GIT_OBJECT_DIRECTORY", "GITHUB_TOKEN",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_TRACE", "GIT_TEMPLATE_DIR",
        "GIT_ALLOW_PROTOCOL",
    ):  # fmt: skip
        monkeypatch.setenv(name, str(tmp_path / "evil"))
    told = tmp_path / "told"
    spy = tmp_path / "git"
    spy.write_text(
        f"#!{sys.executable} -I\nimport json, os, sys\n"
        f"open({str(told)!r}, 'a').write(json.dumps(dict(os.environ)) + '\\n')\n"
        f"os.execv({shutil.which('git')!r}, ['git', *sys.argv[1:]])\n"
    )
    spy.chmod(0o755)

    git = Git(str(remote.folder), tmp_path / "mirror", program=str(spy))
    await git.fetch()

    seen = [json.loads(line) for line in told.read_text().splitlines()]
    assert not ran.exists() and len(seen) > 2
    assert not [name for one in seen for name, value in one.items() if "evil" in value]
    known = (
        "GIT_CONFIG_", "GIT_TERMINAL_PROMPT", "GIT_ASKPASS", "GIT_ATTR_NOSYSTEM",
        "GIT_NO_REPLACE_OBJECTS", "GIT_OPTIONAL_LOCKS", "GIT_PROTOCOL_FROM_USER", "GIT_TEMPLATE_DIR",
        "GIT_ALLOW_PROTOCOL",
    )  # fmt: skip
    others = {name for one in seen for name in one if not name.startswith(known)}
    assert others <= {"PATH", "LC_ALL", "LANG", "HOME", "SSH_ASKPASS", "LC_CTYPE"}
