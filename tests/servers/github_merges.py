"""How the local GitHub merges: with git, onto the real branch, and only onto what it saw."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping

from tests.servers.git_remote import GitRemote


class NotMerged(Exception):
    """Nothing was merged; the status and the words that GitHub answers with."""

    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(message)


def integrated(remote: GitRemote, base: str, head: str, method: str, message: str, by: str) -> str:
    """The new end of branch `base`. Raises NotMerged."""
    onto = remote.tip(base)
    made = _made(remote, onto, head, method, message, by)
    try:
        remote.git("update-ref", f"refs/heads/{base}", made, onto)
    except subprocess.CalledProcessError:
        raise NotMerged(405, "Base branch was modified. Review and try the merge again.") from None
    return made


def conflicts(remote: GitRemote, base: str, head: str) -> bool:
    """Whether `head` cannot be merged onto branch `base`."""
    return _tree(remote, remote.tip(base), head) is None


def _made(remote: GitRemote, onto: str, head: str, method: str, message: str, by: str) -> str:
    if method == "rebase":
        return _rebased(remote, onto, head, by)
    tree = _tree(remote, onto, head)
    if tree is None:
        raise NotMerged(405, "Pull Request is not mergeable")
    parents = [onto, head] if method == "merge" else [onto]
    words = [word for parent in parents for word in ("-p", parent)]
    return remote.git("commit-tree", tree, *words, stdin=message, env=_as(by))


def _tree(remote: GitRemote, onto: str, head: str) -> str | None:
    try:
        return remote.git("merge-tree", "--write-tree", onto, head)
    except subprocess.CalledProcessError:
        return None


def _rebased(remote: GitRemote, onto: str, head: str, by: str) -> str:
    """What git itself makes of it, in a work tree of its own."""
    with tempfile.TemporaryDirectory() as folder:
        where = f"--work-tree={folder}"
        admin = {"GIT_DIR": f"{folder}/.git", "GIT_ALTERNATE_OBJECT_DIRECTORIES": f"{remote.folder}/objects"}
        env = {**admin, "GIT_OBJECT_DIRECTORY": f"{remote.folder}/objects", **_as(by, "COMMITTER")}
        remote.git("init", "--quiet", folder, env=env)
        remote.git(where, "-C", folder, "checkout", "--quiet", "--detach", head, env=env)
        try:
            remote.git(where, "-C", folder, "rebase", "--quiet", "--force-rebase", onto, env=env)
        except subprocess.CalledProcessError:
            raise NotMerged(405, "This branch can't be rebased") from None
        return remote.git(where, "-C", folder, "rev-parse", "HEAD", env=env)


def _as(login: str, *roles: str) -> Mapping[str, str]:
    each = roles or ("AUTHOR", "COMMITTER")
    return {f"GIT_{role}_{key}": value for role in each for key, value in _names(login).items()}


def _names(login: str) -> Mapping[str, str]:
    return {"NAME": login, "EMAIL": f"{login}@users.noreply.github.com"}
