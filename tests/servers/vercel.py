"""A Vercel on loopback: one project, connected with a repository, and its deployments."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

from tests.servers.openapi import Description, Json
from tests.servers.vendor import Call, Pending, Plain, Refusal, Vendor, serving

PROJECT, TEAM, TOKEN, REPO = "prj_shop1", "team_shop", "token-of-vercel", 42
AT = 1_767_225_600_000


@cache
def description() -> Description:
    return Description(Path(__file__).with_name("vercel_openapi.json"))


@dataclass
class Vercel(Pending):
    """Everything in one project."""

    url: str = ""
    deployments: dict[str, Json] = field(default_factory=dict[str, Json])  # newest last
    does: dict[str, str] = field(default_factory=dict[str, str])  # commit → what its build and program do
    published: str = ""
    events: list[Json] = field(default_factory=list[Json])
    follows: bool = False  # each new build gets the domains by itself
    link: str = "github"
    token: str = TOKEN

    def push(self, commit: str, does: str = "serve") -> None:
        """A commit of the connected repository."""
        self.does[commit] = does

    def made(self, commit: str, target: str = "production") -> str:
        """A deployment that begins to be built; its id."""
        name = f"dpl_{len(self.deployments) + 1}"
        self.deployments[name] = {
            "id": name,
            "url": f"{self.url.removeprefix('http://')}/at/{name}",
            "readyState": "QUEUED",
            "target": target,
            "createdAt": AT + len(self.deployments),
            "meta": {"githubCommitSha": commit, "githubCommitRef": "main"},
        }
        self.later(lambda: self._built(self.deployments[name], commit))
        return name

    def _built(self, found: Json, commit: str) -> None:
        if self.does.get(commit) == "red":
            found |= {"readyState": "ERROR", "errorCode": "BUILD_FAILED", "errorMessage": "2 tests failed"}
        else:
            found |= {"readyState": "READY", "readySubstate": "STAGED"}

    # what the API does

    def project(self, call: Call) -> Json:
        self.turn()
        if call.params["idOrName"] not in (PROJECT, "shop") or call.query.get("teamId", TEAM) != TEAM:
            raise Refusal(404, "Project not found.", "not_found")
        link: Json = {"type": self.link, "org": "shop", "repo": "shop", "productionBranch": "main"}
        if self.link == "github":
            link["repoId"] = REPO
        target = self._target(self.deployments[self.published]) if self.published else None
        told: Json = {"id": PROJECT, "name": "shop", "accountId": TEAM, "link": link}
        return {**told, "autoAssignCustomDomains": self.follows, "targets": {"production": target}}

    def list(self, call: Call) -> Json:
        self.turn()
        found = [
            self._item(one)
            for one in reversed(self.deployments.values())
            if one["target"] == call.query.get("target", one["target"])
            and cast("dict[str, str]", one["meta"])["githubCommitSha"].startswith(call.query.get("sha", ""))
        ]
        return {"pagination": {"count": len(found), "next": None, "prev": None}, "deployments": found}

    def deployment(self, call: Call) -> Json:
        self.turn()
        if call.params["idOrUrl"] not in self.deployments:
            raise Refusal(404, "The deployment was not found.", "not_found")
        return {**self.deployments[call.params["idOrUrl"]], "name": "shop", "projectId": PROJECT}

    def say(self, name: str, text: str, kind: str = "stdout", *, is_of_build: bool = False) -> None:
        """A line of a deployment's build, or of a function of it."""
        number = len(self.events)
        usual: Json = {"deploymentId": name, "id": f"e{number}", "date": AT + number, "serial": f"{number}"}
        told = {**usual, "text": text, "info": {"type": "build", "name": "bld_1"}}
        shape = told if is_of_build else {"payload": told}
        self.events.append({"type": kind, "created": AT + number, **shape})

    def log(self, call: Call) -> Json:
        if call.params["idOrUrl"] not in self.deployments:
            raise Refusal(403, "Not authorized", "forbidden")
        newest = [*reversed(self.events)] if call.query.get("direction") == "backward" else self.events
        assigned: Json = {"type": "alias-assigned", "deploymentId": call.params["idOrUrl"], "date": AT}
        more: list[Json | None] = [None, {**assigned, "alias": [], "aliasError": None, "aliasWarning": None}]
        return cast("Json", [*newest[: int(call.query["limit"])], *more])

    def create(self, call: Call) -> Json:
        source = cast("dict[str, str]", call.body["gitSource"])
        if source["sha"] not in self.does:
            raise Refusal(
                400, "The specified commit was not found in the repository.", "incorrect_git_source_info"
            )
        name = self.made(source["sha"], str(call.body["target"]))
        return {**self.deployments[name], "name": "shop", "projectId": PROJECT}

    def promote(self, call: Call) -> Json:
        name = call.params["deploymentId"]
        if call.params["projectId"] != PROJECT or name not in self.deployments:
            raise Refusal(404, "The deployment was not found.", "not_found")
        if name == self.published:
            raise Refusal(409, "The deployment is already the current production deployment.", "conflict")
        if self.deployments[name]["readyState"] != "READY":
            raise Refusal(422, "The deployment is not ready.", "unprocessable")
        self.later(lambda: self.publish(name))
        return {}

    def publish(self, name: str) -> None:
        self.published = name
        self.deployments[name]["readySubstate"] = "PROMOTED"

    def _item(self, one: Json) -> Json:
        left = {key: value for key, value in one.items() if key != "id"}
        told: Json = {"uid": one["id"], "name": "shop", "projectId": PROJECT, "created": one["createdAt"]}
        return {**left, **told, "type": "LAMBDAS", "creator": {"uid": "u1"}, "inspectorUrl": None}

    def _target(self, one: Json) -> Json:
        told: Json = {
            "name": "shop",
            "deploymentHostname": str(one["id"]),
            "createdIn": "fra1",
            "private": False,
        }
        return {**one, **told, "plan": "pro", "type": "LAMBDAS"}

    def outside(self, verb: str, path: str, body: str) -> Plain | None:  # noqa: ARG002
        """The deployed program, at each deployment's own address and at production's."""
        if path.startswith("/live"):
            path = f"/at/{self.published}{path.removeprefix('/live')}"
        if not path.startswith("/at/"):
            return None
        found = self.deployments[path.split("/")[2]]
        commit = cast("dict[str, str]", found["meta"])["githubCommitSha"]
        if self.does.get(commit) == "crash":
            return Plain(500, {"error": {"code": "500", "message": "FUNCTION_INVOCATION_FAILED"}})
        return Plain(body={"status": "ok", "commit": commit})


def _error(refusal: Refusal) -> Json:
    return {"error": {"code": refusal.code or str(refusal.status), "message": refusal.said}}


@contextmanager
def vercel() -> Generator[tuple[Vercel, Vendor]]:
    """A project to which nothing was deployed yet."""
    world = Vercel()
    promote = ("post", "/v10/projects/{projectId}/promote/{deploymentId}")
    routes = {
        ("get", "/v9/projects/{idOrName}"): world.project,
        ("get", "/v7/deployments"): world.list,
        ("post", "/v13/deployments"): world.create,
        ("get", "/v13/deployments/{idOrUrl}"): world.deployment,
        ("get", "/v3/deployments/{idOrUrl}/events"): world.log,
        promote: world.promote,
    }
    vendor = Vendor(
        description(),
        routes,
        _error,
        outside=world.outside,
        is_known=lambda token: token == world.token,
        statuses={promote: 202},
    )
    with serving(vendor):
        world.url = vendor.url
        yield world, vendor
