"""What a Rollout and a Canary tell of themselves, and what is said to a cluster for them, without one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import pytest

from orchestrate.errors import ChangedMeanwhile, EffectRefused, OutsideFailed, StartFailed
from orchestrate.models.environment import Component
from orchestrate.models.hosts import Kubernetes
from orchestrate.models.move import SetTraffic, Start, Stop
from orchestrate.models.runtime import Artifact
from tests.servers.kubernetes.pods import Json
from tests.servers.sample_service import component, silent, version
from tests.tools.providers.kubernetes.test_words import Spy
from tools.commands import Output
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.slots import Slots, Wanted
from tools.providers.kubernetes.argo import HASH
from tools.providers.kubernetes.handover import Handover, Patience, owner_of
from tools.providers.kubernetes.kubectl import Kind, Kubectl, Target
from tools.providers.kubernetes.objects import kubernetes_of
from tools.providers.kubernetes.steered import State, Steered
from tools.providers.pushed_images import Images

WHERE = Kubernetes(image="registry.example/shop:{commit}", namespace="shop")
OLD, NEW = "registry.example/shop@sha256:aa", "registry.example/shop@sha256:bb"
ONE, TWO = version("v1"), version("v2")
TARGET = Target(Kind.ROLLOUT, "shop", "17", 1, "web", OLD)


async def test_only_the_image_is_patched_and_only_where_nobody_changed_anything(tmp_path: Path) -> None:
    spy = Spy()

    await Kubectl(WHERE, tmp_path, runner=spy).set_image(TARGET, NEW)

    patch = next(one for one in spy.argv if one.startswith("--patch="))
    assert spy.argv[:4] == ("kubectl", "patch", "rollouts.argoproj.io", "shop")
    assert "--type=json" in spy.argv and "--dry-run=server" not in spy.argv
    assert json.loads(patch.removeprefix("--patch=")) == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "17"},
        {"op": "test", "path": "/spec/template/spec/containers/1/name", "value": "web"},
        {"op": "replace", "path": "/spec/template/spec/containers/1/image", "value": NEW},
    ]


@pytest.mark.parametrize("kind", [one for one in Kind if one not in (Kind.ROLLOUT, Kind.DEPLOYMENT)])
async def test_nothing_else_is_ever_patched(tmp_path: Path, kind: Kind) -> None:
    spy = Spy()

    with pytest.raises(OutsideFailed, match="is not set in"):
        await Kubectl(WHERE, tmp_path, runner=spy).set_image(Target(kind, "shop", "1", 0, "web", OLD), NEW)

    assert spy.argv == ()


@pytest.mark.parametrize("image", ["", "-x", "a b", "a\n", '"', "a;b", "x" * 600])
async def test_no_image_is_anything_else(tmp_path: Path, image: str) -> None:
    spy = Spy()

    with pytest.raises(OutsideFailed, match="is not set in"):
        await Kubectl(WHERE, tmp_path, runner=spy).set_image(TARGET, image)

    assert spy.argv == ()


KINDS = {
    "pods": "Pod", "events": "Event",
    "rollouts": "Rollout", "canaries": "Canary", "deployments": "Deployment", "replicasets": "ReplicaSet",
}  # fmt: skip


class Cluster:
    """Stands for the program: answers `get` with these objects."""

    def __init__(self, *found: Json) -> None:
        self.found = found

    async def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        cap: int = 0,
        stdin: bytes | None = None,
    ) -> Output:
        kind, name = KINDS[argv[2].partition(".")[0]], argv[3]
        fits = [one for one in self.found if one["kind"] == kind]
        named = [one for one in fits if cast("Json", one["metadata"]).get("name") == name]
        body: object = {"items": fits} if name.startswith("--") else named[0] if named else ""
        return Output(tuple(argv), 0, json.dumps(body).encode() if body else b"", b"")


class Overtaken(Cluster):
    """Somebody else sets the image right before our patch gets there: to the old one."""

    async def __call__(self, argv: Sequence[str], *, timeout: float = 60.0, **more: object) -> Output:
        if argv[1] != "patch":
            return await super().__call__(argv)
        self.found = (made("Rollout", image=OLD, status=healthy("old")), *SETS)
        return Output(tuple(argv), 1, b"", b"the server rejected our request due to an error in our request")


def healthy(which: str) -> Json:
    return {"observedGeneration": "3", "currentPodHash": which, "stableRS": which, "phase": "Healthy"}


def made(kind: str, name: str = "shop", image: str = NEW, **more: object) -> Json:
    labels = {"app": "shop"}
    template = {"spec": {"containers": [{"name": "log", "image": "log"}, {"name": "web", "image": image}]}}
    spec = cast("Json", more.pop("spec", {}))
    return {
        "kind": kind,
        "metadata": {
            "name": name,
            "generation": 3,
            "resourceVersion": "17",
            **cast("Json", more.pop("meta", {})),
        },
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
        **more,
    }


def replicas(name: str, image: str, ready: int) -> Json:
    return made("ReplicaSet", name, image, meta={"labels": {HASH: name}}, status={"readyReplicas": ready})


async def look(tmp_path: Path, *found: Json, **owner: str) -> Steered:
    web: Component = component(provider="kubernetes", kubernetes=WHERE.model_copy(update=owner))
    assert web.kubernetes is not None
    return await owner_of(web, Kubectl(web.kubernetes, tmp_path, runner=Cluster(*found))).look()


SETS = (replicas("old", OLD, 3), replicas("new", NEW, 1))
UNDER_WAY: Json = {"observedGeneration": "3", "currentPodHash": "new", "stableRS": "old"}
WEIGHTS: Json = {"canary": {"weight": 10}, "stable": {"weight": 90}}
STEPS: Json = {
    "strategy": {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}, {"pause": {"duration": 9}}]}}
}


def because(reason: str) -> list[Json]:
    return [{"reason": reason, "startTime": "2026-01-01T00:00:00Z"}]


@pytest.mark.parametrize(
    ("status", "state", "words", "share"),
    [
        ({"phase": "Healthy", "stableRS": "new"}, State.DONE, "Healthy", 100),
        ({"phase": "Healthy", "stableRS": "new", "observedGeneration": "2"}, State.UNDER_WAY, "not ", 100),
        ({"phase": "Healthy"}, State.UNDER_WAY, "Healthy", 25),
        ({"phase": "Progressing", "message": "more"}, State.UNDER_WAY, "Progressing: more", 25),
        ({"phase": "Degraded", "message": "RolloutAborted: no"}, State.FAILED, "RolloutAborted", 25),
        ({"phase": "Paused", "currentStepIndex": 1}, State.WAITS, "step 2 of 3; a person lets it go on", 25),
        ({"phase": "Paused", "currentStepIndex": 2}, State.UNDER_WAY, "Paused, step 3 of 3", 25),
        (
            {"phase": "Paused", "currentStepIndex": 2, "pauseConditions": because("CanaryPauseStep")},
            State.UNDER_WAY, "Paused, step 3 of 3", 25,
        ),
        (
            {"phase": "Paused", "currentStepIndex": 2, "pauseConditions": because("InconclusiveAnalysisRun")},
            State.WAITS, "step 3 of 3; a person lets it go on", 25,
        ),
        (
            {"phase": "Progressing", "canary": {"weights": WEIGHTS}},
            State.UNDER_WAY, "Progressing", 10,
        ),
    ],
)  # fmt: skip
async def test_a_rollout_tells_how_far_it_is(
    tmp_path: Path, status: Json, state: State, words: str, share: int
) -> None:
    found = made("Rollout", spec=STEPS, status={**UNDER_WAY, **status})

    seen = await look(tmp_path, found, *SETS, rollout="shop")

    assert (seen.state, seen.share, seen.image) == (state, share, NEW)
    assert words in seen.words


async def test_what_is_active_has_the_traffic_of_a_blue_green_rollout(tmp_path: Path) -> None:
    spec: Json = {"strategy": {"blueGreen": {"activeService": "shop"}}}
    shares: list[int] = []
    for active in ("old", "new"):
        status = {**UNDER_WAY, "phase": "Paused", "blueGreen": {"activeSelector": active}}
        shares.append(
            (await look(tmp_path, made("Rollout", spec=spec, status=status), *SETS, rollout="shop")).share
        )

    assert shares == [0, 100]


@pytest.mark.parametrize(("seconds", "state"), [(None, State.WAITS), (30, State.UNDER_WAY)])
async def test_a_pause_of_a_blue_green_rollout_is_for_a_person_unless_time_ends_it(
    tmp_path: Path, seconds: int | None, state: State
) -> None:
    told = {"activeService": "shop", "autoPromotionEnabled": False, "autoPromotionSeconds": seconds}
    status = {**UNDER_WAY, "phase": "Paused", "message": "BlueGreenPause"}
    found = made("Rollout", spec={"strategy": {"blueGreen": told}}, status=status)

    seen = await look(tmp_path, found, *SETS, rollout="shop")

    assert seen.state is state
    assert ("promote shop" in seen.words) is (state is State.WAITS)


def of(kind: str = "Deployment") -> Json:
    return {"workloadRef": {"kind": kind, "name": "web"}}


@pytest.mark.parametrize(
    ("read", "state"), [("3", State.DONE), ("2", State.UNDER_WAY), ("", State.UNDER_WAY)]
)
async def test_the_image_of_a_rollout_may_be_that_of_a_deployment(
    tmp_path: Path, read: str, state: State
) -> None:
    status = {**healthy("new"), "workloadObservedGeneration": read}
    rollout = {**made("Rollout", status=status), "spec": of()}

    seen = await look(tmp_path, rollout, made("Deployment", "web"), *SETS, rollout="shop")

    assert (seen.target.kind, seen.target.name, seen.image) == (Kind.DEPLOYMENT, "web", NEW)
    assert (seen.state, seen.new) == (state, f"app=shop,{HASH}=new")


OTHER: Json = {"targetRef": {"kind": "DaemonSet", "name": "shop"}}
CANARY: Json = {"targetRef": {"kind": "Deployment", "name": "shop"}}
ROLLED: Json = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("phase", "primary", "state", "words"),
    [
        ("Succeeded", NEW, State.DONE, "Succeeded"),
        ("Failed", NEW, State.DONE, "Failed"),
        ("Succeeded", OLD, State.UNDER_WAY, "has not taken the image up yet"),
        ("Failed", OLD, State.FAILED, "Failed: no more checks (2 failed checks)"),
        ("Progressing", OLD, State.UNDER_WAY, "20 % of the traffic"),
        ("Finalising", NEW, State.UNDER_WAY, "Finalising"),
        ("WaitingPromotion", OLD, State.WAITS, "its webhook waits"),
        ("", OLD, State.UNDER_WAY, "new"),
    ],
)
async def test_a_canary_tells_how_far_it_is(
    tmp_path: Path, phase: str, primary: str, state: State, words: str
) -> None:
    said = [{"type": "Promoted", "message": "no more checks"}]
    status = {
        "phase": phase,
        "canaryWeight": 20,
        "failedChecks": 2,
        "lastAppliedSpec": "5",
        "conditions": said,
    }
    canary: Json = {"kind": "Canary", "metadata": {"name": "shop"}, "spec": CANARY, "status": status}
    both = (made("Deployment"), made("Deployment", "shop-primary", primary, status=ROLLED))

    seen = await look(tmp_path, canary, *both, canary="shop")

    assert (seen.state, seen.mark, seen.stable) == (state, "5", primary)
    assert words in seen.words
    assert seen.share == (100 if primary == NEW else 20)


@pytest.mark.parametrize(
    ("found", "owner", "said"),
    [
        ((), {"rollout": "shop"}, "there is no Rollout shop in the namespace shop"),
        ((), {"canary": "shop"}, "there is no Canary shop in the namespace shop"),
        ((made("Rollout", spec=of("ReplicaSet")),), {"rollout": "shop"}, "the pod template of a ReplicaSet"),
        ((made("Rollout", spec=of()),), {"rollout": "shop"}, "there is no Deployment web, whose"),
        ((made("Rollout", status={"phase": 3}),), {"rollout": "shop"}, "is not as Argo describes it: 1"),
        ((made("Canary", spec=OTHER),), {"canary": "shop"}, "the Canary shop steers a DaemonSet"),
        ((made("Canary"),), {"canary": "shop"}, "is not as Flagger describes it"),
        ((made("Canary", spec=CANARY),), {"canary": "shop"}, "no Deployment of the Canary shop, called shop"),
        ((made("Rollout", spec={"selector": {}}),), {"rollout": "shop"}, "finds its pods by no labels"),
        ((made("Rollout", spec={"template": {}}),), {"rollout": "shop"}, "has no container web: none at all"),
    ],
)  # fmt: skip
async def test_what_cannot_be_handed_over_to_is_named(
    tmp_path: Path, found: tuple[Json, ...], owner: dict[str, str], said: str
) -> None:
    with pytest.raises(OutsideFailed, match=said):
        await look(tmp_path, *found, **owner)


def in_force(
    tmp_path: Path, old: str = OLD, cluster: Callable[..., Cluster] = Cluster
) -> tuple[Component, Handover]:
    """A Rollout that has had version two all along, and nothing before it; version one is not in force."""
    web = component(provider="kubernetes", kubernetes=WHERE.model_copy(update={"rollout": "shop"}))
    layout = Layout(tmp_path)
    images = Images(layout, None, kubernetes_of)
    for slot, one, image in (("blue", ONE, old), ("green", TWO, NEW)):
        found = Artifact(component="web", version=one, digest=image.partition("@")[2], location=image)
        file = layout.root / "images" / "web" / f"{one.tree}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(found.model_dump_json())
        Slots(layout).write("web", slot, Wanted(version=one, wanted=int(slot == "green")))
    answers = cluster(made("Rollout", status=healthy("new")), *SETS)
    return web, Handover(web, Kubectl(kubernetes_of(web), tmp_path, runner=answers), Slots(layout), images)


async def test_traffic_to_two_versions_is_its_owners_business(tmp_path: Path) -> None:
    web, handover = in_force(tmp_path)

    with pytest.raises(EffectRefused, match="its owner shares the traffic, by its own steps"):
        await handover.apply(
            web, SetTraffic(component="web", was={}, weights={"blue": 50, "green": 50}), silent
        )


async def test_what_another_patch_has_brought_about_is_not_sent_again(tmp_path: Path) -> None:
    web, handover = in_force(tmp_path, cluster=Overtaken)

    await handover.apply(web, SetTraffic(component="web", was={"green": 100}, weights={"blue": 100}), silent)

    assert (await handover.seen()).weights == {"blue": 100}


async def test_a_damaged_record_of_what_is_in_force_does_not_stand_in_the_way_back(tmp_path: Path) -> None:
    web, handover = in_force(tmp_path, cluster=Overtaken)
    Layout(tmp_path).slot("web", "green").write_text("{")

    with pytest.raises(ChangedMeanwhile, match="runs another version"):
        await handover.apply(web, SetTraffic(component="web", was={}, weights={"blue": 100}), silent)
    await handover.apply(web, SetTraffic(component="web", was={"green": 100}, weights={"blue": 100}), silent)

    assert (await handover.seen()).weights == {"blue": 100}


async def test_what_had_nothing_before_it_is_not_stopped(tmp_path: Path) -> None:
    web, handover = in_force(tmp_path)

    await handover.apply(web, Stop(component="web", slot="blue", version=ONE, instances=1), silent)
    with pytest.raises(EffectRefused, match="nothing was there before it"):
        await handover.apply(web, Stop(component="web", slot="green", version=TWO, instances=1), silent)

    assert [one.name for one in (await handover.seen()).slots] == ["green"]


async def test_of_two_versions_with_one_image_the_wanted_one_is_shown(tmp_path: Path) -> None:
    _, handover = in_force(tmp_path, old=NEW)

    running = await handover.seen()

    assert ([one.name for one in running.slots], running.weights) == (["green"], {"green": 100})


async def test_a_failure_of_before_is_not_taken_for_one_of_now_but_ends_in_time(tmp_path: Path) -> None:
    in_force(tmp_path)
    web = component(provider="kubernetes", kubernetes=WHERE.model_copy(update={"canary": "shop"}))
    Slots(Layout(tmp_path)).write("web", "green", Wanted(version=TWO, wanted=1, build="5"))
    failed: Json = {"phase": "Failed", "lastAppliedSpec": "5"}
    canary: Json = {"kind": "Canary", "metadata": {"name": "shop"}, "spec": CANARY, "status": failed}
    answers = Cluster(canary, made("Deployment"), made("Deployment", "shop-primary", OLD, status=ROLLED))
    kubectl = Kubectl(kubernetes_of(web), tmp_path, runner=answers)
    images = Images(Layout(tmp_path), None, kubernetes_of)
    handover = Handover(web, kubectl, Slots(Layout(tmp_path)), images, Patience(again=0.01, begin=0.02))
    said: list[str] = []

    with pytest.raises(StartFailed, match="the Canary shop has not taken .* up: Failed"):
        await handover.apply(web, Start(component="web", slot="green", version=TWO, instances=1), said.append)

    assert "the Canary shop: Failed" in said


async def test_a_slot_is_not_taken_from_another_version_whatever_its_image(tmp_path: Path) -> None:
    web, handover = in_force(tmp_path, old=NEW)

    with pytest.raises(StartFailed, match="it must be stopped before v1 starts"):
        await handover.apply(web, Start(component="web", slot="green", version=ONE, instances=1), silent)
