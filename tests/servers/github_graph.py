"""What the local GitHub answers by GraphQL: reviews, and the merge queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from tests.servers.github_routes import Call, Json, Refusal, said_of
from tests.servers.github_world import NAME, OWNER, GithubWorld, Pull

REMOVED = "REMOVED_FROM_MERGE_QUEUE_EVENT"


def queued(call: Call, number: int) -> Json | None:
    """The entry of a pull request in the merge queue."""
    waiting = call.world.queue or []
    if number not in waiting:
        return None
    values = {"id": f"MQE_{number}", "state": "QUEUED", "enqueuedAt": call.world.now()}
    return {**values, "position": waiting.index(number) + 1}


def graph(call: Call) -> Mapping[str, Json]:
    """What can be asked by GraphQL."""

    def pull_of(number: int) -> Json | None:
        return _graph_pull(call, call.world.pulls[number]) if number in call.world.pulls else None

    def repository_of(owner: str, name: str) -> Json | None:
        return {"pullRequest": pull_of} if (owner, name) == (OWNER, NAME) else None

    def enqueue(input: Json) -> Json:
        pull = call.world.pulls[int(str(input["pullRequestId"]).removeprefix("PR_"))]
        assert call.world.queue is not None
        if input.get("expectedHeadOid") not in (None, pull.head):
            raise Refusal(409, "The head of the pull request is another")
        call.world.queue.append(pull.number)
        return {"mergeQueueEntry": queued(call, pull.number)}

    def dequeue(input: Json) -> Json:
        number, waiting = int(str(input["id"]).removeprefix("PR_")), call.world.queue or []
        if number not in waiting:
            raise Refusal(422, "The pull request is not in the merge queue")
        left = queued(call, number)
        call.world.removed(number, "manual", call.login)
        return {"mergeQueueEntry": left}

    mutation: Json = {"enqueuePullRequest": enqueue, "dequeuePullRequest": dequeue}
    return {"query": {"repository": repository_of}, "mutation": mutation}


def _graph_pull(call: Call, pull: Pull) -> Json:
    def reviews(*, first: int, after: str | None = None, writersOnly: bool = False) -> Json:  # noqa: N803
        newest = _newest(call.world, pull.number, writersOnly)
        begin = int(after or 0)
        more = len(newest) > begin + first
        info = {"hasNextPage": more, "endCursor": str(begin + first) if more else None}
        return {"nodes": newest[begin : begin + first], "pageInfo": info}

    def timeline(*, last: int, itemTypes: list[str]) -> Json:  # noqa: N803
        told = said_of(call.world.removals, str(pull.number)) if itemTypes == [REMOVED] else []
        return {"nodes": [{"__typename": "RemovedFromMergeQueueEvent", **one} for one in told[-last:]]}

    return {
        "id": f"PR_{pull.number}",
        "timelineItems": timeline,
        "number": pull.number,
        "reviewDecision": _decision(call.world, pull.number),
        "mergeStateStatus": "CLEAN",
        "isInMergeQueue": pull.number in (call.world.queue or []),
        "isMergeQueueEnabled": call.world.queue is not None,
        "mergeQueueEntry": queued(call, pull.number),
        "latestOpinionatedReviews": reviews,
    }


def _newest(world: GithubWorld, number: int, writers_only: bool) -> list[Json]:
    latest = {
        str(one["by"]): one for one in said_of(world.reviews, str(number)) if one["state"] != "COMMENTED"
    }
    return [
        {
            "author": {"__typename": kind(by), "login": by.removesuffix("[bot]")},
            "authorCanPushToRepository": by in world.writers,
            "state": one["state"],
            "submittedAt": one["at"],
            "commit": {"oid": one["sha"]},
        }
        for by, one in latest.items()
        if by in world.writers or not writers_only
    ]


def kind(login: str) -> str:
    """What GraphQL calls an account."""
    return "Bot" if login.endswith("[bot]") else "User"


def _decision(world: GithubWorld, number: int) -> str | None:
    asked = [cast(Json, one["parameters"]) for one in world.rules if one["type"] == "pull_request"]
    states = [one["state"] for one in _newest(world, number, writers_only=True)]
    if "CHANGES_REQUESTED" in states:
        return "CHANGES_REQUESTED"
    wanted = max((cast(int, one["required_approving_review_count"]) for one in asked), default=0)
    is_enough = states.count("APPROVED") >= wanted and not any(
        one["require_code_owner_review"] and "cora" not in _approvers(world, number) for one in asked
    )
    return ("APPROVED" if is_enough else "REVIEW_REQUIRED") if asked else None


def _approvers(world: GithubWorld, number: int) -> set[str]:
    return {str(one["by"]) for one in said_of(world.reviews, str(number)) if one["state"] == "APPROVED"}
