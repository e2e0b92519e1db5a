"""An Azure Container Apps on loopback: an app, its revisions, replicas and operations, with a registry."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

from tests.servers.entra_tokens import CLIENT, EntraGiver
from tests.servers.openapi import Description, Json
from tests.servers.pushed import Pushed
from tests.servers.vendor import Call, Pending, Plain, Refusal, Vendor, serving

SUBSCRIPTION, GROUP, APP = "34adfa4f-cedf-4dc0-ba29-b6d1a69ab345", "shop-rg", "shop"
PLACE = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.App/containerApps/{app}"
UNDER_WAY = "/subscriptions/{subscription}/providers/Microsoft.App/locations/{location}"
LATEST: Json = {"latestRevision": True, "weight": 100}
LOCKED = f"Cannot modify container App '{APP}' because another modification is in progress. Please retry."
CRASH = "Container crashing: shop. 0/1 replicas ready. The container terminated with exit code '3'."
SPENT = "Maximum Allowed Cores exceeded for the Managed Environment. Please check the quotas."
PAGE = 3  # revisions in one answer


@cache
def description() -> Description:
    return Description(Path(__file__).with_name("containerapps_openapi.json"))


@dataclass
class ContainerApps(Pushed, Pending):
    """One app, made by its people: it says hello, and its traffic goes to the latest revision."""

    account: EntraGiver = field(default_factory=EntraGiver)
    mode: str = "Multiple"
    state: str = "Succeeded"
    template: Json = field(default_factory=lambda: {"containers": [{"name": "app", "image": "hello"}]})
    traffic: list[Json] = field(default_factory=lambda: [LATEST])
    revisions: dict[str, Json] = field(default_factory=dict[str, Json])
    operations: list[Json] = field(default_factory=list[Json])
    changes: int = 0
    by: str = CLIENT
    ready: str = "shop--hello"
    asks_at: str = "Azure-AsyncOperation"  # the header that says where an operation is asked for
    operates_at: str = ""  # the host where an operation is asked for; '': here
    is_halved: bool = False  # of the next shares only the first comes into force
    has_ingress: bool = True
    logs_at: str | None = ""  # where the logs of replicas are; '': here, None: nowhere

    def __post_init__(self) -> None:
        self.does[""] = "serve"
        self._make("shop--hello")
        self._settle("shop--hello")
        self._give()

    def unwrite(self, slot: str) -> None:
        """The revision of a slot does not say any more which version it is."""
        name = next(str(one["revisionName"]) for one in self.traffic if one.get("label") == slot)
        containers = cast("list[Json]", cast(Json, self.facts(name)["template"])["containers"])
        for one in cast("list[Json]", containers[0]["env"]):
            one |= {"value": "v1, I think"} if one["name"] == "ORCHESTRATE" else {}

    # what the API does

    def show(self, call: Call) -> Json:
        self.turn()
        self._here(call)
        configuration: Json = {"activeRevisionsMode": self.mode}
        if self.has_ingress:
            ingress: Json = {"fqdn": f"{self.registry}/at/{APP}", "external": True, "targetPort": 8080}
            configuration["ingress"] = {**ingress, "transport": "auto", "traffic": self.traffic}
        told: Json = {"provisioningState": self.state, "latestReadyRevisionName": self.ready}
        at = f"2026-01-01T00:{self.changes // 60:02}:{self.changes % 60:02}Z"
        return {
            "id": f"/subscriptions/{SUBSCRIPTION}/…/{APP}",
            "name": APP,
            "type": "Microsoft.App/containerApps",
            "location": "West Europe",
            "systemData": {"lastModifiedBy": self.by, "lastModifiedByType": "User", "lastModifiedAt": at},
            "properties": {**told, "configuration": configuration, "template": self.template},
        }

    def list(self, call: Call) -> Json:
        self.turn()
        self._here(call)
        found, first = list(self.revisions.values()), int(call.query.get("$skipToken", "0"))
        page: Json = {"value": found[first : first + PAGE]}
        if first + PAGE < len(found):
            place = PLACE.format(**call.params)
            page["nextLink"] = f"{self.url}{place}/revisions?api-version=2024-03-01&$skipToken={first + PAGE}"
        return page

    def revision(self, call: Call) -> Json:
        self.turn()
        self._here(call)
        name = call.params["revision"]
        if name not in self.revisions:
            raise Refusal(404, f"The revision '{name}' was not found.", "RevisionNotFound")
        return self.revisions[name]

    def replicas(self, call: Call) -> Json:
        name = call.params["revision"]
        facts = self.facts(name)
        return {"value": [self._replica(name, number) for number in range(cast(int, facts["replicas"]))]}

    def log_token(self, call: Call) -> Json:
        self._here(call)
        given: Json = {"token": "token-of-the-logs", "expires": "2026-01-01T01:00:00Z"}
        return {"location": "West Europe", "properties": given}

    def operation(self, call: Call) -> Json:
        self.turn()
        return dict(self.operations[int(call.params["operation"]) - 1])

    def result(self, call: Call) -> Json:
        """What stands at a Location: the app itself, once it is done."""
        self.operation(call)
        return self.show(Call({"subscription": SUBSCRIPTION, "group": GROUP, "app": APP}, {}, {}))

    def patch(self, call: Call, by: str = CLIENT) -> Json:
        self._free(call)
        asked = cast(Json, call.body["properties"])
        wanted = self.template | cast(Json, asked.get("template", {}))
        name = f"{APP}--{wanted.get('revisionSuffix')}" if "template" in asked else ""
        ingress = cast(Json, cast(Json, asked.get("configuration", {})).get("ingress", {}))
        traffic = cast("list[Json]", ingress.get("traffic", self.traffic))
        self._check(traffic, {*self.revisions, name})
        if name in self.revisions:
            raise Refusal(400, f"Revision with suffix '{wanted['revisionSuffix']}' already exists.", "Exists")
        self.template, self.traffic, self.by, self.changes = wanted, traffic, by, self.changes + 1
        if name:
            self._make(name)
        self.state = "InProgress"
        self.operations.append({"id": "…", "status": "InProgress"})
        number = len(self.operations)
        self.later(lambda: self._end(name, number))
        kind = "Statuses" if self.asks_at != "Location" else "Results"
        place = UNDER_WAY.format(subscription=SUBSCRIPTION, location="westeurope")
        where = f"{place}/containerappOperation{kind}/{number}?api-version=2024-03-01"
        call.headers[self.asks_at] = f"{self.operates_at or self.url}{where}"
        return {}

    def activate(self, call: Call) -> Json:
        return self._switch(call, is_on=True)

    def deactivate(self, call: Call) -> Json:
        return self._switch(call, is_on=False)

    def _switch(self, call: Call, *, is_on: bool) -> Json:
        self._free(call)
        name = call.params["revision"]
        facts = self.facts(name)
        self.changes += 1
        facts |= {"active": is_on, "replicas": 0, "runningState": "Processing" if is_on else "Stopped"}
        facts["healthState"] = "None"
        if is_on:
            self.later(lambda: self._restart(name))
        return {}

    def _free(self, call: Call) -> None:
        self._here(call)
        if self.state == "InProgress":
            raise Refusal(409, LOCKED, "ContainerAppLockConflict")

    def _here(self, call: Call) -> None:
        params = call.params
        if (params["subscription"], params["group"], params["app"]) != (SUBSCRIPTION, GROUP, APP):
            said = f"The Resource 'Microsoft.App/containerApps/{params['app']}' was not found."
            raise Refusal(404, said, "ResourceNotFound")

    def _check(self, traffic: list[Json], known: set[str]) -> None:
        names = [str(one.get("revisionName", "latest")) for one in traffic]
        labels = [one["label"] for one in traffic if one.get("label")]
        if self.mode == "Single" and traffic != [LATEST]:
            raise Refusal(400, "Traffic weights need multiple revision mode.", "InvalidTraffic")
        if sum(cast(int, one.get("weight", 0)) for one in traffic) != 100:
            raise Refusal(400, "The weights of the traffic must sum up to 100.", "InvalidTraffic")
        if len({*names}) < len(names) or len({*labels}) < len(labels) or not {*names} <= {*known, "latest"}:
            raise Refusal(400, f"The traffic is not valid: {names}, {labels}", "InvalidTraffic")

    # what becomes of it

    def facts(self, name: str) -> Json:
        if name not in self.revisions:
            raise Refusal(404, f"The revision '{name}' was not found.", "RevisionNotFound")
        return cast(Json, self.revisions[name]["properties"])

    def does_at(self, name: str) -> str | None:
        """What the program of a revision does; None: its image was never pushed."""
        containers = cast("list[Json]", cast(Json, self.facts(name)["template"])["containers"])
        return self.does.get(str(containers[0]["image"]).partition("@")[2])

    def _make(self, name: str) -> None:
        facts: Json = {"createdTime": "2026-01-01T00:00:00Z", "fqdn": f"{self.registry}/at/{name}"}
        waiting: Json = {"active": True, "replicas": 0, "trafficWeight": 0, "healthState": "None"}
        more: Json = {"provisioningState": "Provisioning", "runningState": "Processing"}
        template = json.loads(json.dumps(self.template))
        self.revisions[name] = {
            "name": name,
            "properties": {**facts, **waiting, **more, "template": template},
        }

    def _end(self, name: str, number: int) -> None:
        problem = self._settle(name) if name else ""
        self._give()
        self.state = "Failed" if problem else "Succeeded"
        over: Json = {"id": "…", "status": self.state}
        said = f"Failed to provision revision for container app '{APP}'. Error details: {problem}"
        error: Json = {"error": {"code": "ContainerAppOperationError", "message": said}} if problem else {}
        self.operations[number - 1] = {**over, **error}

    def _restart(self, name: str) -> None:
        self._settle(name)

    def _settle(self, name: str) -> str:
        """The revision runs, or does not; why."""
        facts, does = self.facts(name), self.does_at(name)
        if not facts["active"]:
            return ""
        scale = cast(Json, cast(Json, facts["template"]).get("scale", {}))
        wanted = max(1, cast(int, scale.get("minReplicas", 0)))
        bad = {None: "MANIFEST_UNKNOWN: the image is not found.", "crash": CRASH, "spent": SPENT}
        problem = bad.get(does, "")
        if problem:
            facts |= {"provisioningState": "Failed", "healthState": "Unhealthy", "runningState": "Failed"}
            facts["provisioningError"] = problem
        elif does == "sick":
            facts |= {"provisioningState": "Provisioned", "healthState": "Unhealthy", "replicas": wanted}
            facts["runningState"] = "Degraded"
        else:
            facts |= {"provisioningState": "Provisioned", "healthState": "Healthy", "replicas": wanted}
            facts["runningState"] = "Running"
            self.ready = name
        return problem

    def _give(self) -> None:
        """The shares come into force."""
        wanted = {str(one.get("revisionName", self.ready)): one["weight"] for one in self.traffic}
        if self.is_halved:
            wanted = dict([*wanted.items()][:1])
        for name, one in self.revisions.items():
            cast(Json, one["properties"])["trafficWeight"] = wanted.get(name, 0)

    def _replica(self, revision: str, number: int) -> Json:
        is_sick = self.does_at(revision) == "sick"
        told: Json = {"name": "app", "ready": not is_sick, "started": True, "restartCount": 7 * is_sick}
        told["runningState"] = "Waiting" if is_sick else "Running"
        told["runningStateDetails"] = "CrashLoopBackOff" if is_sick else ""
        if self.logs_at is not None:
            where = self.logs_at or f"{self.url}/logs"
            told["logStreamEndpoint"] = f"{where}/{revision}-{number}/logstream"
        facts: Json = {"createdTime": "2026-01-01T00:00:00Z", "containers": [told]}
        return {"name": f"{revision}-{number}", "properties": {**facts, "runningState": "Running"}}

    def outside(self, verb: str, path: str, body: str) -> Plain | None:  # noqa: ARG002
        """The registry, who gives tokens, and the deployed program at each revision's own address."""
        if path.startswith("/logs/"):
            return Plain(body={"message": "listening"})
        if path.startswith("/at/"):
            name = path.split("/")[2]
            return Plain(500 if self.does_at(name) == "broken" else 200, {"status": "ok", "revision": name})
        return self.account.give(path, body) or self.manifest(path)


def _error(refusal: Refusal) -> Json:
    return {"error": {"code": refusal.code, "message": refusal.said}}


@contextmanager
def container_apps() -> Generator[tuple[ContainerApps, Vendor]]:
    """A subscription with one app."""
    world = ContainerApps()
    routes = {
        ("get", PLACE): world.show,
        ("patch", PLACE): world.patch,
        ("post", f"{PLACE}/getAuthtoken"): world.log_token,
        ("get", f"{PLACE}/revisions"): world.list,
        ("get", f"{PLACE}/revisions/{{revision}}"): world.revision,
        ("get", f"{PLACE}/revisions/{{revision}}/replicas"): world.replicas,
        ("post", f"{PLACE}/revisions/{{revision}}/activate"): world.activate,
        ("post", f"{PLACE}/revisions/{{revision}}/deactivate"): world.deactivate,
        ("get", f"{UNDER_WAY}/containerappOperationStatuses/{{operation}}"): world.operation,
        ("get", f"{UNDER_WAY}/containerappOperationResults/{{operation}}"): world.result,
    }
    vendor = Vendor(
        description(),
        routes,
        _error,
        outside=world.outside,
        is_known=lambda token: token in world.account.tokens,
        statuses={("patch", PLACE): 202},
    )
    with serving(vendor):
        world.url = world.account.url = vendor.url
        yield world, vendor
