"""Git names: which remotes and branches are ever said to git, and over which transport."""

from __future__ import annotations

import re

from orchestrate.errors import Unreachable

_SCHEMES = {
    "https": "https",
    "http": "http:https",
    "ssh": "ssh",
    "git+ssh": "ssh",
    "git": "git",
    "file": "file",
}
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SSH = re.compile(r"(?:[^\s/:@-][^\s/:@]*@)?[^\s/:@-][^\s/:@]*:(?!:)")  # user@host:path, as scp writes it
_HELPER = re.compile(r"[a-z0-9+.-]*::", re.IGNORECASE)  # git would run git-remote-<name>
_UNSAFE = frozenset("`$;&|<>\"'\\*?[]!~^: ")
CURE = "name it by https://, ssh:// or a path"


def transport(remote: str) -> str:
    """The transports that git may use for `remote`, as GIT_ALLOW_PROTOCOL lists them.

    Raises Unreachable for what git would run as a program (`ext::…`), or read as an option.
    """
    if not remote or not remote.isprintable() or remote.startswith("-") or _HELPER.match(remote):
        raise Unreachable("the repository's address would be a command to git: not allowed", cure=CURE)
    url = _URL.match(remote)
    if url is None:
        return "ssh" if _SSH.match(remote) else "file"
    allowed = _SCHEMES.get(url[1].lower())
    if allowed is None:
        raise Unreachable(f"the repository's address starts with {url[1][:20]}://: not allowed", cure=CURE)
    return allowed


def is_branch_like(name: str) -> bool:
    """Whether nothing in `name` could be an option, an expression, or words to a shell."""
    return bool(name) and name.isprintable() and not name.startswith("-") and not _UNSAFE & set(name)
