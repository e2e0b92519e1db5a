"""Learning: what was found out by deploying, and who works on which files meanwhile."""

from __future__ import annotations

from fnmatch import fnmatchcase

from orchestrate.models.fact import Fact


class Learning(Fact):
    """How one deployment went, in a sentence, and which files it was about."""

    key: str  # the same key is the same learning
    service: str
    environment: str
    was_good: bool
    text: str
    files: tuple[str, ...] = ()
    at: float  # epoch seconds


class Topic(Fact):
    """What somebody wants to know about."""

    service: str
    environment: str
    title: str = ""
    files: tuple[str, ...] = ()


class Reservation(Fact):
    """Files that are worked on."""

    holder: str  # id of the deployment
    service: str
    files: tuple[str, ...]
    reason: str
    until: float  # epoch seconds: then it is nobody's, whoever forgot it
    exclusive: bool = False  # of somebody who is no deployment, and wants to be alone


class Held(Fact):
    """A file of ours that somebody else works on too."""

    path: str
    by: str
    reason: str = ""
    until: float | None = None  # epoch seconds
    exclusive: bool = False  # by somebody who is no deployment of ours, and wants to be alone


class Reserved(Fact):
    """What came of a reservation: it stands, and what others hold stands beside it."""

    given: Reservation
    held: tuple[Held, ...] = ()


def covers(pattern: str, path: str) -> bool:
    """Whether the file is meant, as git's ignore files mean it: itself, a folder above it, or by its name."""
    said = pattern.strip().strip("/")
    names = (path, path.rpartition("/")[2]) if "/" not in said else (path,)
    return any(fnmatchcase(name, said) for name in names) or fnmatchcase(path, f"{said}/*")
