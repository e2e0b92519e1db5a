"""Signatures in git: SSH signatures of commits, verified by git and ssh-keygen."""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path

from orchestrate.models.change import Version
from orchestrate.models.signature import Signature, SignatureState
from tools.commands import Output, program
from tools.signatures import read_list
from tools.systems.git import Git, is_sha, sha
from tools.systems.git_history import History
from tools.systems.git_merges import Merges
from tools.systems.git_merges import Signature as Identity

KEYGEN = "ssh-keygen"

_HEADER = "gpgsig "
_SSH = "gpgsig -----BEGIN SSH SIGNATURE-----"
_KEY = r"with \S+ key (?P<key>SHA256:[A-Za-z0-9+/]+)"
_GOOD = re.compile(rf'^Good "git" signature for (?P<signer>\S.*) {_KEY}$', re.MULTILINE)
_OF_NOBODY = re.compile(rf'^Good "git" signature {_KEY}$', re.MULTILINE)
_BROKEN = re.compile(r"incorrect signature|Couldn't (?:parse|verify) signature")


class GitSignatures:
    """Verifies commits of a mirror; only SSH signatures count, so no keyring of this machine has a say."""

    def __init__(self, git: Git, *, base: str = "main", keygen: str = KEYGEN) -> None:
        self._git, self._base, self._keygen = git, base, keygen
        self._history = History(git)
        self._merges = Merges(git, self._history, Identity())

    async def of(self, version: Version, signers: Path) -> Signature:
        listed = read_list(signers)
        if await self._history.commit(sha(version.commit)) is None:
            await self._git.fetch()
        own = await self._held_against(version.commit, listed)
        head = None if own.is_good else await self._merged_by(version.commit)
        return await self._held_against(head, listed) if head else own

    async def _held_against(self, commit: str, listed: bytes) -> Signature:
        node = await self._history.node(commit)
        digest = hashlib.sha256(listed).hexdigest()
        found = Signature(commit=node.sha, state=SignatureState.UNSIGNED, signers=digest)
        header = await self._header(node.sha)
        if header is None:
            return found
        if header != _SSH:
            return found.model_copy(update={"state": SignatureState.OTHER_KIND})
        keygen = program(self._keygen)
        if keygen is None:
            return found.model_copy(update={"state": SignatureState.NO_PROGRAM})
        return _understood(found, await self._verified(node.sha, listed, keygen))

    async def _header(self, commit: str) -> str | None:
        """The line with which the commit's signature begins, or None."""
        headers, _, _ = (await self._git.text("cat-file", "commit", commit)).partition("\n\n")
        return next((line.rstrip() for line in headers.split("\n") if line.startswith(_HEADER)), None)

    async def _verified(self, commit: str, listed: bytes, keygen: str) -> Output:
        """What git says; it reads a copy of the list, so that the digest is that of what was used."""
        with tempfile.NamedTemporaryFile(prefix="signers-") as copy:
            copy.write(listed)
            copy.flush()
            return await self._git.output(
                "-c", "gpg.format=ssh",
                "-c", f"gpg.ssh.program={keygen}",
                "-c", f"gpg.ssh.allowedSignersFile={copy.name}",
                "-c", "gpg.openpgp.program=/dev/null",
                "-c", "gpg.x509.program=/dev/null",
                "verify-commit", "--raw", "--end-of-options", commit,
            )  # fmt: skip

    async def _merged_by(self, commit: str) -> str | None:
        """The head that `commit`, which stands on the base branch itself, merged without adding anything."""
        tip = await self._history.tip(self._base)
        if tip is None or not await self._history.contains(tip, commit):
            return None
        node = await self._history.arrival(commit, tip)
        head = node.head if is_sha(node.head) else node.parents[1] if len(node.parents) == 2 else None
        if node.sha != commit or not node.parents or head is None or await self._history.commit(head) is None:
            return None
        merge = await self._merges.tree(node.parents[0], head)
        return head if merge.sha == node.tree else None


def _understood(found: Signature, output: Output) -> Signature:
    """What git and ssh-keygen said, as one state; a good one has to be said, and to be the end as well."""
    said = f"{output.text}\n{output.stderr.decode(errors='replace')}".strip()
    good, of_nobody = _GOOD.search(said), _OF_NOBODY.search(said)
    if good and output.code == 0:
        known = {"state": SignatureState.GOOD, "signer": good["signer"], "key": good["key"]}
        return found.model_copy(update=known)
    if _BROKEN.search(said):
        return found.model_copy(update={"state": SignatureState.BAD})
    if of_nobody or _about(said):
        key = of_nobody["key"] if of_nobody else ""
        known = {"state": SignatureState.UNKNOWN_SIGNER, "key": key, "detail": _about(said)}
        return found.model_copy(update=known)
    detail = said.splitlines()[-1][:200] if said else f"git ended with {output.code}"
    return found.model_copy(update={"state": SignatureState.UNCLEAR, "detail": detail})


def _about(said: str) -> str:
    """What ssh-keygen says of a line of the list, such as that its time is over."""
    match = re.search(r"^\S*signers-\S+:(\d+): (.+)$", said, re.MULTILINE)
    return f"line {match[1]} of the list: {match[2][:200]}" if match else ""
