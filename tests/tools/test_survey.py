"""The survey: everything is read once, and what cannot be read says why."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from orchestrate.errors import Unreachable
from orchestrate.models.change import MergeMethod
from orchestrate.models.deployment import Request
from orchestrate.models.environment import ArtifactRules, Gates
from orchestrate.models.evidence import Evidence
from orchestrate.models.sample import SampleState
from orchestrate.models.signature import SignatureState
from orchestrate.models.task import TaskMetadata
from tests.stories.places import quick, staging
from tests.stories.world import World, world


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[World]:
    production = quick(tmp_path, gates=Gates(checks=("tests",), reviews=1, promoted_from="staging"))
    async with world(tmp_path, staging(tmp_path), production) as made:
        yield made


async def surveyed(here: World, **words: object) -> Evidence:
    given: dict[str, object] = {"environment": "production", "requested_by": "rob"}
    return await here.crew.survey.evidence("D1", Request.model_validate(given | words), None)


async def test_an_open_change_is_the_version_that_its_merge_will_give(here: World) -> None:
    change = await here.propose("faster", {"faster.py": "new"})
    here.forge.write("main", {"other.py": "other"}, "Another")

    found = await surveyed(here, change=change.id)

    assert found.version is not None and found.preview is not None
    assert found.version.commit == change.head
    assert found.version.tree == found.preview.tree
    assert found.unread == {}


async def test_a_merged_change_is_its_merge_commit(here: World) -> None:
    change = await here.propose("faster", {"faster.py": "new"})
    commit = here.forge.write("main", {"faster.py": "new"}, "Merge")
    here.records.merged(change.id, commit)

    found = await surveyed(here, change=change.id)

    assert found.version is not None and found.version.commit == commit
    assert found.preview is None


async def test_the_task_names_change_and_version_when_the_request_does_not(here: World) -> None:
    change = await here.propose("faster", {"faster.py": "new"})
    task = await here.task(change, metadata=TaskMetadata(version="main"))

    found = await surveyed(here, task=task.id)

    assert found.change is not None and found.change.id == change.id
    assert found.version is not None and found.version.commit == here.forge.branches["main"]


async def test_only_open_dependencies_count(here: World) -> None:
    change = await here.propose("faster", {"faster.py": "new"})
    done, left = await here.task(change), await here.task(change)
    await here.tracker.close(done.id, "done", "Done")
    task = await here.task(change, depends_on=(done.id, left.id))

    found = await surveyed(here, task=task.id)

    assert found.task is not None and found.task.depends_on == (left.id,)


async def test_a_forge_that_is_down_leaves_the_rest_readable(here: World) -> None:
    change = await here.propose("faster", {"faster.py": "new"})
    here.forge.is_down = True

    found = await surveyed(here, change=change.id)

    assert found.change is None
    assert "does not answer" in found.unread["change"]
    assert found.running is not None and found.resources is not None


async def test_a_provider_that_is_down_is_told_as_such(here: World) -> None:
    here.provider.is_down = True

    found = await surveyed(here, version="main")

    assert found.running is None and found.metrics == {}
    assert "does not answer" in found.unread["running"]


async def test_a_metric_source_that_is_down_is_a_state_of_its_own(here: World) -> None:
    here.metrics.state = SampleState.SOURCE_DOWN

    found = await surveyed(here, version="main")

    assert found.metrics == {"web": SampleState.SOURCE_DOWN}


async def test_a_version_that_there_is_not_is_unread(here: World) -> None:
    found = await surveyed(here, version="v404")

    assert found.version is None
    assert "v404" in found.unread["version"]


async def test_nothing_named_is_nothing_to_deploy(here: World) -> None:
    assert (await surveyed(here)).version is None


async def test_what_is_built_is_told_apart_from_what_will_be(here: World) -> None:
    change = await here.propose("faster", {"faster.py": "new"})

    assert (await surveyed(here, version="main")).built == ("web",)
    assert (await surveyed(here, change=change.id)).built == ()


async def test_a_signature_is_looked_at_where_one_is_demanded(here: World, tmp_path: Path) -> None:
    change = await here.propose("faster", {"faster.py": "new"})
    signers = tmp_path / "signers.allowed"
    signers.write_text("mira ssh-ed25519 MIRA\n")
    here.signatures.keys[change.head] = "ssh-ed25519 MIRA"

    assert (await surveyed(here, change=change.id)).signature is None
    here.change_settings(artifact=ArtifactRules(signed_by=signers))
    signed, other = await surveyed(here, change=change.id), await surveyed(here, version="main")

    assert signed.signature is not None and signed.signature.signer == "mira"
    assert other.signature is not None and other.signature.state is SignatureState.UNSIGNED


async def test_a_list_of_signers_that_is_gone_is_told_as_such(here: World, tmp_path: Path) -> None:
    here.change_settings(artifact=ArtifactRules(signed_by=tmp_path / "gone"))

    found = await surveyed(here, version="main")

    assert found.signature is None
    assert "allowed signers cannot be read" in found.unread["signature"]


async def test_a_quarantine_is_found_in_head_base_and_merge(here: World) -> None:
    bad = here.forge.write("main", {"bad.py": "bad"}, "Bad")
    here.store.quarantine.add("production", "shop", bad, None, "it failed", "D0")
    change = await here.propose("faster", {"faster.py": "new"})

    assert [one.commit for one in (await surveyed(here, change=change.id)).quarantines] == [bad]
    assert (await surveyed(here, change=change.id, environment="staging")).quarantines == ()


async def test_a_quarantine_that_cannot_be_looked_for_is_unread(here: World) -> None:
    here.store.quarantine.add("production", "shop", "f" * 40, None, "it failed", "D0")

    found = await surveyed(here, version="main")

    assert "quarantines" in found.unread


async def test_what_staging_proved_is_known_by_its_tree(here: World) -> None:
    assert (await surveyed(here, version="main")).promoted is False

    version = await here.forge.version("main")
    here.store.verified.record("staging", "shop", version, "D0")

    assert (await surveyed(here, version="main")).promoted is True
    assert (await surveyed(here, version="main", environment="staging")).promoted is None


async def test_the_environments_merge_method_comes_first(here: World) -> None:
    survey, place = here.crew.survey, here.crew.places("production")
    assert await survey.method(place) is MergeMethod.MERGE

    here.change_settings(merge_method=MergeMethod.SQUASH)

    assert await survey.method(here.crew.places("production")) is MergeMethod.SQUASH


async def test_the_deployment_that_holds_the_environment_is_no_obstacle_to_itself(here: World) -> None:
    row = here.accept("production", version="main")
    here.store.locks.take("production", "shop", row.id)

    assert (await surveyed(here, version="main")).holder == row.id
    assert (await here.crew.survey.evidence(row.id, row.request, None)).holder is None


async def test_secrets_without_a_value_are_named(here: World) -> None:
    here.change_settings(secrets=("TOKEN",))

    assert (await surveyed(here, version="main")).missing_secrets == ()


async def test_a_tracker_that_is_down_is_told_as_such(here: World) -> None:
    task = await here.task(await here.propose("faster", {"faster.py": "new"}))
    here.tracker.is_down = True

    found = await surveyed(here, task=task.id, version="main")

    assert found.task is None
    assert found.unread["task"] == str(Unreachable("the tracker does not answer"))
