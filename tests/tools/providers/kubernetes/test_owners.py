"""What Argo Rollouts and Flagger steer is refused by its name."""

from __future__ import annotations

import pytest

from orchestrate.errors import NameTaken
from tests.servers.kubernetes.pods import Json
from tools.providers.kubernetes.owners import MANAGED, claims, unowned


def made(kind: str = "Service", owner: str = "", **notes: str) -> Json:
    owners = [{"apiVersion": "x/v1", "kind": owner, "name": "shop", "controller": True}] if owner else []
    return {"kind": kind, "metadata": {"name": "web", "ownerReferences": owners, "annotations": notes}}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (made(owner="Canary"), "the Service web belongs to the Canary shop of Flagger"),
        (made("Deployment", "Rollout"), "the Deployment web belongs to the Rollout shop of Argo Rollouts"),
        (made(**{MANAGED: "shop"}), "the Service web belongs to the Rollout shop of Argo Rollouts"),
    ],
)
def test_what_another_one_steers_is_refused_with_its_name(found: Json, said: str) -> None:
    with pytest.raises(NameTaken, match=said):
        unowned(None, made(), found)


def test_what_belongs_to_nobody_or_to_something_else_is_ours() -> None:
    unowned(None, made(), made(owner="Application"), {"metadata": {"name": "web"}})


def test_a_canary_or_a_rollout_that_names_our_deployment_is_told() -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web-blue"}
    canary: Json = {"kind": "Canary", "metadata": {"name": "shop"}, "spec": {"targetRef": target}}
    rollout: Json = {"kind": "Rollout", "metadata": {"name": "new"}, "spec": {"workloadRef": target}}
    own: Json = {"kind": "Rollout", "metadata": {"name": "own"}, "spec": {"replicas": 3}}

    found = claims([canary, rollout, own], ["web-blue", "web-green"])

    assert [one.partition(":")[0] for one in found] == [
        "the Canary shop of Flagger steers the Deployment web-blue",
        "the Rollout new of Argo Rollouts steers the Deployment web-blue",
    ]
    assert claims([canary], ["other-blue"]) == ()
