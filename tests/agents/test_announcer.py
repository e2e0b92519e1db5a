"""A model's few words before an announcement hold nothing that the announcement does not prove."""

from __future__ import annotations

import pytest

from agents.announcer import MOST, Announcer, misfit
from agents.model import NoModel, ScriptedModel
from orchestrate.errors import ModelFailed

SAID = "Deployed: shop 1.4.2 to production in 12 min\n\n**Deployed shop 1.4.2.** Verified: 9 of 9 checks pass"


@pytest.mark.parametrize(
    "draft",
    ["Version 1.4.2 of the shop is live.", "The shop was deployed in 12 min, and 9 checks pass."],
)
def test_words_made_of_the_facts_are_taken(draft: str) -> None:
    assert misfit(draft, SAID) == ""


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        ("", "0 characters"),
        ("x" * (MOST + 1), "characters"),
        ("Ask @ada about it.", "mentions"),
        ("<!channel> it is live.", "mentions"),
        ("See https://e.vil for more.", "mentions"),
        ("See [this](x).", "mentions"),
        ("It is \u202elive.", "mentions"),
        ("See e.vil for more.", "address"),
        ("Pages load in 80 ms now.", "no fact says 80"),
        ("Version 1.4.3 is live.", "no fact says 1.4.3"),
        ("It failed.", "'fail'"),
        ("Ada approved it.", "'approv'"),
        ("It is not live.", "'not'"),
        ("The site is faster.", "'faster'"),
    ],
)
def test_whatever_the_facts_do_not_say_is_dropped(draft: str, why: str) -> None:
    assert why in misfit(draft, SAID)


def test_a_failure_is_never_called_a_success() -> None:
    assert "'live'" in misfit("The shop is live.", "Rolled back: production\n\nThe version before serves.")


async def test_a_draft_that_may_not_be_taken_is_a_failed_answer() -> None:
    model = ScriptedModel([{"title": "x", "text": "Call @everyone"}])

    with pytest.raises(ModelFailed, match="not taken"):
        await Announcer(model).words("d", "support", SAID)


async def test_the_audience_and_the_facts_are_told() -> None:
    model = ScriptedModel([{"title": "x", "text": "Version 1.4.2\nis live."}])

    said = await Announcer(model).words("d", "support", SAID)

    assert said == "Version 1.4.2 is live."
    assert "support" in model.asked[0][1] and "9 of 9" in model.asked[0][1]


async def test_without_a_model_there_are_no_words() -> None:
    with pytest.raises(ModelFailed):
        await Announcer(NoModel()).words("d", "support", SAID)
