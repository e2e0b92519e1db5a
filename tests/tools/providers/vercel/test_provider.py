"""What is Vercel's own: the commits it can be asked for, and how it protects its deployments."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from orchestrate.errors import BuildFailed
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
