"""What the Cloud Run provider makes of a service that there was before, and of its own revisions."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import cast

from orchestrate.errors import StartFailed
from tests.servers.cloudrun import LATEST
from tests.servers.cloudrun import Kept as Served
from tests.servers.openapi import Json
from tests.servers.sample_service import checkout
from tests.tools.providers.cloudrun.conftest import Here
from tests.tools.providers.here import ONE, TWO

THEIRS: Json = {
    "serviceAccount": "shop@shop-1.iam.gserviceaccount.com",
    "scaling": {"maxInstanceCount": 9},
    "containers": [
        {"image": "registry.example/sidecar", "name": "sidecar"},
        {
            "image": "registry.example/hello@sha256:0",
            "ports": [{"containerPort": 80}],
            "env": [{"name": "REGION", "value": "eu"}, {"name": "SLOT", "value": "none"}],
        },
    ],
}


def _hello(here: Here) -> Served:
    """A service of other people, all of whose traffic goes to the latest revision."""
    kept = Served("shop", THEIRS, [{"type": LATEST, "percent": 100}], is_busy=False, ready="shop-hello")
    kept.created, kept.statuses = "shop-hello", [{**kept.traffic[0], "revision": "shop-hello"}]
    name = "projects/shop-1/locations/europe-west1/services/shop/revisions/shop-hello"
    good: Json = {"type": "Ready", "state": "CONDITION_SUCCEEDED"}
    kept.revisions["shop-hello"] = {"name": name, **THEIRS, "conditions": [good]}
    del kept.revisions["shop-hello"]["serviceAccount"]
    here.site.services["shop"] = kept
    return kept


async def test_a_revision_that_is_started_beside_the_latest_one_gets_no_request_by_itself(here: Here) -> None:
    kept = _hello(here)
    await here.build(ONE)

    await here.start()

    assert [
        (one["revision"], one.get("percent"), one.get("tag")) for one in kept.statuses if one["percent"]
    ] == [("shop-hello", 100, None)]
    assert await here.weights() == {"shop-hello": 100}


async def test_what_others_set_in_the_template_stays(here: Here) -> None:
    kept = _hello(here)
    await here.build(ONE)

    await here.start(instances=2)

    sidecar, container = cast("list[Json]", kept.template["containers"])
    assert kept.template["serviceAccount"] == THEIRS["serviceAccount"]
    assert kept.template["scaling"] == {"maxInstanceCount": 9, "minInstanceCount": 2}
    assert sidecar == {"image": "registry.example/sidecar", "name": "sidecar"}
    assert {"name": "REGION", "value": "eu"} in cast("list[Json]", container["env"])
    assert {"name": "SLOT", "value": "blue"} in cast("list[Json]", container["env"])


async def test_a_variable_that_is_not_set_any_more_is_gone_from_the_next_revision(here: Here) -> None:
    await here.build(ONE)
    await here.build(TWO)
    provider = here.provider(COLOUR="red", SIZE="big")
    here.provider = lambda **_: provider
    await here.start()
    less = Here(here.site, here.vendor, here.root, here.web)
    fewer = less.provider(SIZE="small")
    less.provider = lambda **_: fewer

    await less.start("green", TWO)

    (container,) = cast("list[Json]", here.kept.template["containers"])
    names = {one["name"]: one["value"] for one in cast("list[Json]", container["env"])}
    assert names == {"SIZE": "small", "SLOT": "green", "VERSION": "v2", "COMMIT": TWO.commit}


async def test_a_revision_that_was_made_before_a_crash_is_taken_and_not_made_again(here: Here) -> None:
    await here.build(ONE)
    await here.build(TWO)
    await here.start()
    moving = asyncio.create_task(here.start("green", TWO))
    async with asyncio.timeout(15):
        while here.vendor.count("PATCH", "updateMask=template") == 0:
            await asyncio.sleep(0.001)
    moving.cancel()
    await asyncio.wait([moving])

    await here.start("green", TWO)

    tags = {one["tag"]: one["revision"] for one in here.kept.statuses}
    assert set(tags) == {"blue", "green"}
    assert await here.weights() == {"blue": 100}


async def test_a_version_that_comes_back_to_its_slot_is_the_revision_that_it_was(here: Here) -> None:
    await here.both()
    await here.share({"green": 100})
    await here.stop("blue")
    made = list(here.kept.revisions)

    await here.start("blue", ONE)

    assert list(here.kept.revisions) == made


async def test_another_number_of_instances_is_a_new_revision_with_the_slots_share(here: Here) -> None:
    await here.both()
    await here.share({"blue": 60, "green": 40})

    await here.scale("blue", 1, 3)

    assert await here.weights() == {"blue": 60, "green": 40}
    assert len(here.kept.revisions) == 3


async def test_requests_are_answered_in_the_shares_that_were_set(here: Here) -> None:
    await here.both()
    await here.share({"blue": 80, "green": 20})
    slots = {str(one["revision"]): str(one["tag"]) for one in here.kept.statuses}

    served = Counter(slots[here.site.served()] for _ in range(1000))

    assert 150 < served["green"] < 250


async def test_a_first_version_that_does_not_start_leaves_no_service(here: Here) -> None:
    await here.build(ONE, "crash")

    try:
        await here.start()
    except StartFailed:
        here.site.settle()

    assert here.site.services == {}


async def test_where_it_is_reached_is_what_cloud_run_says(here: Here) -> None:
    await here.build(ONE)
    await here.start()

    assert await here.provider().public(here.web) == f"{here.site.url}/serve/shop"


async def test_a_version_can_be_the_artifact_that_ran_elsewhere(here: Here) -> None:
    digest = here.site.push(f"{here.site.registry}/shop:{TWO.commit}")

    found = await here.provider().adopt(here.web, ONE, digest, checkout(), here.said.append)
    await here.start()

    (container,) = cast("list[Json]", here.kept.template["containers"])
    assert (found.digest, container["image"]) == (digest, f"{here.site.registry}/shop@{digest}")


async def test_googles_own_registries_are_asked_with_the_accounts_token_and_no_other_is(here: Here) -> None:
    digest = f"sha256:{'1' * 64}"

    login = await here.provider().login(here.web, f"europe-west1-docker.pkg.dev/shop/web@{digest}")

    user, _, token = login.partition(":")
    assert (user, token in here.site.account.tokens) == ("oauth2accesstoken", True)
    for stranger in ("pkg.dev.example", "notgcr.io"):
        assert await here.provider().login(here.web, f"{stranger}/shop/web@{digest}") == ""
