"""Workloads that a team has given to Argo Rollouts or to Flagger, and what people do with them."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.pods import Json

ROLLOUTS, CANARIES = "apis/argoproj.io/v1alpha1", "apis/flagger.app/v1beta1"
APPS = "apis/apps/v1"
PATIENCE = 60.0
MERGE = {"content-type": "application/merge-patch+json"}


@dataclass(frozen=True)
class Team:
    """Somebody with all rights in one namespace."""

    cluster: Cluster
    namespace: str

    def make(self, group: str, kind: str, body: Json) -> None:
        with self.cluster.client() as client:
            client.post(self._path(group, kind), json=body).raise_for_status()

    def found(self, group: str, kind: str, name: str) -> Json:
        with self.cluster.client() as client:
            return cast("Json", client.get(f"{self._path(group, kind)}/{name}").raise_for_status().json())

    def change(self, group: str, kind: str, name: str, body: Json) -> None:
        """`name` may end with /status."""
        with self.cluster.client() as client:
            client.patch(f"{self._path(group, kind)}/{name}", json=body, headers=MERGE).raise_for_status()

    def leave(self) -> None:
        """With everything: the node has room for few."""
        with self.cluster.client() as client:
            client.delete(f"/api/v1/namespaces/{self.namespace}").raise_for_status()

    def rollout(self) -> Json:
        return self.found(ROLLOUTS, "rollouts", "shop")

    def canary(self) -> Json:
        return self.found(CANARIES, "canaries", "shop")

    def deployment(self, name: str = "shop") -> Json:
        return self.found(APPS, "deployments", name)

    def allow(self, user: str, *, verbs: list[str], patches: list[str] | None = None) -> None:
        """Give a user of the cluster what docs/providers/kubernetes.md names, or less."""
        groups = {"argoproj.io": ["rollouts"], "flagger.app": ["canaries"], "": ["pods", "pods/log"]}
        groups["apps"] = ["deployments", "replicasets"]
        rules = [{"apiGroups": [one], "resources": some, "verbs": verbs} for one, some in groups.items()]
        if patches:
            rules.append({"apiGroups": ["argoproj.io", "apps"], "resources": patches, "verbs": ["patch"]})
        rights = "apis/rbac.authorization.k8s.io/v1"
        self.make(rights, "roles", {"metadata": {"name": user}, "rules": rules})
        subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
        bound: Json = {"metadata": {"name": user}, "subjects": [subject]}
        bound["roleRef"] = {"kind": "Role", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
        self.make(rights, "rolebindings", bound)

    def promote(self) -> None:
        """What `kubectl argo rollouts promote` does with a pause."""
        self.change(ROLLOUTS, "rollouts", "shop/status", {"status": {"pauseConditions": None}})

    def abort(self) -> None:
        """What `kubectl argo rollouts abort` does."""
        self.change(ROLLOUTS, "rollouts", "shop/status", {"status": {"abort": True}})

    async def make_rollout(self, image: str, *steps: Json, **spec: object) -> None:
        """A Rollout of two pods, healthy."""
        body: Json = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": {"name": "shop"},
            "spec": {
                "replicas": 2,
                "revisionHistoryLimit": 2,
                "progressDeadlineSeconds": 8,
                "strategy": {"canary": {"steps": list(steps), "maxSurge": 1, "maxUnavailable": 0}},
                **_workload(image),
                **spec,
            },
        }
        self.make(ROLLOUTS, "rollouts", body)
        await until(lambda: phase_of(self.rollout()) == "Healthy")

    async def make_canary(self, image: str) -> None:
        """A Deployment of one pod that Flagger has taken over."""
        deployment: Json = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "shop"},
            "spec": {"replicas": 1, **_workload(image)},
        }
        canary: Json = {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "shop"},
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
                "progressDeadlineSeconds": 8,
                "service": {"port": 8000},
                "analysis": {"interval": "1s", "threshold": 2, "iterations": 2},
            },
        }
        self.make(APPS, "deployments", deployment)
        self.make(CANARIES, "canaries", canary)
        await until(lambda: phase_of(self.canary()) == "Initialized")

    def _path(self, group: str, kind: str) -> str:
        return f"/{group}/namespaces/{self.namespace}/{kind}"


def is_healthy(rollout: Json) -> bool:
    """Whether its controller says so of what it is now."""
    status, about = cast("Json", rollout.get("status") or {}), cast("Json", rollout["metadata"])
    return phase_of(rollout) == "Healthy" and status.get("observedGeneration") == str(about["generation"])


def phase_of(found: Json) -> str:
    return str(cast("Json", found.get("status") or {}).get("phase", ""))


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what a controller is to do."""
    end = time.monotonic() + PATIENCE
    while not await asyncio.to_thread(is_so):
        assert time.monotonic() < end, "no controller did it in time"
        await asyncio.sleep(0.2)


def image_of(found: Json) -> str:
    """The image of the first container of an object's pods."""
    pod = cast("Json", cast("Json", cast("Json", found["spec"])["template"])["spec"])
    return str(cast("list[Json]", pod["containers"])[0]["image"])


def with_image(image: str) -> Json:
    """What changes nothing but the image of the container."""
    containers = cast("Json", cast("Json", _workload(image)["template"])["spec"])["containers"]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def _workload(image: str) -> Json:
    labels = {"app": "shop"}
    container: Json = {
        "name": "web",
        "image": image,
        "command": [sys.executable, "-S", "service.py", "8000"],
        "env": [
            {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
            for name, path in (("HOST", "status.podIP"), ("INSTANCE", "metadata.name"))
        ],
        "ports": [{"name": "http", "containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 1},
    }
    pod: Json = {"terminationGracePeriodSeconds": 1, "containers": [container]}
    return {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
