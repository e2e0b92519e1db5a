"""What is Vercel's own: the commits it can be asked for, and how it protects its deployments."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from orchestrate.errors import AccessDenied, BuildFailed
from tests.servers.vendor import Trouble
from tests.servers.vercel import Vercel
from tests.tools.providers import publishing
from tests.tools.providers.here import ONE

Here = publishing.Here[Vercel]


@pytest.fixture
def here(tmp_path: Path) -> Generator[Here]:
    with publishing.vercel(tmp_path / "root") as found:
        yield found


async def test_a_commit_that_vercel_cannot_be_asked_for_must_be_pushed(here: Here) -> None:
    here.site.link = "gitlab"

    with pytest.raises(BuildFailed, match="has no deployment of v1") as problem:
        await here.build(ONE)

    assert problem.value.cure.startswith("push the commit")


async def test_a_protected_deployment_is_asked_with_the_bypass(here: Here) -> None:
    assert here.web.vercel is not None
    own = here.web.vercel.model_copy(update={"bypass": "TOKEN"})
    here.web = here.web.model_copy(update={"vercel": own})
    await here.build(ONE)

    await here.start()

    assert any(one.get("x-vercel-protection-bypass") == here.site.token for one in here.vendor.headers)


async def test_what_the_build_and_the_functions_wrote_is_told_oldest_first(here: Here) -> None:
    await here.build(ONE)
    await here.start()
    here.site.say("dpl_1", "too old", is_of_build=True)
    here.site.say("dpl_1", "built", is_of_build=True)
    here.site.say("dpl_1", "no database\nno answer", "stderr")

    assert await here.provider().tail(here.web, "blue", 3) == ("built", "no database", "no answer")
    assert await here.provider().tail(here.web, "green", 3) == ()


async def test_a_log_that_may_not_be_read_is_told(here: Here) -> None:
    await here.build(ONE)
    await here.start()
    here.vendor.troubles.append(Trouble("GET", "/events", 403))

    with pytest.raises(AccessDenied, match="the log of dpl_1"):
        await here.provider().tail(here.web, "blue", 3)
