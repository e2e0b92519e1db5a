"""After the merge: deployments that are shown, words on the thread, and workflows with their logs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrate.errors import Unreachable
from orchestrate.models.change import CheckState
from tests.servers.github import Trouble
from tests.tools.systems.github.conftest import Here
from tools.showing import MemoryShowcase, Showcase, Shown, Standing, showing
from tools.systems.github_api import GithubApi
from tools.systems.github_deployments import GithubDeployments
from tools.systems.github_thread import GithubThread
from tools.systems.github_workflows import GithubWorkflows

Make = Callable[[Here], Showcase]


def api(here: Here) -> GithubApi:
    return here.forge._api


def in_memory(_: Here) -> Showcase:
    return MemoryShowcase()


def on_github(here: Here) -> Showcase:
    return GithubDeployments(api(here))


EVERYWHERE = pytest.mark.parametrize("make", [in_memory, on_github])


def shown(here: Here, standing: Standing, deployment: str = "d1") -> Shown:
    return Shown(
        deployment=deployment,
        environment="production",
        is_production=True,
        commit=here.head,
        standing=standing,
        text="half " * 60,
        url="https://shop.example.test",
    )


@EVERYWHERE
async def test_a_deployment_stands_where_it_was_said_last(here: Here, make: Make) -> None:
    showcase = make(here)
    before = await showcase.standing(shown(here, Standing.QUEUED))

    for standing in Standing:
        await showcase.show(shown(here, standing))
        assert await showcase.standing(shown(here, standing)) is standing

    assert before is None


@EVERYWHERE
async def test_each_deployment_stands_for_itself(here: Here, make: Make) -> None:
    showcase = make(here)
    await showcase.show(shown(here, Standing.DONE))

    assert await showcase.standing(shown(here, Standing.DONE, "d2")) is None


@EVERYWHERE
async def test_what_is_shown_already_is_seen(here: Here, make: Make) -> None:
    tool = showing(make(here))
    assert tool.observe is not None
    before = await tool.observe(shown(here, Standing.RUNNING))

    await tool.act(shown(here, Standing.RUNNING))

    assert before is None
    assert await tool.observe(shown(here, Standing.RUNNING)) == shown(here, Standing.RUNNING)
    assert await tool.observe(shown(here, Standing.DONE)) is None


async def test_one_deployment_of_ours_is_one_deployment_of_github(here: Here) -> None:
    showcase = GithubDeployments(api(here))
    here.server.troubles.append(Trouble("POST", r"/deployments/\d+/statuses$", 502))
    with pytest.raises(Unreachable):
        await showcase.show(shown(here, Standing.RUNNING))

    await showcase.show(shown(here, Standing.RUNNING))

    assert len(here.world.deployments) == 1


async def test_what_was_said_on_a_thread_is_not_said_again(here: Here) -> None:
    thread = GithubThread(api(here), "1", "d1")
    for _ in range(120):
        here.world.comment(1, "uma", "me too")
    for _ in range(2):
        await thread.announce("result", "Deployed", "shop 2.0 is in production")

    ours = [str(one.values["body"]) for one in here.world.comments if one.values["user"] == {"login": "ada"}]

    assert len(ours) == 1
    assert ours[0].startswith("**Deployed**")
    assert "<!-- orchestrate:d1/result -->" in ours[0]


async def test_how_it_stands_is_said_on_the_pull_request_once_where_that_is_wanted(here: Here) -> None:
    showcase = GithubDeployments(api(here), comments=True)
    done = shown(here, Standing.DONE).model_copy(update={"change": "1"})
    here.server.troubles.append(Trouble("POST", r"/deployments/\d+/statuses$", 502))
    with pytest.raises(Unreachable):
        await showcase.show(done)

    await showcase.show(done)
    await showcase.show(done.model_copy(update={"change": ""}))

    (said,) = [str(one.values["body"]) for one in here.world.comments]
    assert said.startswith(f"**{here.head[:10]} went to production**")
    assert said.endswith("<!-- orchestrate:d1/production/done -->")


@pytest.mark.parametrize(
    ("conclusion", "state"),
    [("success", CheckState.PASSED), ("failure", CheckState.FAILED), (None, CheckState.PENDING)],
)
async def test_the_newest_run_of_a_workflow_is_told(
    here: Here, conclusion: str | None, state: CheckState
) -> None:
    here.world.workflow("build", here.head, "cancelled")
    here.world.workflow("build", here.head, conclusion)
    here.world.workflow("build", "f" * 40, "success")

    runs = await GithubWorkflows(api(here)).runs(here.head)

    assert [(one.name, one.state) for one in runs] == [("build", state)]


async def test_the_log_of_a_failed_job_is_fetched_without_the_token(here: Here) -> None:
    here.world.workflow("build", here.head, "failure", "line\n" * 90_000 + "npm ERR! no space left\n")
    workflows = GithubWorkflows(api(here))

    log = await workflows.failed_logs((await workflows.runs(here.head))[0])

    assert log.startswith("build job:\n")
    assert log.endswith("npm ERR! no space left\n")
    assert len(log) < 70_000


async def test_a_log_that_is_not_kept_any_more_is_said_to_be_so(here: Here) -> None:
    here.world.workflow("build", here.head, "failure")
    here.world.logs.clear()
    workflows = GithubWorkflows(api(here))

    assert "not kept any more" in await workflows.failed_logs((await workflows.runs(here.head))[0])
