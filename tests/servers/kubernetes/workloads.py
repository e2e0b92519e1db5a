"""Workloads that a team has given to Argo Rollouts or to Flagger, and what people do with them."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import cast

from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.front import ready
from tests.servers.kubernetes.pods import Json
from tests.servers.loopback import on_loopback

ROLLOUTS, CANARIES = "apis/argoproj.io/v1alpha1", "apis/flagger.app/v1beta1"
APPS = "apis/apps/v1"
PATIENCE = 60.0
LATE, SOON = 60, 5  # seconds after which an owner gives up; a machine under load takes its time
LABELS: Json = {"app": "shop"}
MERGE = {"content-type": "application/merge-patch+json"}


@dataclass(frozen=True)
class Team:
    """Somebody with all rights in one namespace."""

    cluster: Cluster
    namespace: str
    program: str = "service.py"
    pause: int = 0  # seconds in which routers learn that a pod leaves

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

    def make_service(self, name: str = "shop") -> None:
        """Leads to every ready pod; Argo Rollouts narrows it down where it is named in a Rollout."""
        spec: Json = {"selector": LABELS, "ports": [{"port": 80, "targetPort": 8000}]}
        self.make("api/v1", "services", {"metadata": {"name": name}, "spec": spec})

    def behind(self, service: str = "shop") -> set[str]:
        """The images of the pods to which the Service leads now."""
        with self.cluster.client() as client:
            found = ready(client, self.namespace, service)
            pods = cast(
                "list[Json]", client.get(self._path("api/v1", "pods")).raise_for_status().json()["items"]
            )
        addresses = {one.partition(":")[0] for one in found}
        return {
            str(cast("list[Json]", cast("Json", one["spec"])["containers"])[0]["image"])
            for one in pods
            if cast("Json", one["status"]).get("podIP") in addresses
        }

    def hurry(self, group: str = ROLLOUTS, kind: str = "rollouts") -> None:
        """From now on its owner gives up soon: what comes does not get well."""
        self.change(group, kind, "shop", {"spec": {"progressDeadlineSeconds": SOON}})

    def promote(self) -> None:
        """What `kubectl argo rollouts promote` does with a pause."""
        self.change(ROLLOUTS, "rollouts", "shop/status", {"status": {"pauseConditions": None}})

    def abort(self) -> None:
        """What `kubectl argo rollouts abort` does."""
        self.change(ROLLOUTS, "rollouts", "shop/status", {"status": {"abort": True}})

    async def make_rollout(self, image: str, *steps: Json, **spec: object) -> None:
        """A Rollout of two pods, healthy; its template is its own, unless `workloadRef` names another one."""
        body: Json = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": {"name": "shop"},
            "spec": {
                "replicas": 2,
                "revisionHistoryLimit": 2,
                "progressDeadlineSeconds": LATE,
                "strategy": {"canary": {"steps": list(steps), "maxSurge": 1, "maxUnavailable": 0}},
                **({} if "workloadRef" in spec else self._workload(image)),
                **spec,
            },
        }
        self.make(ROLLOUTS, "rollouts", body)
        await until(lambda: phase_of(self.rollout()) == "Healthy")

    def make_deployment(self, image: str, name: str = "shop") -> None:
        """A Deployment of one pod."""
        spec: Json = {"replicas": 1, **self._workload(image)}
        self.make(APPS, "deployments", {"metadata": {"name": name}, "spec": spec})

    async def make_canary(self, image: str, **analysis: object) -> None:
        """A Deployment of one pod that Flagger has taken over."""
        canary: Json = {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "metadata": {"name": "shop"},
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
                "progressDeadlineSeconds": LATE,
                "service": {"port": 8000},
                "analysis": {"interval": "1s", "threshold": 2, "iterations": 2, **analysis},
            },
        }
        self.make_deployment(image)
        self.make(CANARIES, "canaries", canary)
        await until(lambda: phase_of(self.canary()) == "Initialized")

    def _workload(self, image: str) -> Json:
        pod: Json = {
            "terminationGracePeriodSeconds": self.pause + 1,
            "containers": [_container(image, self.program, self.pause)],
        }
        return {
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": pod},
        }

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
    return {"spec": {"template": {"spec": {"containers": [_container(image)]}}}}


def _container(image: str, program: str = "service.py", pause: int = 0) -> Json:
    found: Json = {
        "name": "web",
        "image": image,
        "command": [sys.executable, "-S", program, "8000"],
        "env": [
            {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
            for name, path in (("HOST", "status.podIP"), ("INSTANCE", "metadata.name"))
        ],
        "ports": [{"name": "http", "containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 1},
    }
    return found | ({"lifecycle": {"preStop": {"sleep": {"seconds": pause}}}} if pause else {})


@dataclass
class Gate:
    """Somebody whom a webhook asks whether it may go on: no, until it is opened."""

    url: str = ""
    is_open: bool = False
    asked: int = 0


@contextmanager
def gate() -> Generator[Gate]:
    made = Gate()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.asked += 1
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200 if made.is_open else 403)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    with on_loopback(Handler) as made.url:
        yield made
