"""Datadog, Sentry and Alertmanager on loopback: what is asked, and the answers, are as they say."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from tests.servers.answering import Heard, Reply, answering


def refusing(status: int, retry_after: str = "") -> Reply:
    return Reply(status, '{"errors": ["no"]}', headers={"retry-after": retry_after} if retry_after else {})


def read(heard: Heard) -> tuple[str, dict[str, str], dict[str, str]]:
    """The path, what is asked, and the headers."""
    parts = urlsplit(heard.path)
    asked = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
    return parts.path, asked, {name.lower(): value for name, value in heard.headers.items()}


@dataclass
class FakeDatadog:
    """Points by query; `refusal` is the answer to everything while it is set."""

    points: dict[str, list[float | None]] = field(default_factory=dict[str, list[float | None]])
    keys: tuple[str, str] = ("api", "application")
    refusal: Reply | None = None
    asked: list[str] = field(default_factory=list[str])
    url: str = ""

    def answer(self, heard: Heard) -> Reply:
        path, asked, given = read(heard)
        self.asked.append(asked.get("query", ""))
        if self.refusal is not None:
            return self.refusal
        if (given.get("dd-api-key"), given.get("dd-application-key")) != self.keys:
            return refusing(403)
        if heard.method != "GET" or path != "/api/v1/query" or set(asked) != {"from", "to", "query"}:
            return Reply(400, json.dumps({"errors": [f"not in the reference: {heard.method} {heard.path}"]}))
        start, end, query = int(asked["from"]), int(asked["to"]), asked["query"]
        if not start < end or "{" not in query:
            return Reply(400, '{"errors": ["from, to or query is none"]}')
        return Reply(body=json.dumps(self._told(query, start, end)))

    def _told(self, query: str, start: int, end: int) -> dict[str, object]:
        found = self.points.get(query)
        series = [
            {
                "scope": query.partition("{")[2].partition("}")[0],
                "pointlist": [[(start + 20 * n) * 1000.0, value] for n, value in enumerate(found)],
                "interval": 20,
                "length": len(found),
                "metric": query.partition(":")[2].partition("{")[0],
            }
        ] if found is not None else []  # fmt: skip
        times = {"from_date": start * 1000, "to_date": end * 1000}
        return {"status": "ok", "res_type": "time_series", "query": query, "series": series, **times}


@dataclass
class FakeSentry:
    """Issues of one organisation, with when each was seen first."""

    issues: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    token: str = "token"
    more: int = 0  # that are not on the page
    refusal: Reply | None = None
    asked: list[str] = field(default_factory=list[str])
    url: str = ""

    def answer(self, heard: Heard) -> Reply:
        path, asked, given = read(heard)
        self.asked.append(asked.get("query", ""))
        if self.refusal is not None:
            return self.refusal
        if given.get("authorization") != f"Bearer {self.token}":
            return Reply(401, '{"detail": "Invalid token"}')
        if heard.method != "GET" or path != "/api/0/organizations/acme/issues/":
            return Reply(404, '{"detail": "The requested resource does not exist"}')
        if not set(asked) <= {"query", "limit", "project"} or not 1 <= int(asked["limit"]) <= 100:
            return Reply(400, '{"detail": "not in the reference"}')
        if asked.get("project") != "-1":
            return Reply(body="[]", headers={"x-hits": "0"})  # as to whoever is in no team
        _, _, after = asked["query"].partition("firstSeen:>=")
        since = datetime.fromisoformat(f"{after}+00:00")
        new = {id: seen for id, seen in self.issues.items() if seen >= since}
        told = [
            {"id": id, "firstSeen": f"{seen:%Y-%m-%dT%H:%M:%SZ}", "count": "1"} for id, seen in new.items()
        ]
        return Reply(body=json.dumps(told[:100]), headers={"x-hits": str(len(new) + self.more)})


@dataclass
class FakeAlertmanager:
    """Alerts with their labels and beginnings; `silenced` ones are not shown to whoever leaves them out."""

    alerts: Mapping[str, tuple[Mapping[str, str], datetime]] = field(
        default_factory=dict[str, tuple[Mapping[str, str], datetime]]
    )
    silenced: tuple[str, ...] = ()
    token: str = ""
    refusal: Reply | None = None
    asked: list[list[str]] = field(default_factory=list[list[str]])
    url: str = ""

    def answer(self, heard: Heard) -> Reply:
        parts = urlsplit(heard.path)
        asked = parse_qs(parts.query, strict_parsing=True)
        self.asked.append(asked.get("filter", []))
        given = {name.lower(): value for name, value in heard.headers.items()}
        if self.refusal is not None:
            return self.refusal
        if self.token and given.get("authorization") != f"Bearer {self.token}":
            return Reply(401, "Unauthorized")
        known = {"active", "silenced", "inhibited", "unprocessed", "filter"}
        if heard.method != "GET" or parts.path != "/api/v2/alerts" or not set(asked) <= known:
            return Reply(404, '"not in the description"')
        matched = [MATCHER.fullmatch(one) for one in asked.get("filter", [])]
        if not all(matched):
            return Reply(400, '"bad matcher format"')
        wanted = [(one[1], one[2], one[3]) for one in matched if one]
        shows_silenced = asked.get("silenced", ["true"]) == ["true"]
        return Reply(body=json.dumps(self._told(wanted, shows_silenced=shows_silenced)))

    def _told(self, wanted: list[tuple[str, str, str]], *, shows_silenced: bool) -> list[object]:
        return [
            {
                "labels": labels,
                "annotations": {},
                "fingerprint": name,
                "startsAt": began.isoformat(),
                "updatedAt": began.isoformat(),
                "endsAt": began.isoformat(),
                "receivers": [{"name": "page"}],
                "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
            }
            for name, (labels, began) in self.alerts.items()
            if (shows_silenced or name not in self.silenced) and all(_fits(labels, *one) for one in wanted)
        ]


MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"(.*)"')


def _fits(labels: Mapping[str, str], name: str, sign: str, value: str) -> bool:
    own = labels.get(name, "")
    is_so = bool(re.fullmatch(value, own)) if sign.endswith("~") else own == value
    return is_so is not sign.startswith("!")


@contextmanager
def alertmanager() -> Generator[FakeAlertmanager]:
    made = FakeAlertmanager()
    with answering(made.answer) as address:
        made.url = f"http://{address}"
        yield made


@contextmanager
def datadog() -> Generator[FakeDatadog]:
    made = FakeDatadog()
    with answering(made.answer) as address:
        made.url = f"http://{address}"
        yield made


@contextmanager
def sentry() -> Generator[FakeSentry]:
    made = FakeSentry()
    with answering(made.answer) as address:
        made.url = f"http://{address}/api/0/organizations/acme"
        yield made
