"""What `br` does when it is called, as far as that is published: it takes the options it has, and no other.

Its answers: an object with `issues` for a list, an array for `show`, comments with numbers for ids, errors as
one object on the other output. Whatever is not known of it is refused here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from orchestrate.models.task import Queue
from tests.servers.bd.workspace import STATUSES, PeopledBeads
from tools.commands import Output
from tools.systems.beads_br import Br, BrTracker
from tools.tasks import BOT

Json = dict[str, object]
OPTIONS: Mapping[str, frozenset[str]] = {
    "version": frozenset(),
    "list": frozenset({"all", "limit", "status", "label"}),
    "show": frozenset(),
    "create": frozenset({"title", "type", "priority", "labels", "description"}),
    "update": frozenset({"status", "add-label", "remove-label"}),
    "close": frozenset({"reason"}),
    "comments": frozenset({"author", "file"}),
    "dep": frozenset(),
}
VERSION = {"version": "0.5.10", "build": "release", "commit": "0a1b2c", "rust_version": "1.90"}


class No(Exception):
    """What br refuses, with the code of its error."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass
class BrProgram:
    """A Runner that plays br in one workspace."""

    said: Json = field(default_factory=lambda: dict(VERSION))
    issues: dict[str, Json] = field(default_factory=dict[str, Json])
    calls: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self._ids, self._comments, self._now = count(1), count(1), datetime.now(UTC)

    async def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,  # noqa: ARG002 - the words of a Runner
        env: Mapping[str, str] | None = None,  # noqa: ARG002
        timeout: float = 60.0,  # noqa: ARG002
        cap: int = 1_048_576,  # noqa: ARG002
        stdin: bytes | None = None,
    ) -> Output:
        program, actor, who, as_json, verb, *words = argv
        assert (program, actor, as_json) == ("br", "--actor", "--json")
        self.calls.append(verb)
        options, given = _taken(verb, words)
        try:
            answer = _DO[verb](self, given, {**options, "actor": who, "stdin": (stdin or b"").decode()})
        except No as no:
            error: Json = {"code": no.code, "message": str(no), "hint": None, "retryable": False}
            return Output(tuple(argv), 3, b"", json.dumps({"error": error}).encode())
        return Output(tuple(argv), 0, json.dumps(answer).encode(), b"")

    def version(self, given: Sequence[str], options: Mapping[str, str]) -> object:  # noqa: ARG002
        return self.said

    def list(self, given: Sequence[str], options: Mapping[str, str]) -> object:  # noqa: ARG002
        found = [
            {**_without(one, "dependencies", "comments"), "dependency_count": 0, "source_repo": "."}
            for one in self.issues.values()
            if "all" in options or one["status"] != "closed"
        ]
        limit = int(options.get("limit", "50")) or len(found)
        part = found[:limit]
        return {"issues": part, "total": len(found), "limit": limit, "has_more": len(part) < len(found)}

    def show(self, given: Sequence[str], options: Mapping[str, str]) -> object:  # noqa: ARG002
        return [self._shown(self._of(id)) for id in given]

    def create(self, given: Sequence[str], options: Mapping[str, str]) -> object:  # noqa: ARG002
        id, at = f"t-{next(self._ids)}", self._at()
        self.issues[id] = {
            "id": id, "title": options["title"], "description": options.get("description", ""),
            "status": "open", "priority": int(options["priority"]), "issue_type": options["type"],
            "created_at": at, "updated_at": at, "created_by": options["actor"],
            "labels": [one for one in options.get("labels", "").split(",") if one],
            "dependencies": [], "comments": [], "compaction_level": 0, "original_size": 0,
        }  # fmt: skip
        return _without(self.issues[id], "dependencies", "comments")

    def update(self, given: Sequence[str], options: Mapping[str, str]) -> object:
        (issue,) = [self._of(id) for id in given]
        labels: list[str] = issue["labels"]  # pyright: ignore[reportAssignmentType]
        added, removed = options.get("add-label", "").split("\n"), options.get("remove-label", "").split("\n")
        issue["labels"] = [*(one for one in labels if one not in removed), *(one for one in added if one)]
        if status := options.get("status"):
            issue |= {"status": status} | ({"close_reason": ""} if status != "closed" else {})
        return [_without(issue, "dependencies", "comments")]

    def close(self, given: Sequence[str], options: Mapping[str, str]) -> object:
        (issue,) = [self._of(id) for id in given]
        issue |= {"status": "closed", "close_reason": options["reason"], "closed_at": self._at()}
        return [_without(issue, "dependencies", "comments")]

    def comments(self, given: Sequence[str], options: Mapping[str, str]) -> object:
        if given[0] != "add":
            return self._of(given[0])["comments"]
        issue = self._of(given[1])
        assert options["file"] == "/dev/stdin" and len(given) == 2
        said = {
            "id": next(self._comments), "issue_id": issue["id"], "author": options["author"],
            "text": options["stdin"].replace("\0", ""), "created_at": self._at(),
        }  # fmt: skip
        issue["comments"].append(said)  # pyright: ignore
        return said

    def dep(self, given: Sequence[str], options: Mapping[str, str]) -> object:  # noqa: ARG002
        verb, id, on = given
        edges: list[Json] = self._of(id)["dependencies"]  # pyright: ignore[reportAssignmentType]
        self._of(on)
        if verb == "remove":
            edges[:] = [one for one in edges if one["id"] != on]
        elif all(one["id"] != on for one in edges):
            edges.append({"id": on, "dep_type": "blocks"})
        return {"status": verb, "issue_id": id, "depends_on_id": on, "type": "blocks"}

    def _of(self, id: str) -> Json:
        if id not in self.issues:
            raise No("ISSUE_NOT_FOUND", f"Issue not found: {id}")
        return self.issues[id]

    def _shown(self, issue: Json) -> Json:
        waiting = [
            {"id": one["id"], "dep_type": "blocks"}
            for one in self.issues.values()
            if any(edge["id"] == issue["id"] for edge in one["dependencies"])  # pyright: ignore
        ]
        return {**issue, "dependents": waiting}

    def _at(self) -> str:
        self._now += timedelta(milliseconds=10)
        return self._now.isoformat().replace("+00:00", "789Z")  # to the nanosecond


_DO: Mapping[str, Callable[[BrProgram, Sequence[str], Mapping[str, str]], object]] = {
    "version": BrProgram.version, "list": BrProgram.list, "show": BrProgram.show,
    "create": BrProgram.create, "update": BrProgram.update, "close": BrProgram.close,
    "comments": BrProgram.comments, "dep": BrProgram.dep,
}  # fmt: skip


def _taken(verb: str, words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The options, each of which br has, and what else there is; a label may be named several times."""
    options, given = dict[str, str](), list[str]()
    for word in words:
        if not word.startswith("--"):
            given.append(word)
            continue
        name, _, value = word.removeprefix("--").partition("=")
        assert name in OPTIONS[verb], f"br {verb} has no option --{name}"
        options[name] = f"{options[name]}\n{value}" if name in options else value
    return options, given


def _without(issue: Json, *names: str) -> Json:
    return {key: value for key, value in issue.items() if key not in names}


class PeopledBr(PeopledBeads, BrTracker):
    """Our tracker on br, with people who write there."""


def tracker(program: BrProgram, *, bot: str = BOT, queues: Mapping[Queue, str] | None = None) -> PeopledBr:
    """Our tracker on a workspace of br, which looks whenever it is asked."""
    beads = Br(Path(), bot, "br", run=program)
    return PeopledBr(
        beads=beads,
        statuses=STATUSES,
        bot=bot,
        queues=queues or {},
        look_seconds=0.0,
    )
