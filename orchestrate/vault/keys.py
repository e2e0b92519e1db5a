"""Keys: the master key that wraps data keys; it lies in a file, in a variable, or in a key service."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from orchestrate.errors import KeyUnusable, Refused
from orchestrate.models.secret import Secret
from orchestrate.vault.seal import KEY_BYTES, new_key, sealed, unsealed

VARIABLE = "ORCHESTRATE_MASTER_KEY"
_LARGEST = 64 * 1024  # bytes of a key file
_ELSEWHERE = f"name a file of your own under vault.key_file, or give the key in {VARIABLE}"
_MAKE_ONE = "one key is 32 random bytes in base64: openssl rand -base64 32"


class Keys(Protocol):
    """Wraps and unwraps data keys, and never gives the master key itself away: a key service fits too."""

    def ids(self) -> tuple[str, ...]:
        """The ids of the master keys that can unwrap; the first one wraps. Raises KeyUnusable."""
        ...

    def wrap(self, data_key: bytes, bound: bytes) -> tuple[str, bytes]:
        """The first key's id, and `data_key` wrapped by it for the place `bound`. Raises KeyUnusable."""
        ...

    def unwrap(self, id: str, wrapped: bytes, bound: bytes) -> bytes:
        """The data key. Raises KeyUnusable when there is no such master key, and SealBroken."""
        ...

    def renew(self) -> str:
        """Let a new master key wrap from now on, with the old ones kept; its id. Raises Refused."""
        ...

    def retire(self) -> None:
        """Forget all master keys but the first, where that is ours to do."""
        ...


class GivenKeys:
    """Keys that somebody else keeps and hands over, such as a variable of the process."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {key_id(key): key for key in keys}

    @classmethod
    def parsed(cls, text: str, source: str) -> GivenKeys:
        """Keys in base64, by commas or white space. Raises KeyUnusable, which does not show them."""
        return cls(_parsed(text, source))

    def ids(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def wrap(self, data_key: bytes, bound: bytes) -> tuple[str, bytes]:
        id = next(iter(self._keys))
        return id, sealed(self._keys[id], data_key, bound)

    def unwrap(self, id: str, wrapped: bytes, bound: bytes) -> bytes:
        if id not in self._keys:
            raise KeyUnusable(
                f"it is sealed under the master key {id}, and there is only {', '.join(self._keys)}",
                cure="bring back that key: the file of the host that sealed it, or its backup",
            )
        return unsealed(self._keys[id], wrapped, bound)

    def renew(self) -> str:
        raise Refused(
            f"the master key comes from {VARIABLE}, and is not ours to make",
            cure="put a new key and a comma before the old one there, on every host, and rotate again",
        )

    def retire(self) -> None:
        """Whoever hands the keys over takes the old ones back."""


class FileKeys:
    """Keys in a file of ours: one in base64 per line, the one that wraps first; made on first need."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def ids(self) -> tuple[str, ...]:
        return GivenKeys(self._read()).ids()

    def wrap(self, data_key: bytes, bound: bytes) -> tuple[str, bytes]:
        return GivenKeys(self._read()).wrap(data_key, bound)

    def unwrap(self, id: str, wrapped: bytes, bound: bytes) -> bytes:
        return GivenKeys(self._read()).unwrap(id, wrapped, bound)

    def renew(self) -> str:
        key = new_key()
        self._write([key, *self._read()])
        return key_id(key)

    def retire(self) -> None:
        keys = self._read()
        if len(keys) > 1:
            self._write(keys[:1])

    def _read(self) -> list[bytes]:
        """The keys; a file that is not there yet is made."""
        try:
            file = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            self._make()
            return self._read()
        except OSError as problem:
            raise KeyUnusable(f"{self._file} cannot be read: {problem.strerror}", cure=_ELSEWHERE) from None
        try:
            _check_private(self._file, os.fstat(file))
            text = os.read(file, _LARGEST).decode("ascii", "replace")
        finally:
            os.close(file)
        return _parsed(text, str(self._file))

    def _make(self) -> None:
        """A file with a new key; of two processes that make one, the first one's counts."""
        draft = self._drafted([new_key()])
        try:
            os.link(draft, self._file)
        except FileExistsError:
            pass
        except OSError as problem:
            raise _unwritable(self._file, problem) from None
        finally:
            draft.unlink(missing_ok=True)

    def _write(self, keys: Sequence[bytes]) -> None:
        try:
            self._drafted(keys).replace(self._file)
            _sync(self._file.parent)
        except OSError as problem:
            raise _unwritable(self._file, problem) from None

    def _drafted(self, keys: Sequence[bytes]) -> Path:
        draft = self._file.with_name(f".{self._file.name}.{os.getpid()}.{os.urandom(4).hex()}")
        text = "".join(f"{base64.b64encode(key).decode()}\n" for key in keys)
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, text.encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as problem:
            raise _unwritable(self._file, problem) from None
        return draft


def key_id(key: bytes) -> str:
    """What a master key is called: the beginning of its SHA-256."""
    return hashlib.sha256(b"orchestrate master key" + key).hexdigest()[:12]


def _parsed(text: str, source: str) -> list[bytes]:
    words = text.replace(",", " ").split()
    if not words:
        raise KeyUnusable(f"{source} holds no key", cure=_MAKE_ONE)
    try:
        keys = [base64.b64decode(Secret(word).reveal(), validate=True) for word in words]
    except (binascii.Error, ValueError):
        raise KeyUnusable(f"{source} is not base64", cure=_MAKE_ONE) from None
    if any(len(key) != KEY_BYTES for key in keys):
        raise KeyUnusable(f"{source}: a key has not {KEY_BYTES} bytes", cure=_MAKE_ONE)
    return keys


def _check_private(file: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeyUnusable(f"{file} is not a file")
    if found.st_uid not in (os.geteuid(), 0):
        raise KeyUnusable(f"{file} belongs to another user", cure="let the user that runs this own it")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        raise KeyUnusable(
            f"{file} can be read by others (mode {mode:04o})",
            cure=f"chmod 600 {file}, and then orchestrate secret rotate: the key may be known",
        )


def _unwritable(file: Path, problem: OSError) -> KeyUnusable:
    return KeyUnusable(
        f"{file} cannot be written: {problem.strerror}",
        cure=f"make its folder writable; {_ELSEWHERE}",
    )


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
