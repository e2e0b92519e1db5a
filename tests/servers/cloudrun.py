"""A Google Cloud Run on loopback: services, revisions, operations, with a registry and who gives tokens."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import cast

from tests.servers.cloud_logging import CloudLogging
from tests.servers.google_tokens import EMAIL, TokenGiver
from tests.servers.openapi import Description, Json
from tests.servers.pushed import Pushed
from tests.servers.vendor import Call, Pending, Plain, Refusal, Vendor, serving

PROJECT, REGION, SERVICE = "shop-1", "europe-west1", "shop"
PARENT = "/v2/projects/{project}/locations/{location}"
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
AT = "2026-01-01T00:00:00Z"
NO_START = (
    "The user-provided container failed to start and listen on the port defined by PORT=8080"
    " within the allocated timeout."
)

SPENT = "Quota exceeded for total allowable CPU per project per region."


@cache
def description() -> Description:
    return Description(Path(__file__).with_name("cloudrun_openapi.json"))


@dataclass
class Kept:
    """One service."""

    name: str
    template: Json
    traffic: list[Json]
    generation: int = 1
    by: str = EMAIL
    revisions: dict[str, Json] = field(default_factory=dict[str, Json])
    statuses: list[Json] = field(default_factory=list[Json])
    ready: str = ""
    created: str = ""
    problem: str = ""
    is_busy: bool = True

    @property
    def etag(self) -> str:
        return f'"{sha256(f"{self.name}{self.generation}".encode()).hexdigest()[:12]}"'


@dataclass
class CloudRun(Pushed, Pending):
    """Everything in one project."""

    services: dict[str, Kept] = field(default_factory=dict[str, Kept])
    operations: dict[str, Json] = field(default_factory=dict[str, Json])
    account: TokenGiver = field(default_factory=TokenGiver)
    logging: CloudLogging = field(default_factory=lambda: CloudLogging(PROJECT))
    _chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311

    def served(self, service: str = SERVICE) -> str:
        """The revision that answers one request from outside."""
        shares = [(str(one["revision"]), cast(int, one.get("percent", 0))) for one in self._open(service)]
        return self._chance.choices([one for one, _ in shares], [share for _, share in shares])[0]

    def _open(self, service: str) -> list[Json]:
        return [one for one in self.services[service].statuses if one.get("percent")]

    def begin(self, done: Callable[[Json], None]) -> Json:
        """An operation that ends by `done`, which may write into it."""
        name = f"projects/{PROJECT}/locations/{REGION}/operations/o{len(self.operations) + 1}"
        self.operations[name] = {"name": name, "done": False}

        def over() -> None:
            done(self.operations[name])
            self.operations[name]["done"] = True

        self.later(over)
        return dict(self.operations[name])

    def unwrite(self, slot: str) -> None:
        """The revision of a slot does not say any more which version it is."""
        kept = self.services[SERVICE]
        name = next(str(one["revision"]) for one in kept.statuses if one.get("tag") == slot)
        notes = cast("dict[str, str]", kept.revisions[name]["annotations"])
        kept.revisions[name]["annotations"] = {**notes, "orchestrate/version": "v1, I think"}

    # what the API does

    def show(self, call: Call) -> Json:
        self.turn()
        kept = self._kept(call)
        state = "CONDITION_FAILED" if kept.problem else "CONDITION_SUCCEEDED"
        ready: Json = {"type": "Ready", "state": "CONDITION_RECONCILING" if kept.is_busy else state}
        return {
            "name": f"{_parent(call)}/services/{kept.name}",
            "etag": kept.etag,
            "generation": str(kept.generation),
            "uri": f"{self.url}/serve/{kept.name}",
            "lastModifier": kept.by,
            "template": kept.template,
            "traffic": kept.traffic,
            "trafficStatuses": kept.statuses,
            "latestReadyRevision": f"{_parent(call)}/services/{kept.name}/revisions/{kept.ready}",
            "latestCreatedRevision": f"{_parent(call)}/services/{kept.name}/revisions/{kept.created}",
            "reconciling": kept.is_busy,
            "terminalCondition": {**ready, "message": kept.problem} if kept.problem else ready,
        }

    def revision(self, call: Call) -> Json:
        self.turn()
        found = self._kept(call).revisions.get(call.params["revision"])
        if found is None:
            raise Refusal(404, f"Revision '{call.params['revision']}' not found.", "NOT_FOUND")
        return found

    def operation(self, call: Call) -> Json:
        self.turn()
        name = f"{_parent(call)}/operations/{call.params['operation']}"
        if name not in self.operations:
            raise Refusal(404, "operation not found", "NOT_FOUND")
        return dict(self.operations[name])

    def create(self, call: Call) -> Json:
        name = call.query["serviceId"]
        if name in self.services:
            raise Refusal(409, f"Resource '{name}' already exists.", "ALREADY_EXISTS")
        kept = Kept(name, cast(Json, call.body["template"]), cast("list[Json]", call.body.get("traffic", [])))
        self._make(kept)
        self.services[name] = kept
        return self.begin(self._reconciling(kept))

    def patch(self, call: Call, by: str = EMAIL) -> Json:
        kept = self._kept(call)
        if call.body.get("etag") not in (None, kept.etag):
            raise Refusal(409, "Conflict for resource: version was specified but is not current.", "ABORTED")
        mask = call.query.get("updateMask", "template,traffic").split(",")
        template = cast(Json, call.body["template"]) if "template" in mask else kept.template
        if "traffic" in mask:
            traffic = cast("list[Json]", call.body.get("traffic", []))
            _check_traffic(traffic, {*kept.revisions, str(template.get("revision"))})
            kept.traffic = traffic
        if "template" in mask and template != kept.template:
            _check_name(kept, template)
            kept.template = template
            self._make(kept)
        kept.generation, kept.by, kept.is_busy = kept.generation + 1, by, True
        return self.begin(self._reconciling(kept))

    def delete(self, call: Call) -> Json:
        kept = self._kept(call)

        def gone(_: Json) -> None:
            self.services.pop(kept.name, None)

        return self.begin(gone)

    def _kept(self, call: Call) -> Kept:
        name = call.params["service"]
        if name not in self.services or (call.params["project"], call.params["location"]) != (
            PROJECT,
            REGION,
        ):
            raise Refusal(404, f"Resource '{name}' of kind 'SERVICE' does not exist.", "NOT_FOUND")
        return self.services[name]

    def _make(self, kept: Kept) -> None:
        """A revision of the template, unless there is that already."""
        name = str(kept.template.get("revision") or f"{kept.name}-{len(kept.revisions) + 1:05}-abc")
        if not name.startswith(f"{kept.name}-") or len(name) > 63:
            raise Refusal(400, f"revision name '{name}' must begin with '{kept.name}-'", "INVALID_ARGUMENT")
        kept.created = name
        told = ("annotations", "scaling", "containers")
        usual = {key: value for key, value in kept.template.items() if key in told}
        waiting: Json = {"type": "Ready", "state": "CONDITION_RECONCILING"}
        full = f"projects/{PROJECT}/locations/{REGION}/services/{kept.name}/revisions/{name}"
        kept.revisions.setdefault(name, {"name": full, **usual, "createTime": AT, "conditions": [waiting]})

    def _reconciling(self, kept: Kept) -> Callable[[Json], None]:
        made = kept.created
        return lambda operation: self._reconcile(kept, made, operation)

    def _reconcile(self, kept: Kept, made: str, operation: Json) -> None:
        revision, kept.is_busy = kept.revisions[made], False
        kept.problem = self._fault(revision)
        state = "CONDITION_FAILED" if kept.problem else "CONDITION_SUCCEEDED"
        condition: Json = {"type": "Ready", "state": state}
        revision["conditions"] = [{**condition, "message": kept.problem} if kept.problem else condition]
        if kept.problem:
            said = f"Revision '{made}' is not ready and cannot serve traffic. {kept.problem}"
            operation["error"] = {"code": 9, "message": said}
        else:
            kept.ready = made
        wanted = kept.traffic or [{"type": LATEST, "percent": 100}]
        parts = [{**one, "revision": one.get("revision") or kept.ready} for one in wanted]
        if kept.ready and all(self._is_good(kept, str(one["revision"])) for one in parts):
            kept.statuses = parts

    def _fault(self, revision: Json) -> str:
        containers = cast("list[Json]", revision["containers"])
        container = next((one for one in containers if one.get("ports")), containers[0])
        image = str(container["image"])
        does = self.does.get(image.rpartition("@")[2])
        if does is None:
            return f"Image '{image}' not found."
        return {"crash": NO_START, "spent": SPENT}.get(does, "")

    def _is_good(self, kept: Kept, name: str) -> bool:
        conditions = cast("list[Json]", kept.revisions[name]["conditions"])
        return conditions[0]["state"] == "CONDITION_SUCCEEDED"

    def outside(self, verb: str, path: str, body: str) -> Plain | None:
        """The registry, who gives tokens, and the deployed program."""
        if path == "/token":
            return self.account.give(body)
        if path.startswith("/serve/"):
            revision = self.served(path.removeprefix("/serve/"))
            return Plain(body={"revision": revision})
        return self.manifest(path)


def _check_name(kept: Kept, template: Json) -> None:
    name = str(template.get("revision") or "")
    made = kept.revisions.get(name)
    if made is not None and any(made.get(key) != template.get(key) for key in ("containers", "scaling")):
        said = f"Revision named '{name}' with different configuration already exists."
        raise Refusal(409, said, "ALREADY_EXISTS")


def _check_traffic(traffic: list[Json], known: set[str]) -> None:
    tags = [one["tag"] for one in traffic if one.get("tag")]
    if traffic and sum(cast(int, one.get("percent", 0)) for one in traffic) != 100:
        raise Refusal(400, "Traffic targets should sum up to 100.", "INVALID_ARGUMENT")
    if len(tags) != len(set(tags)):
        raise Refusal(400, "tag is used more than once", "INVALID_ARGUMENT")
    for one in traffic:
        if one.get("type") == REVISION and one.get("revision") not in known:
            raise Refusal(400, f"Revision '{one.get('revision')}' not found.", "INVALID_ARGUMENT")


def _parent(call: Call) -> str:
    return f"projects/{call.params['project']}/locations/{call.params['location']}"


def _error(refusal: Refusal) -> Json:
    return {"error": {"code": refusal.status, "message": refusal.said, "status": refusal.code}}


@contextmanager
def cloud_run() -> Generator[tuple[CloudRun, Vendor]]:
    """A project in which nothing runs."""
    world = CloudRun()
    routes = {
        ("post", f"{PARENT}/services"): world.create,
        ("get", f"{PARENT}/services/{{service}}"): world.show,
        ("patch", f"{PARENT}/services/{{service}}"): world.patch,
        ("delete", f"{PARENT}/services/{{service}}"): world.delete,
        ("get", f"{PARENT}/services/{{service}}/revisions/{{revision}}"): world.revision,
        ("get", f"{PARENT}/operations/{{operation}}"): world.operation,
        ("post", "/v2/entries:list"): world.logging.list,
    }
    vendor = Vendor(
        description(),
        routes,
        _error,
        outside=world.outside,
        is_known=lambda token: token in world.account.tokens,
    )
    with serving(vendor):
        world.url = world.account.url = vendor.url
        yield world, vendor
