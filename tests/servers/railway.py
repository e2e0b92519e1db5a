"""A Railway on loopback: one service of an environment and its deployments, asked in GraphQL."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

from tests.servers.graphql import Schema
from tests.servers.openapi import Description, Json
from tests.servers.pushed import Pushed
from tests.servers.vendor import Call, Pending, Plain, Refusal, Vendor, serving

ENVIRONMENT, SERVICE = "22222222-2222-2222-2222-222222222222", "33333333-3333-3333-3333-333333333333"
TOKEN = "token-of-railway"  # noqa: S105  of nothing
UNDER_WAY = ("INITIALIZING", "DEPLOYING")


@cache
def description() -> Description:
    return Description(Path(__file__).with_name("railway_openapi.json"))


@cache
def schema() -> Schema:
    return Schema(Path(__file__).with_name("railway_schema.graphql"))


@dataclass
class Fails:
    """What is answered the next time that `field` is asked for, with the status 200."""

    field: str
    said: str
    code: str = "INTERNAL_SERVER_ERROR"
    is_after: bool = False  # it is done all the same


@dataclass
class Railway(Pushed, Pending):
    """One service; whoever makes a deployment, the newest that is well has the domain."""

    image: str = "hello"
    health: str = ""
    deployments: dict[str, Json] = field(default_factory=dict[str, Json])  # newest last
    logs: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    fails: list[Fails] = field(default_factory=list[Fails])
    token: str = TOKEN
    scope: str = "project"
    lag: int = 0  # how often a question is answered as it was, after something was ordered
    _shown: dict[str, str] = field(default_factory=dict[str, str])
    _old: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    _unseen: dict[str, int] = field(default_factory=dict[str, int])  # deployment → how often it is not found

    @property
    def live(self) -> Json | None:
        found = [one for one in self.deployments.values() if one["status"] == "SUCCESS"]
        return found[-1] if found else None

    def root(self) -> Mapping[str, Json]:
        """What GraphQL finds behind each field."""
        return {
            "query": {
                "serviceInstance": self._instance,
                "deployment": self._deployment,
                "deploymentLogs": self._logs,
            },
            "mutation": {
                "serviceInstanceUpdate": self._update,
                "serviceInstanceDeployV2": self._deploy,
                "deploymentCancel": self._cancel,
                "deploymentRemove": self._remove,
            },
        }

    def answer(self, call: Call) -> Json:
        self.turn()
        text = str(call.body["query"])
        fails = next((one for one in self.fails if one.field in text), None)
        if fails is not None:
            self.fails.remove(fails)
        if fails is None or fails.is_after:
            data = self._data(text, cast(Json, call.body.get("variables", {})))
            if fails is None:
                return {"data": data}
        return _errors(fails.said, fails.code)

    def _data(self, text: str, variables: Json) -> Json:
        """The answer now, or the one before the last order."""
        what = f"{text} {variables}"
        if self._old.get(what):
            return cast(Json, json.loads(self._old[what].pop()))
        said = schema().answer(text, variables, self.root())
        if text.startswith("query"):
            self._shown[what] = json.dumps(said)
        else:
            self._old = {one: [shown] * self.lag for one, shown in self._shown.items()}
        return said

    def begin(self, image: str = "") -> str:
        """A deployment of the service; its id."""
        name = f"d{len(self.deployments) + 1}"
        self._unseen[name] = self.lag
        self.deployments[name] = {
            "id": name,
            "status": "INITIALIZING",
            "createdAt": f"2026-01-01T00:{len(self.deployments):02}:00.000Z",
            "meta": {"image": image or self.image},
            "instances": [],
        }
        self.later(lambda: self._end(name))
        return name

    def _end(self, name: str) -> None:
        found = self.deployments[name]
        if found["status"] not in UNDER_WAY:
            return
        image = str(cast(Json, found["meta"])["image"])
        if self.does.get(image.partition("@")[2], "serve") != "serve":
            found["status"], self.logs[name] = "FAILED", ["cannot find the database", "crash: ended with 3"]
            return
        for one in self.deployments.values():
            if one["status"] == "SUCCESS":
                one |= {"status": "REMOVED", "instances": []}
        found |= {"status": "SUCCESS", "instances": [{"id": f"{name}-1", "status": "RUNNING"}]}
        self.logs[name] = ["listening"]

    def _instance(self, environmentId: str, serviceId: str) -> Json:  # noqa: N803
        if (environmentId, serviceId) != (ENVIRONMENT, SERVICE):
            raise Missing("ServiceInstance not found")
        newest = list(self.deployments.values())[-1:]
        active = [one for one in self.deployments.values() if one["status"] in ("SUCCESS", *UNDER_WAY)]
        told: Json = {"serviceName": "shop", "source": {"image": self.image, "repo": None}}
        return {**told, "latestDeployment": newest[0] if newest else None, "activeDeployments": active}

    def _deployment(self, id: str) -> Json:
        self._unseen[id] = self._unseen.get(id, 0) - 1
        if id not in self.deployments or self._unseen[id] >= 0:
            raise Missing("Deployment not found")
        return self.deployments[id]

    def _logs(self, deploymentId: str, limit: int) -> list[Json]:  # noqa: N803
        self._deployment(deploymentId)
        return [{"message": line} for line in self.logs.get(deploymentId, [])[-limit:]]

    def _update(self, environmentId: str, serviceId: str, input: Json) -> bool:  # noqa: N803
        self._instance(environmentId, serviceId)
        self.image = str(cast(Json, input["source"])["image"])
        self.health = str(input["healthcheckPath"])
        return True

    def _deploy(self, environmentId: str, serviceId: str) -> str:  # noqa: N803
        self._instance(environmentId, serviceId)
        return self.begin()

    def _cancel(self, id: str) -> bool:
        self._deployment(id)["status"] = "REMOVED"
        return True

    def _remove(self, id: str) -> bool:
        self._deployment(id)["status"] = "REMOVING"
        self.later(lambda: self.deployments[id].update(status="REMOVED"))
        return True

    def outside(self, verb: str, path: str, body: str) -> Plain | None:  # noqa: ARG002
        return self.manifest(path)


class Missing(Exception):
    """There is no such thing."""


def _errors(said: str, code: str = "INTERNAL_SERVER_ERROR") -> Json:
    return {"data": None, "errors": [{"message": said, "extensions": {"code": code}}]}


@contextmanager
def railway() -> Generator[tuple[Railway, Vendor]]:
    """A service that says hello."""
    world = Railway()

    def ask(call: Call) -> Json:
        proof = vendor.headers[-1]
        name, value = ("project-access-token", world.token)
        if world.scope == "account":
            name, value = "authorization", f"Bearer {world.token}"
        if {key.lower(): one for key, one in proof.items()}.get(name) != value:
            return _errors("Not Authorized")
        try:
            return world.answer(call)
        except Missing as problem:
            return _errors(str(problem))
        except AssertionError as problem:
            vendor.wrong.append(f"GraphQL: {problem}")
            return _errors(str(problem), "GRAPHQL_VALIDATION_FAILED")

    vendor = Vendor(description(), {("post", "/graphql/v2"): ask}, _error, outside=world.outside)
    with serving(vendor):
        world.url = vendor.url
        hello = world.begin()
        world.settle()
        assert world.live is not None and world.live["id"] == hello
        yield world, vendor


def _error(refusal: Refusal) -> Json:
    return {"errors": [{"message": refusal.said}]}
