"""The local GitHub is held to what GitHub published, and holds us to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from orchestrate.errors import OrchestrateError
from tests.contracts.forge_world import github_forge
from tests.servers.github import description, github, schema
from tests.servers.github_spec import OPENAPI, OPERATIONS
from tests.servers.github_world import world
from tests.servers.openapi import KNOWN, Json

PULL = "/repos/acme/shop/pulls/1"


def keywords(node: object, *, is_map: bool = False) -> Iterator[str]:
    if isinstance(node, list):
        for one in cast(list[object], node):
            yield from keywords(one)
    elif isinstance(node, dict):
        for key, value in cast(Json, node).items():
            if not is_map:
                yield key
            if key not in ("enum", "default") and not key.startswith("x-"):
                yield from keywords(value, is_map=key == "properties" and not is_map)


def test_nothing_is_published_that_is_not_checked() -> None:
    schemas = cast(Json, json.loads(OPENAPI.read_text()))["components"]
    found = {word for one in cast(Json, cast(Json, schemas)["schemas"]).values() for word in keywords(one)}

    assert {word for word in found if not word.startswith("x-")} <= KNOWN


@pytest.mark.parametrize(("verb", "path"), OPERATIONS)
def test_the_least_answer_of_each_operation_is_a_good_one(verb: str, path: str) -> None:
    operation = next(one for one in description().operations if (one.verb, one.path) == (verb, path))
    for status in (200, 201):
        answer = description().answer(operation, status)
        if answer:
            assert list(description().faults(answer, description().least(answer))) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"merge_method": "fast"}, "merge_method: expected one of"),
        ({"sha": 1}, "sha: expected string"),
        ({"shaa": "x"}, "shaa: not described"),
    ],
)
def test_a_request_that_is_not_as_described_is_noticed(body: Json, fault: str) -> None:
    found = description().operation("PUT", f"{PULL}/merge")
    assert found is not None

    assert any(fault in one for one in description().asked_wrongly(found[0], {}, body))


@pytest.mark.parametrize(
    "question",
    [
        "query { nothing }",
        'query { repository(owner: "a") { pullRequest(number: 1) { id } } }',
        'query { repository(owner: "a", name: "b") { pullRequest(number: "1") { id } } }',
        'query { repository(owner: "a", name: "b") { pullRequest(number: 1) { idd } } }',
    ],
)
def test_a_question_that_is_not_as_described_is_noticed(question: str) -> None:
    def repository(**_: object) -> Json:
        return {"pullRequest": lambda number: {"id": "x"}}  # pyright: ignore[reportUnknownLambdaType]

    with pytest.raises(AssertionError):
        schema().answer(question, {}, {"query": {"repository": repository}})


async def test_what_was_asked_wrongly_fails_the_test_that_asked(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="not described"), github(world(tmp_path), tmp_path) as here:
        forge = github_forge(here, tmp_path)
        with pytest.raises(OrchestrateError):
            await forge._api.look("/no/such/page")
        forge.close()
