"""Condensed: a log in few words, the cause kept: each kind of line once, what names an error as it stood.

What the last good run wrote too is left out, unless nothing else is there. Lines are chosen by how much they
say about a cause, and told in the order of the log; `…` stands where something was left out.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from orchestrate.outside import redacted, visible
from orchestrate.traces import masked

MOST_TOKENS = 1500
BYTES_PER_TOKEN = 2.8
"""Fewer than logs have in any tokenizer that we know of."""

LONG, SMALLER = 400, 26
"""From how many lines on a log is made at least so many times smaller."""

WIDEST = 320
"""Characters of a line that are kept: its beginning and its end."""

LEAST_BYTES = 600

SEVERE = 2.0
"""From this score on a line names something that went wrong."""

STRONGEST = 4.0

OTHERS = 3
"""At most one third of what is told may be lines that do not."""

_STRONG = re.compile(
    r"\b[\w.$]*(?:Error|Exception|Panic|Fault)\b(?::|\b.*:)|\berror(?:\[\w+\])?:|^\s*E\s{2,}\S|\bERROR\b|\bERR!"
    r"|\bFATAL\b|\bCRITICAL\b|\[(?:ALERT|EMERG|CRIT)\]|\bpanic\b|\bnpm error\b|\bCONFLICT\b"
    r"|level=(?:error|fatal)|^[×✗]|undefined reference|\bAborted\b|core dumped|Segmentation|OOM|out of memory"
    r"|\b(?:does|did) not exist\b|\bno such\b|\bnot found\b|\bpermission denied\b|\brefused\b|\bunable to\b"
    r"|\bcannot\b|\bcould(?: not|n't)\b|\bis DOWN\b|\bno server available\b|\bcaused by\b"
    r"|\bE\d{4}\b \d\d:",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\b(?:fail(?:ed|ure|ing)?|error|invalid|unexpected|denied|missing|timed? ?out|killed|abort\w*|reset"
    r"|rejected|lost|mismatch|unknown|undefined|unrecognized|severe|exit(?:ed)? (?:code|status) [1-9])\b",
    re.IGNORECASE,
)
_WARNING = re.compile(r"\bwarn(?:ing)?\b|\[WARNING\]|^\s*W\d{4}\b|\bdeprecated\b", re.IGNORECASE)
_ECHO = re.compile(
    r"^make(?:\[\d+\])?: |^collect2: |complete log|^note:|^hint:|\bsee above\b|exiting\b.*previous|--- FAIL:"
    r"|^FAIL\b|^\(Background on|\bdid you (?:mean|specify)\b|\bfor more information\b|^\s*at |^\s*File \""
    r"|\berrno\b|\bsyscall\b|previous errors?\b|\bnot remade because|\b(?:0|no) errors?\b|recoverable"
    r"|\bstopped\b",
    re.IGNORECASE,
)
_FRAME = re.compile(r"^\s+(?:at |File \")|^\s+raise |^\s*[~^]+\s*$|^goroutine |^\s*\.{3} \d+ more")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_STAMP = re.compile(r"^\S*\d\d:\d\d:\d\d\S*\s+|^ts=\S+\s+")


@dataclass(frozen=True)
class Kind:
    """Lines that differ in numbers, times and names alone."""

    at: int  # the first of them
    text: str
    count: int
    score: float
    family: str  # the kinds that begin like it, severe ones and others apart
    is_new: bool  # the last good run has none


def tokens(text: str) -> int:
    """About how many tokens a text has, never too few."""
    return int(len(text.encode()) / BYTES_PER_TOKEN) + 1


def condensed(lines: Sequence[str], before: Sequence[str] = (), most: int = MOST_TOKENS) -> str:
    """`lines` in at most `most` tokens; `before` is what the last good run wrote."""
    clean = [_cleaned(line) for line in lines]
    size = sum(len(line.encode()) + 1 for line in clean)
    room = int(most * BYTES_PER_TOKEN) - 16
    if len(clean) > LONG:
        room = min(room, max(LEAST_BYTES, size // SMALLER))
    elif size <= room:
        return redacted("\n".join(clean))
    kinds = _kinds(clean, {masked(_cleaned(line)) for line in before})
    chosen = _chosen(kinds, room)
    return redacted("\n".join(_told(chosen, clean)))


def _cleaned(line: str) -> str:
    """Without colours, without what a progress bar wrote over, and no wider than it is useful."""
    line = visible(_TERMINAL.sub("", line.rstrip("\r\n").rsplit("\r", 1)[-1])).rstrip()
    if len(line) <= WIDEST:
        return line
    half = WIDEST // 2 - 2
    return f"{line[:half]} … {line[-half:]}"


def _kinds(lines: Sequence[str], known: set[str]) -> list[Kind]:
    found: dict[str, Kind] = {}
    for at, line in enumerate(lines):
        mask = masked(line)
        if not mask or not re.search(r"\w", line):
            continue
        if mask in found:
            found[mask] = replace(found[mask], count=found[mask].count + 1)
        else:
            score = _severity(line)
            family = f"{score >= SEVERE} {' '.join(_STAMP.sub('', mask).split()[:3])}"
            found[mask] = Kind(at, line, 1, score, family, mask not in known)
    return _weighed(list(found.values()), len(lines))


def _severity(line: str) -> float:
    """How much a line says about a cause, from what it says alone."""
    if _FRAME.match(line):
        return 0.2
    strong = _STRONG.search(line)
    score = STRONGEST if strong else SEVERE if _WEAK.search(line) else 0.0
    if strong and _WEAK.search(line, strong.end()):
        score += 0.8  # some programs write "error" before everything that they say
    if score and _ECHO.search(line):
        score -= 1.8
    if _WARNING.search(line) and not re.search(r"\berror\b|\bDOWN\b", line, re.IGNORECASE):
        score = min(score, 1.0)
    return score


def _weighed(kinds: list[Kind], length: int) -> list[Kind]:
    """New kinds weigh more, frequent ones less, and each further one of a family less than the one before."""
    severe = [kind.at for kind in kinds if kind.score > SEVERE]
    first = severe[0] if severe else length
    seen: Counter[str] = Counter()
    weighed: list[Kind] = []
    for kind in kinds:
        less = 0.4 * math.log2(1 + seen[kind.family])
        seen[kind.family] += 1
        weighed.append(replace(kind, score=kind.score + _extra(kind, first, length) - less))
    return weighed


def _extra(kind: Kind, first: int, length: int) -> float:
    extra = 1.0 if kind.is_new else -3.0
    extra -= min(1.0, kind.count / 50)
    if kind.score >= SEVERE:
        extra += 0.8 if kind.at == first else 0.0
        extra += 0.4 if kind.at > length - 15 else 0.0
    elif abs(kind.at - first) <= 3:
        extra += 1.0 - 0.2 * abs(kind.at - first)
    return extra


def _chosen(kinds: Sequence[Kind], room: int) -> list[Kind]:
    """The best that fit: first what names errors, with what stands beside it, then some of the rest."""
    taken: list[Kind] = []
    others = room // OTHERS
    for kind in _with_neighbours(sorted(kinds, key=lambda kind: (-kind.score, kind.at)), kinds):
        need, is_other = len(_line(kind).encode()) + 5, not kind.family.startswith("True")
        if need <= room and (not is_other or need <= others):
            room -= need
            others -= need if is_other else 0
            taken.append(kind)
    return sorted(taken, key=lambda kind: kind.at)


def _with_neighbours(best: Iterable[Kind], kinds: Sequence[Kind]) -> Iterator[Kind]:
    """Each kind once, the three best followed by what stood around them."""
    near: set[int] = set()
    by_place = {kind.at: kind for kind in kinds}
    for rank, kind in enumerate(best):
        if kind.at not in near:
            near.add(kind.at)
            yield kind
        if rank < 3 and kind.score >= 3:
            for at in (kind.at - 1, kind.at + 1, kind.at - 2, kind.at + 2):
                if at in by_place and at not in near:
                    near.add(at)
                    yield by_place[at]


def _told(chosen: Sequence[Kind], lines: Sequence[str]) -> Iterator[str]:
    after = 0
    for kind in chosen:
        if kind.at > after:
            yield "…"
        yield _line(kind)
        after = kind.at + 1
    if after < len(lines):
        yield "…"


def _line(kind: Kind) -> str:
    text = _STAMP.sub("", kind.text)
    return f"{kind.count}× {text}" if kind.count > 1 else text
