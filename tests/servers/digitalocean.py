"""An App Platform on loopback: one app with a web service and a worker, its deployments, and a registry."""

from __future__ import annotations

import copy
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

from tests.servers.openapi import Description, Json
from tests.servers.pushed import Pushed
from tests.servers.vendor import Call, Pending, Plain, Refusal, Vendor, serving

APP, TOKEN = "4f6c71e2-1e90", "token-of-digitalocean"  # noqa: S105
AT = "2026-01-01T00:00:00Z"
FIRST = f"sha256:{'0' * 64}"
BAD = {
    "crash": "health checks failed",
    "red": "health checks failed",
    "spent": "the account limit of containers is reached",
}


@cache
def description() -> Description:
    return Description(Path(__file__).with_name("digitalocean_openapi.json"))


@dataclass
class DigitalOcean(Pushed, Pending):
    """Everything in one app, whose web service runs what somebody deployed before."""

    spec: Json = field(default_factory=dict[str, object])
    deployments: dict[str, Json] = field(default_factory=dict[str, Json])  # newest last
    does: dict[str, str] = field(default_factory=lambda: {FIRST: "serve"})  # digest → what its program does
    active: str = ""
    pinned: str = ""
    warns: bool = False  # a way back would not lead to just the same
    token: str = TOKEN
    live: str = ""  # where the active deployment's log goes on
    archives: tuple[str, ...] = ()  # where it was put away

    def web(self, spec: Json | None = None) -> Json:
        """The web service of the spec, to be changed."""
        return cast("list[Json]", (spec or self.spec)["services"])[0]

    def put(self, digest: str) -> str:
        """Somebody chooses another image."""
        self.web()["image"] = {"registry_type": "DOCR", "repository": "shop", "digest": digest}
        return self.deploy()

    def deploy(self) -> str:
        """A deployment of the spec begins; its id."""
        name = f"dep{len(self.deployments) + 1}"
        for one in self.deployments.values():
            if one["phase"] in ("PENDING_BUILD", "DEPLOYING"):
                one["phase"] = "SUPERSEDED"
        spec = copy.deepcopy(self.spec)
        self.deployments[name] = {"id": name, "phase": "DEPLOYING", "spec": spec, "updated_at": AT}
        self.later(lambda: self._deployed(name))
        return name

    def _deployed(self, name: str) -> None:
        found = self.deployments[name]
        digest = cast("Json", self.web(cast("Json", found["spec"]))["image"]).get("digest", "")
        does = self.does.get(str(digest), "")
        if found["phase"] != "DEPLOYING" or does == "hang":
            return
        if does in BAD:
            reason = {"code": "DeployContainerHealthChecksFailed", "message": BAD[does]}
            step = {"name": "deploy", "component_name": "web", "status": "ERROR", "reason": reason}
            whole = {"name": "deploy", "status": "ERROR", "steps": [step]}
            found |= {"phase": "ERROR", "progress": {"error_steps": 1, "steps": [whole]}}
            return
        if self.active:
            self.deployments[self.active]["phase"] = "SUPERSEDED"
        found["phase"], self.active = "ACTIVE", name

    # what the API does

    def show(self, call: Call) -> Json:
        self.turn()
        self._ours(call)
        told: Json = {"id": APP, "spec": copy.deepcopy(self.spec)}
        if self.active:
            told["active_deployment"] = self.deployments[self.active]
        if self.pinned:
            told["pinned_deployment"] = self.deployments[self.pinned]
        for one in self.deployments.values():
            if one["phase"] == "DEPLOYING":
                told["in_progress_deployment"] = one
        return {"app": told}

    def update(self, call: Call) -> Json:
        self._ours(call)
        self._loose()
        spec = cast("Json", call.body["spec"])
        for one in cast("list[Json]", spec["services"]):
            image = cast("Json", one.get("image", {}))
            if image.get("digest") and (image.get("tag") or image.get("deploy_on_push")):
                raise Refusal(422, "tag and deploy_on_push cannot be specified with digest", "unprocessable")
        self.spec = spec
        name = self.deploy()
        told: Json = {"id": APP, "spec": spec, "pending_deployment": self.deployments[name]}
        return {"app": told}

    def list(self, call: Call) -> Json:
        self.turn()
        self._ours(call)
        return {"deployments": list(reversed(self.deployments.values()))}

    def deployment(self, call: Call) -> Json:
        self.turn()
        return {"deployment": self.deployments[self._ours(call)]}

    def validate(self, call: Call) -> Json:
        self._ours(call)
        found = self.deployments[str(call.body["deployment_id"])]
        if found["phase"] not in ("ACTIVE", "SUPERSEDED"):
            return {"valid": False, "error": {"code": "incompatible_phase", "message": "not suitable"}}
        missing = {"code": "image_source_missing_digest", "components": ["worker"], "message": "not the same"}
        return {"valid": True, "warnings": [missing] if self.warns else []}

    def rollback(self, call: Call) -> Json:
        self._ours(call)
        self._loose()
        self.spec = copy.deepcopy(cast("Json", self.deployments[str(call.body["deployment_id"])]["spec"]))
        name = self.deploy()
        self.pinned = "" if call.body.get("skip_pin") else name
        return {"deployment": {**self.deployments[name], "cloned_from": call.body["deployment_id"]}}

    def health(self, call: Call) -> Json:
        self.turn()
        self._ours(call)
        spec = cast("Json", self.deployments[self.active]["spec"]) if self.active else self.spec
        service = self.web(spec)
        count = cast("int", service.get("instance_count", 1))
        digest = str(cast("Json", service["image"]).get("digest", ""))
        ready = 0 if self.does.get(digest) == "limp" else count
        told: Json = {"name": "web", "replicas_desired": count, "replicas_ready": ready, "state": "HEALTHY"}
        return {"app_health": {"components": [told, {"name": "worker", "replicas_ready": 1}]}}

    def logs(self, call: Call) -> Json:
        self._ours(call)
        if call.params["component_name"] != "web" or call.query["type"] != "RUN":
            raise Refusal(404, "component not found", "not_found")
        live: Json = {"live_url": self.live} if self.live else {}
        return {"historic_urls": [*self.archives], **live}

    def _ours(self, call: Call) -> str:
        name = call.params.get("deployment_id", "")
        is_ours = (call.params.get("id") or call.params.get("app_id")) == APP
        if not is_ours or (name and name not in self.deployments):
            raise Refusal(404, "The resource you requested could not be found.", "not_found")
        return name

    def _loose(self) -> None:
        if self.pinned:
            raise Refusal(409, "the app is pinned to a rollback deployment", "conflict")

    def outside(self, verb: str, path: str, body: str) -> Plain | None:  # noqa: ARG002
        """The registry."""
        return self.manifest(path)


def _error(refusal: Refusal) -> Json:
    return {"id": refusal.code or "error", "message": refusal.said}


@contextmanager
def digitalocean() -> Generator[tuple[DigitalOcean, Vendor]]:
    """An app that runs what somebody deployed before, beside a worker of somebody else."""
    world = DigitalOcean()
    app = "/v2/apps/{app_id}"
    routes = {
        ("get", "/v2/apps/{id}"): world.show,
        ("put", "/v2/apps/{id}"): world.update,
        ("get", f"{app}/deployments"): world.list,
        ("get", f"{app}/deployments/{{deployment_id}}"): world.deployment,
        ("post", f"{app}/rollback"): world.rollback,
        ("post", f"{app}/rollback/validate"): world.validate,
        ("get", f"{app}/deployments/{{deployment_id}}/components/{{component_name}}/logs"): world.logs,
        ("get", f"{app}/health"): world.health,
    }
    vendor = Vendor(
        description(),
        routes,
        _error,
        outside=world.outside,
        is_known=lambda token: token == world.token,
    )
    with serving(vendor):
        world.url = vendor.url
        image: Json = {"registry_type": "DOCR", "repository": "shop", "tag": "first"}
        web: Json = {"name": "web", "image": image, "http_port": 8080, "instance_count": 1}
        worker: Json = {"name": "worker", "image": {"registry_type": "GHCR", "repository": "worker"}}
        world.spec = {"name": "shop", "region": "fra", "services": [web], "workers": [worker]}
        world.deploy()
        world.settle()
        yield world, vendor
