"""Signing: people with SSH keys of their own, commits that they sign, and lists of whom is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.git_remote import GitRemote

KEYGEN = shutil.which("ssh-keygen")


class Signer:
    """Somebody with a new key."""

    def __init__(self, folder: Path, name: str) -> None:
        if KEYGEN is None:
            missing = "ssh-keygen is not installed"
            pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
        self.name, self.file = f"{name}@example.test", folder / f"{name}.key"
        self._keygen("-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.file))

    @property
    def public(self) -> str:
        """Type and text of the key, as lists of allowed signers have them."""
        return " ".join(self.file.with_suffix(".key.pub").read_text().split()[:2])

    @property
    def fingerprint(self) -> str:
        return self._keygen("-l", "-f", str(self.file)).split()[1]

    def sign(self, remote: GitRemote, branch: str) -> str:
        """Put a signed commit in the place of the last one of the branch."""
        return signed(remote, branch, "gpg.format=ssh", f"user.signingkey={self.file}")

    @staticmethod
    def _keygen(*words: str) -> str:
        argv = [KEYGEN or "", *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout


def signed(remote: GitRemote, branch: str, *settings: str) -> str:
    """The last commit of the branch once more, signed as these settings of git say."""
    said = [word for one in settings for word in ("-c", one)]
    parents = [
        word for parent in remote.git("show", "-s", "--format=%P", branch).split() for word in ("-p", parent)
    ]
    subject = remote.git("show", "-s", "--format=%s", branch)
    commit = remote.git(*said, "commit-tree", "-S", f"{branch}^{{tree}}", *parents, stdin=subject)
    remote.git("update-ref", f"refs/heads/{branch}", commit)
    return commit


def rewritten(remote: GitRemote, branch: str, old: str, new: str) -> str:
    """The last commit of the branch with other bytes in it, as nobody's git would write it."""
    text = remote.git("cat-file", "commit", branch) + "\n"
    assert old in text
    commit = remote.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=text.replace(old, new, 1))
    remote.git("update-ref", f"refs/heads/{branch}", commit)
    return commit


def allow(file: Path, *signers: Signer) -> Path:
    """A list of exactly these."""
    file.write_text("".join(f"{one.name} {one.public}\n" for one in signers))
    return file
