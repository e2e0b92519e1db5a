"""What people were not told yet is seen by whoever looks: in the status, and in the doctor."""

from __future__ import annotations

from graphs.state import GRAPH_VERSION
from orchestrate.cli.deploy.status import owed_known
from orchestrate.cli.glance import owed, owed_words
from orchestrate.cli.scene import Scene
from orchestrate.models.deployment import Request, Stage
from orchestrate.models.letter import Unsent
from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop

WHY = "the tracker does not answer"


def kept(shop: Shop) -> str:
    """A deployment of which nobody could be told."""
    scene = Scene(config=shop.settings)
    with scene.store() as store:
        scene.settings()
        request = Request(environment="test", requested_by="ada", task="T-1")
        id = store.deployments.accept(request, "shop", GRAPH_VERSION).id
        lease = store.leases.take(id, "worker", 60)
        assert lease is not None
        for kind, why in (("comment", WHY), ("close_task", "")):
            letter = Unsent(kind=kind, key=kind, body="{}")
            store.outbox.keep(lease, Stage.FINISH, None, letter, why)
    return id


def test_the_status_says_how_much_waits_for_the_tracker_and_why(shop: Shop, command: Command) -> None:
    id = kept(shop)

    said = command("deploy", "status").out
    untold = command("deploy", "status", "--json").data["untold"]

    assert "2 messages wait for the tracker since" in said and WHY in said
    assert [one["kind"] for one in untold] == ["comment", "close_task"]  # pyright: ignore
    detail = command("deploy", "status", id).out
    assert WHY in detail and "after those before it" in detail
    assert len(command("deploy", "status", id, "--json").data["untold"]) == 2  # pyright: ignore


def test_a_glance_says_the_same_as_the_whole_way(shop: Shop) -> None:
    kept(shop)
    scene = Scene(config=shop.settings)

    assert owed(scene.config) == owed_known(scene)
    assert "(T-1)" in owed_words(owed(scene.config))


def test_the_doctor_warns_and_names_a_cure(shop: Shop, command: Command) -> None:
    assert "everything was told" in command("doctor").out
    kept(shop)

    ran = command("doctor", "--json")

    (found,) = [one for one in ran.data["findings"] if one["what"] == "outbox"]  # pyright: ignore
    assert (ran.code, found["state"]) == (0, "warn")
    assert "orchestrate worker" in found["cure"]
