"""What models would cost for the demo's changes, counted as the API counts it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import groupby

import pytest

from orchestrate.demo.chapters import CHAPTERS, INSTALL
from tests.evals.deployments import share
from tests.evals.tokens import Measured, lines, measured
from tests.servers.anthropic import anthropic_api

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found() -> Iterator[list[Measured]]:
    with anthropic_api() as fake:
        yield asyncio.run(measured(fake))


def test_each_of_the_demos_changes_ends_as_it_does_there(found: list[Measured]) -> None:
    last = {name: [*several][-1].outcome for name, several in groupby(found, lambda one: one.change)}

    assert last == {one.name: one.ends for one in CHAPTERS}


def test_no_deployment_takes_more_than_it_may(found: list[Measured]) -> None:
    changes = [one for one in found if one.change != INSTALL.name and len(one.calls) > 1]

    assert all(one.cost.tokens.fresh < 12_000 and one.cost.micros < 50_000 for one in found)
    assert len(changes) == 3 and all(share(one.cost) >= 0.8 for one in changes)


def test_what_is_plain_or_stopped_at_the_gates_asks_nobody(found: list[Measured]) -> None:
    silent = [(one.change, one.environment) for one in found if not one.calls]

    assert silent == [("currency", "staging"), ("drop-legacy-column", "staging")]
    assert len([*lines(found)]) > len(found) + len(silent)
