"""Complaints: why tasks of a version do not stay, in ECS's own words and with a cure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from orchestrate.errors import NoRoom, StartFailed
from tools.providers.ecs.shapes import Event, Task
from tools.systems.room import is_spent

CURES = (
    ("CannotPull", "see that the registry has the image, and that the execution role may pull it"),
    ("ResourceInitialization", "see the task's execution role, its secrets and its way to the network"),
    ("health checks", "check `health` and `port`, and that security groups let the load balancer in"),
    ("OutOfMemory", "give the task definition more memory"),
)
"""By what a reason holds; the first that fits counts."""

LONGEST = 800


def failed(
    name: str, why: str, stopped: Sequence[Task], events: Sequence[Event], end: Sequence[str]
) -> StartFailed:
    """The error of a service that did not get there: reasons of tasks, then events, then the end of a log."""
    reasons = Counter(one for one in map(reason, stopped) if one)
    told = [f"{said} ({times} times)" if times > 1 else said for said, times in reasons.most_common(3)]
    events_told = [one.message for one in events[:3] if one.message]
    sentence = "; ".join([*told, why] if why else told) or "its tasks did not become healthy"
    lines = "".join(f"\n  {line[:LONGEST]}" for line in [*events_told, *end])
    said, causes = f"{name}: {sentence[:LONGEST]}{lines}", " ".join([sentence, *events_told])
    cure = next((one for pattern, one in CURES if re.search(pattern, causes, re.IGNORECASE)), "")
    if not cure and is_spent(causes):
        return NoRoom(said, cure="give the cluster room, have the quota raised, or ask for fewer tasks")
    return StartFailed(said, cure=cure or "read what its tasks wrote, and why they stopped")


def reason(task: Task) -> str:
    """Why a task stopped; a program that ended by itself is a crash."""
    codes = [box.exit_code for box in task.containers if box.exit_code]
    details = [box.reason for box in task.containers if box.reason]
    if codes and "health check" not in task.stopped_reason:
        return " ".join([f"crash loop: ended with {codes[0]}", *details])
    return " ".join([task.stopped_reason, *details]).strip()
