"""Traces: what a log says went wrong, the same whenever, wherever and with whichever ids it happens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from orchestrate.models.fact import Fact

TOP = 3
"""Frames that tell one defect from another."""

LONGEST = 120
"""Lines that one trace may have; what follows is not part of it."""

LINE_LENGTH = 2000
"""Characters of a line that are looked at."""


class Trace(Fact):
    """One exception as a log shows it."""

    exception: str  # its type
    message: str
    frames: tuple[str, ...]  # normalised, innermost first, the service's own where there are any
    text: str
    at: int  # index of its first line

    @property
    def identity(self) -> tuple[str, tuple[str, ...]]:
        return self.exception, self.frames


_MASKS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), mask)
    for pattern, mask in (
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"\b\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?", "<time>"),
        (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?", "<time>"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<uuid>"),
        (r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "<id>"),
        (r"\"(?:[^\"\\]|\\.){0,500}\"|(?<![A-Za-z0-9])'(?:[^'\\]|\\.){0,500}'", "<text>"),
        (r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b|\[[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*\](?::\d+)?", "<address>"),
        (r"\b[\w.-]{1,200}:\d+\b", "<address>"),
        (r"\b0x[0-9a-fA-F]+\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b", "<n>"),
        (r"\b(?!\d+[a-zA-Zµ]{1,3}\b)(?=\w*\d\w*\d\w*\d)(?=\w*[A-Za-z])\w{8,64}\b", "<n>"),
        (r"(?<![A-Za-z])[+-]?\d[\d_,]*(?:\.\d+)?(?:e[+-]?\d+)?", "<n>"),
    )
)


def masked(line: str) -> str:
    """The kind of `line`: the line without times, ids, addresses, numbers and quoted text."""
    line = line[:LINE_LENGTH].strip()
    for pattern, mask in _MASKS:
        line = pattern.sub(mask, line)
    return line


def new_kinds(lines: Sequence[str], before: Sequence[str]) -> Counter[str]:
    """The kinds of lines that `before` does not have, and how often each came."""
    known = {masked(line) for line in before}
    found = Counter(masked(line) for line in lines if line.strip())
    return Counter({kind: count for kind, count in found.items() if kind not in known})


def traces(lines: Sequence[str]) -> tuple[Trace, ...]:
    """Every stack trace of Python, Java, Node and Go in `lines`, in their order."""
    return tuple(_found(tuple(line[:LINE_LENGTH] for line in lines)))


def _found(lines: Sequence[str]) -> Iterator[Trace]:
    at = 0
    while at < len(lines):
        trace, end = _python(lines, at) or _go(lines, at) or _arrows(lines, at) or (None, at + 1)
        if trace is not None:
            yield trace
        at = end


_PYTHON_START = "Traceback (most recent call last):"
_PYTHON_FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line \d+(?:, in (?P<name>.+))?')
_PYTHON_END = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_PYTHON_CAUSE = "The above exception was the direct cause"
_PYTHON_NEXT = ("The above exception was the direct cause", "During handling of the above exception")

Parsed = tuple[Trace, int]


def _python(lines: Sequence[str], at: int) -> Parsed | None:
    """Python tells the innermost call last; of a chain, the direct cause is what counts."""
    if not lines[at].strip().startswith(_PYTHON_START):
        return None
    end, frames, kind, message = _python_block(lines, at)
    while (following := _chained(lines, end)) is not None:
        is_cause, start = following
        end, later, later_kind, later_message = _python_block(lines, start)
        if not is_cause:
            frames, kind, message = later, later_kind, later_message
    return _trace(lines, at, end, kind, message, frames[::-1]), end


def _python_block(lines: Sequence[str], at: int) -> tuple[int, list[str], str, str]:
    frames: list[str] = []
    for index in range(at + 1, min(at + LONGEST, len(lines))):
        line = lines[index]
        if frame := _PYTHON_FRAME.match(line):
            frames.append(f"{_place(frame['file'])}:{frame['name'] or ''}")
        elif not line.startswith((" ", "\t")) and (ending := _PYTHON_END.match(line.strip())):
            return index + 1, frames, ending["type"], ending["message"] or ""
        elif line and not line.startswith((" ", "\t")):
            return index, frames, "exception", ""
    return min(at + LONGEST, len(lines)), frames, "exception", ""


def _chained(lines: Sequence[str], end: int) -> tuple[bool, int] | None:
    """Whether the next trace was caused by this one, and where it starts."""
    follows = [index for index in range(end, min(end + 5, len(lines))) if lines[index].strip()][:2]
    if len(follows) < 2 or not lines[follows[0]].startswith(_PYTHON_NEXT):
        return None
    if not lines[follows[1]].strip().startswith(_PYTHON_START):
        return None
    return lines[follows[0]].startswith(_PYTHON_CAUSE), follows[1]


_GO_START = re.compile(r"^(?:panic|fatal error): (?P<message>.*)$")
_GO_FRAME = re.compile(r"^(?P<name>[\w./*()\[\]-]+)\((?:[^()]|\([^()]*\))*\)$")


def _go(lines: Sequence[str], at: int) -> Parsed | None:
    """Go tells the panic, then each goroutine; the first is the one that panicked."""
    start = _GO_START.match(lines[at].strip())
    window = lines[at + 1 : at + 6]
    if start is None or not any(line.startswith("goroutine ") for line in window):
        return None
    frames: list[str] = []
    index = at + 1
    while index < min(at + LONGEST, len(lines)) and not (frames and not lines[index].strip()):
        if frame := _GO_FRAME.match(lines[index].strip()):
            frames.append(frame["name"])
        index += 1
    own = [name for name in frames if not name.startswith(("runtime.", "panic"))]
    message = start["message"]
    return _trace(lines, at, index, f"panic: {masked(message)}", message, own or frames), index


_ARROW = re.compile(r"^\s+at (?:async )?(?P<where>.+)$")
_JAVA = re.compile(r"^(?:[\w.-]+/)*(?P<name>[\w.$<>]+)\([^)]*\)")
_NODE = re.compile(r"^(?:(?P<name>.+?) \()?(?P<file>[^()]+?):\d+:\d+\)?$")
_NAMED = re.compile(
    r"(?:^|[\s(])(?P<type>[\w.$]{0,200}(?:Error|Exception|Throwable))(?:: (?P<message>.*))?$", re.ASCII
)
_HEAD = re.compile(r"^\s*(?P<type>(?:[\w$]+\.)*[A-Z][\w$]*)(?:: (?P<message>.*))?$", re.ASCII)
_CAUSE = re.compile(r"^\s*(?:Caused by|\[cause\]): (?P<rest>.*)$")
_MORE = re.compile(r"^\s+\.\.\. \d+ (?:more|common frames omitted)|^\s*Suppressed: ")


def _arrows(lines: Sequence[str], at: int) -> Parsed | None:
    """Java and Node write `at …` under the exception; of a chain, the last cause is what counts."""
    if at + 1 >= len(lines) or _ARROW.match(lines[at]) or not _ARROW.match(lines[at + 1]):
        return None
    head = _named(lines[at])
    if head is None:
        return None
    kind, message, frames, index = head["type"], head["message"] or "", list[str](), at + 1
    while index < min(at + LONGEST, len(lines)):
        line = lines[index]
        if arrow := _ARROW.match(line):
            frames.append(_arrow(arrow["where"]))
        elif cause := _CAUSE.match(line):
            deeper = _named(cause["rest"])
            kind, message = (deeper["type"], deeper["message"] or "") if deeper else (kind, message)
            frames = []
        elif not _MORE.match(line):
            break
        index += 1
    return _trace(lines, at, index, kind, message, frames), index


def _named(line: str) -> re.Match[str] | None:
    return _NAMED.search(line) or _HEAD.match(line)


def _arrow(where: str) -> str:
    if java := _JAVA.match(where):
        return re.sub(r"\$\d+|\$\$Lambda.*|0x[0-9a-f]+", "", java["name"])
    if node := _NODE.match(where):
        return f"{_place(node['file'])}:{node['name'] or ''}"
    return masked(where)


_LIBRARY = re.compile(
    r"site-packages|dist-packages|lib/python\d|node_modules|^node:|<frozen|^(?:java|javax|jdk|sun|kotlin|scala)\."
    r"|^org\.(?:springframework|apache|junit|eclipse)\.|^io\.netty\.|^runtime[./]|^net/http\."
)


def _trace(lines: Sequence[str], at: int, end: int, kind: str, message: str, frames: Sequence[str]) -> Trace:
    own = [frame for frame in frames if not _LIBRARY.search(frame)]
    text = "\n".join(lines[at:end]).rstrip()
    return Trace(exception=kind, message=message, frames=tuple((own or frames)[:TOP]), text=text, at=at)


def _place(path: str) -> str:
    """The end of a file's path: releases live in folders of their own."""
    if _LIBRARY.search(path):
        return path
    return "/".join(masked(part) for part in path.replace("\\", "/").split("/")[-2:])
