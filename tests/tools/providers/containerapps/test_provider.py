"""What the Container Apps provider makes of an app that its people made, and of its own revisions."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from orchestrate.errors import EffectRefused
from orchestrate.models.move import Verify
from tests.servers.containerapps import LATEST
from tests.servers.entra_tokens import SECRET
from tests.servers.openapi import Json
from tests.servers.sample_service import checkout, environment, silent
from tests.tools.providers.containerapps.conftest import HASTY, Here
from tests.tools.providers.here import ONE, TWO
from tools.providers.containerapps.provider import ContainerAppsProvider

pytestmark = pytest.mark.slow

THEIRS: Json = {
    "containers": [
        {
            "name": "app",
            "image": "hello",
            "env": [{"name": "REGION", "value": "eu"}, {"name": "SLOT", "value": "none"}],
            "resources": {"cpu": 0.5, "memory": "1Gi"},
            "probes": [{"type": "Liveness", "tcpSocket": {"port": 8080}}, {"type": "Startup"}],
        },
        {"name": "sidecar", "image": "registry.example/sidecar"},
    ],
    "scale": {"minReplicas": 0, "maxReplicas": 9},
}


async def test_a_revision_that_is_started_beside_the_latest_one_gets_no_request_by_itself(here: Here) -> None:
    assert here.site.traffic == [LATEST]
    await here.build(ONE)

    await here.start()

    assert here.site.facts("shop--hello")["trafficWeight"] == 100
    assert await here.weights() == {"shop--hello": 100}


async def test_what_others_set_in_the_template_stays(here: Here) -> None:
    here.site.template = THEIRS
    await here.build(ONE)

    await here.start(instances=2)

    container, sidecar = cast("list[Json]", here.site.template["containers"])
    assert sidecar == {"name": "sidecar", "image": "registry.example/sidecar"}
    assert here.site.template["scale"] == {"minReplicas": 2, "maxReplicas": 9}
    assert container["resources"] == {"cpu": 0.5, "memory": "1Gi"}
    assert {"name": "REGION", "value": "eu"} in cast("list[Json]", container["env"])
    assert {"name": "SLOT", "value": "blue"} in cast("list[Json]", container["env"])
    assert [one["type"] for one in cast("list[Json]", container["probes"])] == ["Liveness", "Startup"]


async def test_the_container_that_is_named_runs_the_image(here: Here) -> None:
    here.site.template = THEIRS
    own = here.web.containerapps
    assert own is not None
    here.web = here.web.model_copy(
        update={"containerapps": own.model_copy(update={"container": "sidecar"}), "run": ("./web",)}
    )
    await here.build(ONE)

    await here.start()

    app, sidecar = cast("list[Json]", here.site.template["containers"])
    assert app["image"] == "hello"
    assert (str(sidecar["image"]).partition("@")[0], sidecar["command"]) == (
        f"{here.site.registry}/shop",
        ["./web"],
    )


async def test_a_variable_that_is_not_set_any_more_is_gone_from_the_next_revision(here: Here) -> None:
    await here.build(ONE)
    await here.build(TWO)
    full, less = here.provider(COLOUR="red", SIZE="big"), here.provider(SIZE="small")
    here.provider = lambda **_: full
    await here.start()
    here.provider = lambda **_: less

    await here.start("green", TWO)

    (container,) = cast("list[Json]", here.site.template["containers"])
    names = {one["name"]: one["value"] for one in cast("list[Json]", container["env"])}
    assert names.pop("ORCHESTRATE")
    assert names == {"SIZE": "small", "SLOT": "green", "VERSION": "v2", "COMMIT": TWO.commit}


async def test_a_revision_that_was_made_before_a_crash_is_taken_and_not_made_again(here: Here) -> None:
    await here.both()
    here.site.turns = 30
    made = list(here.site.revisions)
    await here.stop("green")
    moving = asyncio.create_task(here.start("green", TWO))
    async with asyncio.timeout(15):
        while here.vendor.count("POST", "/activate") == 0:
            await asyncio.sleep(0.001)
    moving.cancel()
    await asyncio.wait([moving])

    await here.start("green", TWO)

    assert list(here.site.revisions) == made
    assert len(here.active) == 2


async def test_a_version_that_comes_back_to_its_slot_is_the_revision_that_it_was(here: Here) -> None:
    await here.both()
    await here.share({"green": 100})
    await here.stop("blue")
    made = list(here.site.revisions)
    assert len(here.active) == 1

    await here.start("blue", ONE)

    assert list(here.site.revisions) == made
    assert await here.weights() == {"green": 100}


async def test_another_number_of_replicas_is_a_new_revision_with_the_slots_share(here: Here) -> None:
    await here.both()
    await here.share({"blue": 60, "green": 40})

    await here.scale("blue", 1, 3)

    assert await here.weights() == {"blue": 60, "green": 40}
    assert len(here.active) == 2
    slot = (await here.running()).slot("blue")
    assert slot is not None
    assert [one.id[-2:] for one in slot.instances] == ["-0", "-1", "-2"]


async def test_labels_of_others_stay(here: Here) -> None:
    here.site.traffic = [{"revisionName": "shop--hello", "weight": 100, "label": "old"}]
    await here.both()

    await here.share({"blue": 50, "green": 50})

    assert {one.get("label") for one in here.site.traffic} == {"old", "blue", "green"}


async def test_an_app_of_which_everything_was_ended_is_started_again(here: Here) -> None:
    await here.both()
    await here.provider().stop_all(here.web)
    assert here.active == []

    await here.start("green", TWO)

    assert await here.weights() == {"green": 100}


async def test_an_operation_may_be_asked_for_at_its_location_alone(here: Here) -> None:
    here.site.asks_at = "Location"

    await here.both()

    assert here.vendor.count("GET", "/containerappOperationResults/") > 1
    assert await here.weights() == {"blue": 100}


async def test_an_address_on_another_host_is_not_shown_our_token(here: Here) -> None:
    here.site.operates_at = "http://127.0.0.1:1"

    await here.both()

    assert here.vendor.count("GET", "Operation") == 0
    assert await here.weights() == {"blue": 100}


async def test_where_it_is_reached_is_what_azure_says(here: Here) -> None:
    assert await here.provider().public(here.web) == f"{here.site.url}/at/shop"


async def test_a_version_can_be_the_artifact_that_ran_elsewhere(here: Here) -> None:
    digest = here.site.push(f"{here.site.registry}/shop:{TWO.commit}")

    found = await here.provider().adopt(here.web, ONE, digest, checkout(), here.said.append)
    await here.start()

    (container,) = cast("list[Json]", here.site.template["containers"])
    assert (found.digest, container["image"]) == (digest, f"{here.site.registry}/shop@{digest}")


async def test_a_token_that_is_given_is_used_as_it_is(here: Here) -> None:
    own = here.web.containerapps
    assert own is not None
    given = {"tenant": "", "client": "", "secret": None, "token": "TOKEN"}
    here.web = here.web.model_copy(update={"containerapps": own.model_copy(update=given)})
    here.site.account.tokens.add("from-elsewhere")
    shop = environment(here.root, here.web, secrets=("TOKEN",))
    provider = ContainerAppsProvider(shop, lambda _: "from-elsewhere", habits=HASTY)

    running = await provider.running(here.web)

    assert (running.slots, here.site.account.given) == ((), 0)


async def test_an_app_always_gives_its_traffic_to_somebody(here: Here) -> None:
    await here.build(ONE)
    await here.start()
    await here.share({"blue": 100})

    with pytest.raises(EffectRefused, match="to one of its revisions, always"):
        await here.share({})
    with pytest.raises(EffectRefused, match="stop blue"):
        await here.stop("blue")

    assert await here.weights() == {"blue": 100}


async def test_what_is_no_move_of_a_provider_is_refused(here: Here) -> None:
    with pytest.raises(EffectRefused, match="no move of a provider"):
        await here.provider().apply(here.web, Verify(component="web", slot="blue", version=ONE), silent)


async def test_azures_own_registries_are_asked_as_the_application_and_no_other_is(here: Here) -> None:
    own, digest = here.web.containerapps, f"sha256:{'1' * 64}"

    login = await here.provider().login(here.web, f"shop.azurecr.io/web@{digest}")

    assert own is not None
    assert login == f"{own.client}:{SECRET}"
    assert await here.provider().login(here.web, f"azurecr.io.example/web@{digest}") == ""
