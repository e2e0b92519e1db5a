"""Resolving: what a model may be shown of a conflict, and what it may answer; everything else is people's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from orchestrate.models.conflict import Conflict, ResolvedFile
from orchestrate.outside import clipped, redacted, visible

LIMIT = 24 * 1024
"""Bytes of conflicting texts that are shown together."""

MOST = 20
"""Files."""

_MARK = re.compile(r"^(?:<{7}|>{7}|\|{7}|={7})(?:\s|$)", re.MULTILINE)
_HUNK = re.compile(r"^<{7} [^\n]*\n.*?^>{7} [^\n]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
_RUNS = re.compile(
    r"(^|/)(\.git[^/]*|\.circleci|\.buildkite|\.woodpecker|\.ci)(/|$)"
    r"|(^|/)(\.travis\.ya?ml|\.drone\.ya?ml|\.woodpecker\.ya?ml|azure-pipelines\.ya?ml"
    r"|bitbucket-pipelines\.ya?ml|Jenkinsfile|orchestrate\.yaml)$",
    re.IGNORECASE,
)
"""Files that decide what runs as soon as a branch is pushed, or how git and we read the others."""


def shown(conflict: Conflict) -> str:
    """The conflicting files on one page, each after its path."""
    return "\n".join(f"--- {one.path}\n{one.text}" for one in conflict.files)


def unfit(conflict: Conflict) -> str:
    """Why no model is asked about this conflict, or ''."""
    if conflict.beyond:
        return f"{conflict.beyond}, which a person has to decide"
    if not 0 < len(conflict.files) <= MOST:
        return f"{len(conflict.files)} texts conflict, and between 1 and {MOST} can be shown"
    guarded = next((one.path for one in conflict.files if _RUNS.search(one.path)), None)
    if guarded is not None:
        return f"{guarded} decides what is run, and nobody but people writes there"
    page = shown(conflict)
    if len(page.encode()) > LIMIT or clipped(redacted(visible(page)), LIMIT) != page:
        return "the texts are too long to be shown whole, or hold what is never shown"
    if any(_MARK.search(clean) for one in conflict.files for clean in _clean(one.text)):
        return "lines that look like conflict marks belong to the text"
    return ""


def aligned(conflict: Conflict, files: Sequence[ResolvedFile]) -> tuple[ResolvedFile, ...]:
    """The texts with as many line breaks at the end as the files have: models add and drop them."""
    marked = {one.path: one.text for one in conflict.files}
    return tuple(
        one.model_copy(update={"text": _ended_as(marked[one.path], one.text)})
        if one.path in marked and one.text.strip()
        else one
        for one in files
    )


def _ended_as(marked: str, text: str) -> str:
    return text.rstrip("\n") + marked[len(marked.rstrip("\n")) :]


def objection(conflict: Conflict, files: Sequence[ResolvedFile]) -> str:
    """Why these texts are no resolution of the conflict, or ''.

    They are all of the conflicting files and nothing else; marks are gone, and whatever stood outside of the
    marks stands there as before.
    """
    wanted = {one.path: one.text for one in conflict.files}
    if not wanted or conflict.beyond:
        return "there is no conflict of texts"
    if strange := sorted({one.path for one in files} - wanted.keys()):
        return f"{strange[0]!r} is none of the files that conflict"
    if missing := sorted(wanted.keys() - {one.path for one in files}):
        return f"{missing[0]!r} is left unresolved"
    if len(files) != len(wanted):
        return "a file is given twice"
    return next(_misfits(wanted, files), "")


def _misfits(wanted: dict[str, str], files: Sequence[ResolvedFile]) -> Iterator[str]:
    for one in files:
        said = _misfit(one.text, wanted[one.path])
        if said:
            yield f"{one.path!r} {said}"


def _misfit(text: str, marked: str) -> str:
    if _MARK.search(text):
        return "still has conflict marks"
    if len(text.encode()) > 2 * len(marked.encode()) + 1024:
        return "is much longer than both sides together"
    if not _unseen(text) <= _unseen(marked):
        return "has characters that nobody sees"
    if not _keeps(text, _clean(marked)):
        return "changes lines that did not conflict"
    return ""


def _clean(marked: str) -> list[str]:
    """What stands before, between and after the conflicts."""
    return _HUNK.split(marked)


def _keeps(text: str, clean: Sequence[str]) -> bool:
    """Whether `text` is these parts, in this order, with anything between them."""
    first, *between, last = clean if len(clean) > 1 else (*clean, "")
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in between:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _unseen(text: str) -> set[str]:
    """Control and formatting characters, which may make a text look like another."""
    return {one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Co")} - set("\n\t\r\f")
