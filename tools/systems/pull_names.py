"""Names of pull requests, as people write them: an address, owner/name#7, #7 or 7."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ADDRESS = re.compile(r"(https?://[^\s<>()\[\]\"']+?)/(?:pull|pulls|merge_requests)/(\d+)\b")
_NUMBER = re.compile(r"0*([1-9]\d{0,9})")
_BEHIND = re.compile(r"/?(?:(?:files|commits|checks|changes)(?:/[0-9a-f.]*)?)?/?(?:[?#]\S*)?")
_MOST = 2**31


def change_in(text: str, repository: str = "") -> str | None:
    """The change that an address in `text` names: its number where the address is of `repository`.

    An address of another repository is given whole: our forge knows no such change, and says so. Where
    `repository` is '', any address is one of ours.
    """
    found: Sequence[re.Match[str]] = list(_ADDRESS.finditer(text))
    ours = next((one for one in found if _is_of(one, repository)), None)
    if ours is not None:
        return ours[2]
    return found[0][0] if found else None


def number_of(name: str, repository: str, short: str) -> str | None:
    """The number that `name` means in `repository` (its address), which is `short` (owner/name) to people."""
    text = name.strip()
    for before in (f"{repository}/pull/", f"{short}#", "#", ""):
        if not text.casefold().startswith(before.casefold()):
            continue
        match = _NUMBER.match(text, len(before))
        rest = text[match.end() :] if match else ""
        is_whole = not rest or (before.startswith("http") and _BEHIND.fullmatch(rest) is not None)
        if match and text.isascii() and is_whole and int(match[1]) < _MOST:
            return match[1]
    return None


def _is_of(address: re.Match[str], repository: str) -> bool:
    return not repository or address[1].casefold() == repository.casefold()
