"""Cuts GitHub's published descriptions down to what is used here; the cuts are kept beside this file.

npm pack @octokit/openapi @octokit/graphql-schema, unpack both, and run
python -m tests.servers.github_spec …/generated/api.github.com.json …/schema.graphql
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

Json = dict[str, object]

HERE = Path(__file__).parent
OPENAPI, GRAPHQL = HERE / "github_openapi.json", HERE / "github_schema.graphql"
_REPO = "/repos/{owner}/{repo}"
OPERATIONS = (
    ("get", "/app"),
    ("post", "/app/installations/{installation_id}/access_tokens"),
    ("get", "/user"),
    ("get", _REPO),
    ("get", f"{_REPO}/actions/jobs/{{job_id}}/logs"),
    ("get", f"{_REPO}/actions/runs"),
    ("get", f"{_REPO}/actions/runs/{{run_id}}/jobs"),
    ("get", f"{_REPO}/activity"),
    ("get", f"{_REPO}/branches/{{branch}}"),
    ("get", f"{_REPO}/code-scanning/alerts"),
    ("get", f"{_REPO}/code-scanning/analyses"),
    ("get", f"{_REPO}/commits/{{commit_sha}}/pulls"),
    ("get", f"{_REPO}/commits/{{ref}}/check-runs"),
    ("get", f"{_REPO}/commits/{{ref}}/status"),
    ("get", f"{_REPO}/deployments"),
    ("post", f"{_REPO}/deployments"),
    ("get", f"{_REPO}/deployments/{{deployment_id}}/statuses"),
    ("post", f"{_REPO}/deployments/{{deployment_id}}/statuses"),
    ("get", f"{_REPO}/git/commits/{{commit_sha}}"),
    ("get", f"{_REPO}/hooks"),
    ("get", f"{_REPO}/installation"),
    ("get", f"{_REPO}/issues/{{issue_number}}/comments"),
    ("post", f"{_REPO}/issues/{{issue_number}}/comments"),
    ("get", f"{_REPO}/issues/{{issue_number}}/events"),
    ("get", f"{_REPO}/pulls"),
    ("post", f"{_REPO}/pulls"),
    ("get", f"{_REPO}/pulls/{{pull_number}}"),
    ("put", f"{_REPO}/pulls/{{pull_number}}/merge"),
    ("get", f"{_REPO}/rules/branches/{{branch}}"),
)
TYPES = (
    "Query", "Mutation", "Repository", "PullRequest", "PullRequestReviewConnection", "PullRequestReview",
    "PullRequestReviewState", "PullRequestReviewDecision", "PageInfo", "Actor", "Commit", "MergeQueueEntry",
    "MergeQueueEntryState", "MergeStateStatus", "EnqueuePullRequestInput", "EnqueuePullRequestPayload",
    "DequeuePullRequestInput", "DequeuePullRequestPayload", "PullRequestTimelineItemsConnection",
    "PullRequestTimelineItemsItemType", "RemovedFromMergeQueueEvent",
)  # fmt: skip
FIELDS = {
    "Query": ("repository",),
    "Mutation": ("enqueuePullRequest", "dequeuePullRequest"),
    "Repository": ("pullRequest",),
    "PullRequest": (
        "id", "number", "reviewDecision", "mergeStateStatus", "isInMergeQueue", "isMergeQueueEnabled",
        "mergeQueueEntry", "latestOpinionatedReviews", "timelineItems",
    ),
    "PullRequestTimelineItemsConnection": ("nodes",),
    "RemovedFromMergeQueueEvent": ("actor", "createdAt", "reason"),
    "PullRequestReview": ("author", "authorCanPushToRepository", "commit", "state", "submittedAt"),
    "Actor": ("login",),
    "Commit": ("oid",),
    "MergeQueueEntry": ("enqueuedAt", "id", "position", "state"),
}  # fmt: skip
_NOISE = ("description", "example", "examples", "x-github", "externalDocs", "summary", "tags", "title")
_BLOCK = re.compile(r'^ *"""(?:.|\n)*?"""\n', re.MULTILINE)
_OLD = re.compile(r" @deprecated\(reason: .*\)")


def openapi(whole: Json) -> Json:
    """The operations above, with all that they refer to, without the prose."""
    paths: dict[str, Json] = {}
    for verb, path in OPERATIONS:
        operation = cast("dict[str, Json]", cast(Json, whole["paths"])[path])[verb]
        paths.setdefault(path, {})[verb] = _spare(operation, is_map=False)
    cut: Json = {"openapi": whole["openapi"], "info": _version(whole), "paths": paths, "components": {}}
    todo = sorted(set(_references(paths)))
    while todo:
        reference = todo.pop()
        holder, key = _place(cut, reference)
        if key not in holder:
            source, _ = _place(whole, reference)
            holder[key] = _spare(source[key], is_map=False)
            todo.extend(_references(holder[key]))
    return cut


def graphql(text: str) -> str:
    """The types above, with the fields that are used, without the prose."""
    plain = _OLD.sub("", _BLOCK.sub("", text))
    return "\n".join(_type(plain, name) for name in TYPES)


def _version(whole: Json) -> Json:
    info = cast(Json, whole["info"])
    return {"title": info["title"], "version": info["version"], "license": info["license"]}


def _spare(node: object, *, is_map: bool) -> object:
    """`node` without prose; in a map of names to schemas every key is a name."""
    if isinstance(node, list):
        return [_spare(one, is_map=False) for one in cast(list[object], node)]
    if not isinstance(node, dict):
        return node
    kept = cast(Json, node)
    return {
        key: _spare(value, is_map=key == "properties" and not is_map)
        for key, value in kept.items()
        if is_map or key not in _NOISE
    }


def _references(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for one in cast(list[object], node):
            yield from _references(one)
    elif isinstance(node, dict):
        for key, value in cast(Json, node).items():
            if key == "$ref":
                yield str(value)
            else:
                yield from _references(value)


def _place(document: Json, reference: str) -> tuple[Json, str]:
    *way, key = reference.removeprefix("#/").split("/")
    here = document
    for part in way:
        here = cast(Json, here.setdefault(part, {}))
    return here, key


def _type(text: str, name: str) -> str:
    found = re.search(
        rf"^(?:type|input|enum|interface) {name}\b[^{{]*\{{\n(?:.*\n)*?\}}\n", text, re.MULTILINE
    )
    assert found is not None, name
    return "\n".join(_chosen(found[0].splitlines(), FIELDS.get(name, ()))) + "\n"


def _chosen(lines: list[str], fields: tuple[str, ...]) -> Iterator[str]:
    """The head, the chosen fields with their arguments, and the end."""
    is_kept = True
    for line in lines:
        if match := re.match(r"  (\w+)", line):
            is_kept = not fields or match[1] in fields
        if (is_kept or not line.startswith(" ")) and line.strip():
            yield line


if __name__ == "__main__":
    described = cast(Json, json.loads(Path(sys.argv[1]).read_text()))
    OPENAPI.write_text(json.dumps(openapi(described), separators=(",", ":"), sort_keys=True) + "\n")
    GRAPHQL.write_text(graphql(Path(sys.argv[2]).read_text()))
