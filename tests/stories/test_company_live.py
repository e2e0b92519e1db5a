"""From a task in ClickUp to production and back, by way of GitHub and Slack: every client is the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.models.deployment import Outcome
from tests.servers.live import does
from tests.servers.slack import EVE
from tests.stories.company import company

SHORT = {
    "canary": [{"share": "50 %", "seconds": 2}],
    "triggers": {"window": 2, "minimum_requests": 10, "response_time_p99": "3s"},
    "monitoring": {"period": 2, "sample": 1, "report": 2, "alerts": ["errors"]},
}


async def test_a_task_of_clickup_ships_its_pull_request_when_somebody_presses_a_button_in_slack(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with company(folder, monkeypatch, **SHORT) as here:
        pull = here.propose("faster", does(page="Hello faster"))
        task = here.task("Ship faster", f"It is ready: {here.address(pull)}")

        question = await here.question()
        assert pull.state == "open"
        await here.press(question, user=EVE)
        await here.press(question)
        row = await here.ended(task.id)

        assert row.outcome is Outcome.DEPLOYED, here.told()
        assert (row.request.change, task.status) == (str(pull.number), "deployed")
        assert pull.merge_commit == here.github.world.repository.tip("main")
        assert here.states() == ["in_progress", "success"]
        assert [one.partition(" ")[2] for one in here.on_the_pull_request(pull)] == [
            "is on its way to production",
            "went to production",
        ]
        said = here.thread(task.id)
        assert [sum(one.startswith(word) for one in said) for word in ("Picked up", "Deployed")] == [1, 1]
        await here.until(lambda: "✅" in here.card(row.id))


async def test_a_canary_that_does_badly_is_explained_everywhere_and_its_revert_is_offered(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with company(folder, monkeypatch, prepare_revert=True, **SHORT) as here:
        pull = here.propose("broken", does("errors", bad_share=0.5))
        task = here.task("Ship broken", here.address(pull))

        await here.press(await here.question())
        row = await here.ended(task.id)

        assert row.outcome is Outcome.ROLLED_BACK, here.told()
        assert (await here.live.running()).weights == {"blue": 100}
        (fix,) = [one for one in here.clickup.world.items.values() if "execution" in one.tags]
        assert (task.status, fix.linked, fix.priority) == ("failed", [task.id], 1)
        assert any(fix.id in one for one in here.thread(task.id))
        (revert,) = [one for one in here.github.world.pulls.values() if one.number != pull.number]
        assert (revert.state, revert.base) == ("open", "main")
        assert here.states() == ["in_progress", "failure"]
        await here.until(lambda: "⛔" in here.card(row.id))
