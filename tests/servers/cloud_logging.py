"""A Cloud Logging on loopback: entries of a project, and the part of its query language that is asked in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import cast

from tests.servers.openapi import Json
from tests.servers.vendor import Call, Refusal

CLAUSE = re.compile(r'(NOT )?(?:(log_id)\(|([\w.]+)(=|>=|:))("(?:[^"\\]|\\.)*")\)?')


@dataclass
class CloudLogging:
    """What was written in one project."""

    project: str
    written: list[Json] = field(default_factory=list[Json])
    empty_pages: int = 0  # before the search finds anything

    def write(self, at: str, labels: Json, payload: Json, log: str = "run.googleapis.com/stdout") -> None:
        """An entry of a revision."""
        name = f"projects/{self.project}/logs/{log.replace('/', '%2F')}"
        resource: Json = {"type": "cloud_run_revision", "labels": labels}
        number = f"{len(self.written):04}"
        self.written.append(
            {"logName": name, "resource": resource, "timestamp": at, "insertId": number, **payload}
        )

    def list(self, call: Call) -> Json:
        """A page of the entries that are asked for."""
        if call.body["resourceNames"] != [f"projects/{self.project}"]:
            raise Refusal(403, "The caller does not have permission", "PERMISSION_DENIED")
        clauses = str(call.body.get("filter", "")).split(" AND ")
        found = [one for one in self.written if all(_fits(one, clause) for clause in clauses)]
        found.sort(key=lambda one: (str(one["timestamp"]), str(one["insertId"])))
        if call.body.get("orderBy") == "timestamp desc":
            found.reverse()
        page, size = int(str(call.body.get("pageToken", "0"))), cast(int, call.body.get("pageSize", 50))
        if page < self.empty_pages:
            return {"nextPageToken": str(page + 1)}
        first = (page - self.empty_pages) * size
        more: Json = {"nextPageToken": str(page + 1)} if found[first + size :] else {}
        return {"entries": found[first : first + size], **more}


def _fits(entry: Json, clause: str) -> bool:
    match = CLAUSE.fullmatch(clause)
    if match is None:
        raise Refusal(400, f"Unparseable filter: {clause}", "INVALID_ARGUMENT")
    negated, log_id, place, operator, quoted = match.groups()
    wanted = str(json.loads(quoted))
    if log_id:
        return (str(entry["logName"]).rpartition("/")[2] == wanted.replace("/", "%2F")) is not bool(negated)
    found = _told(entry, str(place).split("."))
    is_so = {"=": found == wanted, ":": wanted in found, ">=": found >= wanted}[operator]
    return is_so is not bool(negated)


def _told(entry: Json, place: list[str]) -> str:
    first, *rest = place
    found = entry.get(first, "")
    return _told(cast(Json, found), rest) if rest else str(found)
