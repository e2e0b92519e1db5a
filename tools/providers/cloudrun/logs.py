"""Logs: what the instances of a revision wrote, as Cloud Logging (logging.googleapis.com, v2) keeps it."""

from __future__ import annotations

import json

from orchestrate.errors import Unreachable
from orchestrate.models.environment import Component
from tools.providers.cloudrun.answers import Revision, short
from tools.providers.cloudrun.objects import cloudrun_of, service_name
from tools.systems.web_api import Answered, Json, WebApi

MOST = 1000  # entries that are asked for at once
PAGES = 10  # that are asked for: one without entries says that Google did not look everywhere yet
REQUESTS, AUDITS = "run.googleapis.com/requests", "cloudaudit.googleapis.com"
"""Logs of a revision that no instance wrote."""


class Entry(Answered):
    """One entry of a log: a text, or what the program said as an object."""

    text_payload: str = ""
    json_payload: Json = {}

    @property
    def lines(self) -> list[str]:
        said = self.json_payload.get("message")
        told = said if isinstance(said, str) else json.dumps(self.json_payload, ensure_ascii=False)
        return (self.text_payload or (told if self.json_payload else "")).splitlines()


class Entries(Answered):
    """Some of the entries, in the order that was asked for."""

    entries: tuple[Entry, ...] = ()
    next_page_token: str = ""


async def newest(api: WebApi, component: Component, revision: Revision, lines: int) -> tuple[str, ...]:
    """The newest lines of a revision, oldest first. Raises Unreachable, and as WebApi.read."""
    what = f"the log of {short(revision.name)}"
    ask: Json = {
        "resourceNames": [f"projects/{cloudrun_of(component).project}"],
        "filter": _filter(component, revision),
        "orderBy": "timestamp desc",
        "pageSize": min(lines, MOST),
    }
    found: list[str] = []
    for _ in range(PAGES):
        told = await api.read(Entries, "/v2/entries:list", what, body=ask)
        found += [line for entry in told.entries for line in reversed(entry.lines)]
        if len(found) >= lines or not told.next_page_token:
            return tuple(reversed(found[:lines]))
        ask = {**ask, "pageToken": told.next_page_token}
    if not found:
        raise Unreachable(f"Cloud Logging did not come to the end of {what}, and found nothing so far")
    return tuple(reversed(found))


def _filter(component: Component, revision: Revision) -> str:
    """Entries of the revision alone, since it was made, without requests and audits."""
    labels = {
        "service_name": service_name(component),
        "revision_name": short(revision.name),
        "location": cloudrun_of(component).region,
    }
    return " AND ".join(
        [
            'resource.type="cloud_run_revision"',
            *(f"resource.labels.{name}={json.dumps(value)}" for name, value in labels.items()),
            *([f"timestamp>={json.dumps(revision.create_time)}"] if revision.create_time else []),
            f'NOT log_id("{REQUESTS}")',
            f'NOT logName:"{AUDITS}"',
        ]
    )
