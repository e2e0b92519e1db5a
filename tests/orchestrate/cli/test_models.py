"""What models cost is shown where a deployment is, and the doctor says whether they can be asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from orchestrate.models.deployment import Outcome
from orchestrate.models.model_call import NewCall, Purse, Tokens
from orchestrate.records import Records
from orchestrate.store import Store
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop
from tests.orchestrate.store.facts import accepted
from tests.servers.anthropic import KEY, FakeAnthropic, anthropic_api

PURSE = Purse(tokens=100_000, micros=1_000_000, requests=9)
CALL = NewCall(
    deployment="",
    role="planner",
    model="claude-opus-5-5",
    prompt="p",
    question="q",
    most=Tokens(fresh=9),
    most_micros=9,
)


@pytest.fixture
def fake() -> Iterator[FakeAnthropic]:
    with anthropic_api() as server:
        yield server


def named(shop: Shop, url: str) -> None:
    models = f"models:\n  key: ${{ANTHROPIC_API_KEY}}\n  base_url: {url}\n"
    shop.settings.write_text(shop.settings.read_text() + models)


def findings(command: Command) -> dict[str, tuple[str, str]]:
    ran = command("doctor", "--json")
    assert ran.code == 0
    return {one["what"]: (one["state"], one["said"]) for one in ran.data["findings"]}  # pyright: ignore


def asked(store: Store) -> str:
    """A deployment that asked twice, and was answered once."""
    row = accepted(store)
    for question in ("a", "b"):
        call = CALL.model_copy(update={"deployment": row.id, "question": question})
        number = store.model_calls.begin(call, PURSE, PURSE)
        if question == "a":
            spent = Tokens(fresh=900, cache_read=3000, output=100)
            store.model_calls.answered(number, spent, 5000, "{}", 1.0)
        else:
            store.model_calls.failed(number, Tokens(), 0, "529 overloaded_error", 1.0)
    return row.id


def test_models_that_answer_are_found(
    shop: Shop, command: Command, fake: FakeAnthropic, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(shop, fake.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    fake.models["claude-opus-5-5"] = {"lifecycle": "deprecated", "retires_at": "2027-01-31T00:00:00Z"}
    fake.models["claude-sonnet-5-5"] = {"lifecycle": "retired"}
    fake.models["claude-haiku-5-5"] = {"capabilities": {"structured_outputs": {"supported": False}}}

    found = findings(command)

    assert found["model deep"] == ("ok", "claude-opus-5-5 answers until 2027-01-31")
    assert found["model standard"][0] == "warn" and "it is retired" in found["model standard"][1]
    assert "cannot answer in a form" in found["model fast"][1]


def test_models_that_are_gone_are_no_failure(
    shop: Shop, command: Command, fake: FakeAnthropic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    named(shop, fake.url)
    assert "ANTHROPIC_API_KEY} is not set" in findings(command)["model deep"][1]
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    fake.models.clear()
    assert "404 not_found_error" in findings(command)["model deep"][1]


def test_where_no_models_are_named_that_is_said(shop: Shop, command: Command) -> None:
    assert findings(command)["models"] == ("ok", "none are named: stand-ins do the work")


def test_what_was_spent_is_in_the_status(shop: Shop, command: Command) -> None:
    command("db", "upgrade")
    with closing(Store.open(f"sqlite:///{shop.folder / '.orchestrate' / 'orchestrate.db'}")) as store:
        id = asked(store)

    assert (
        "models      2 requests, 1 failed: 3,900 tokens in (3,000 from the cache), 100 out, $0.0050"
        in command("deploy", "status", id).out
    )
    calls = command("deploy", "status", id, "--json").data["model_calls"]
    assert [one["state"] for one in calls] == ["answered", "failed"]  # pyright: ignore


def test_what_was_spent_is_in_the_report(store: Store, shop: Shop) -> None:
    row = store.deployments.deployment(asked(store))

    file = Records(store, shop.folder / "reports").write(row, Outcome.DEPLOYED, "fine")

    page = file.with_suffix(".md").read_text()
    assert json.loads(file.read_text())["models"]["micros"] == 5000
    assert "## Models" in page and "529 overloaded" in page
