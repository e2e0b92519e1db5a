from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import BuildFailed, Unreachable
from tests.servers.git_remote import GitRemote
from tests.tools.systems.git.story import opened
from tools.systems.git_forge import GitForge


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


async def test_what_the_mirror_has_is_known_while_nobody_answers(forge: GitForge, remote: GitRemote) -> None:
    version = await forge.version("main")
    remote.folder.rename(remote.folder.with_name("away"))

    with pytest.raises(Unreachable):
        await forge.version(version.commit)
    assert await forge.known(version.commit) == version
