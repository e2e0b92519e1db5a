"""A bare repository that plays the remote, written without a work tree."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

QUIET = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


class GitRemote:
    """Commits and branches on a bare repository, all of them by one author."""

    def __init__(self, folder: Path, author: str = "Ada") -> None:
        self.folder = folder
        self.author = author
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main", ".")
        self.git("config", "http.receivepack", "true")

    @property
    def _signature(self) -> dict[str, str]:
        roles = [f"GIT_{role}" for role in ("AUTHOR", "COMMITTER")]
        names = {f"{role}_NAME": self.author for role in roles}
        return names | {f"{role}_EMAIL": f"{self.author.lower()}@example.test" for role in roles}

    def git(self, *words: str, stdin: str | bytes = "", env: Mapping[str, str] | None = None) -> str:
        fed = stdin.encode() if isinstance(stdin, str) else stdin
        return (
            subprocess.run(
                ["git", *words],
                cwd=self.folder,
                input=fed,
                env={**QUIET, **self._signature, **(env or {})},
                capture_output=True,
                check=True,
            )
            .stdout.decode()
            .strip()
        )

    def write(
        self,
        branch: str,
        files: Mapping[str, str | bytes | None],
        subject: str,
        since: str = "",
        mode: str = "100644",
    ) -> str:
        """Commit `files` (None deletes) on `branch`, begun at branch `since` if it is new."""
        parent = self.tip(branch) or self.tip(since)
        index = {"GIT_INDEX_FILE": str(self.folder / "test-index")}
        self.git("read-tree", *([parent] if parent else ["--empty"]), env=index)
        staged = "".join(self._staged(path, text, mode) for path, text in files.items())
        self.git("update-index", "-z", "--index-info", stdin=staged, env=index)
        tree = self.git("write-tree", env=index)
        commit = self.git("commit-tree", tree, *(["-p", parent] if parent else []), stdin=subject)
        self.git("update-ref", f"refs/heads/{branch}", commit)
        return commit

    def tip(self, name: str) -> str:
        if not name:
            return ""
        return self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{name}")

    def tag(self, name: str, commit: str) -> None:
        self.git("update-ref", f"refs/tags/{name}", commit)

    def hook(self, name: str, script: str) -> None:
        file = self.folder / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def _staged(self, path: str, text: str | bytes | None, mode: str) -> str:
        if text is None:
            return f"0 {'0' * 40}\t{path}\0"
        return f"{mode} {self.git('hash-object', '-w', '--stdin', stdin=text)}\t{path}\0"
