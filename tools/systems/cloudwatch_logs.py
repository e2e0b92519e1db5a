"""CloudWatch Logs: the end of what was written to streams of a group."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

from orchestrate.errors import ObjectMissing, OutsideFailed
from tools.systems.aws import Account, Json
from tools.systems.aws_calls import Call

MOST = 10_000  # events that are asked for at once
PAGES = 10  # of 50 streams, the newest first, in which some are looked for
STREAMS = 10  # the newest of them, that are read


async def newest(account: Account, group: str, streams: Iterable[str], lines: int) -> tuple[str, ...]:
    """The newest lines of all the streams together, oldest first. Raises as Account.ask."""
    said: list[tuple[int, str]] = []
    for stream in streams:
        told = await account.ask(
            Call.EVENTS, logGroupName=group, logStreamName=stream, limit=min(lines, MOST)
        )
        events = cast("list[Json]", told.get("events", []))
        said += [(int(cast("int", one["timestamp"])), str(one["message"])) for one in events]
    said.sort(key=lambda one: one[0])
    return tuple(line for _, message in said for line in message.splitlines())[-lines:]


async def streams_of(account: Account, group: str, named: re.Pattern[str], whose: str) -> tuple[str, ...]:
    """The newest streams of a group with such a name; none where nothing was written, which makes a group.

    Raises OutsideFailed where so many others were written to since that nobody can tell, and as Account.ask.
    """
    marker, found = Json(), list[str]()
    for _ in range(PAGES):
        try:
            told = await account.ask(
                Call.STREAMS, logGroupName=group, orderBy="LastEventTime", descending=True, **marker
            )
        except ObjectMissing:
            return ()
        names = [str(one["logStreamName"]) for one in cast("list[Json]", told.get("logStreams", []))]
        found += [name for name in names if named.fullmatch(name)]
        if len(found) >= STREAMS or not told.get("nextToken"):
            return tuple(found[:STREAMS])
        marker = Json(nextToken=told["nextToken"])
    if found:
        return tuple(found)
    said = f"none of the {PAGES * 50} streams of {group} that were written to last is of {whose}"
    raise OutsideFailed(said, cure="read it in CloudWatch Logs; a group for each function keeps them apart")
