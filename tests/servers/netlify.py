"""A Netlify on loopback: one site, connected with a repository, and its deploys."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

from tests.servers.openapi import Description, Json
from tests.servers.vendor import Call, Pending, Plain, Refusal, Vendor, serving

SITE, NAME, TOKEN = "5f0c1b2a-9d3e", "shop", "token-of-netlify"
FIRST = "0" * 40


@cache
def description() -> Description:
    return Description(Path(__file__).with_name("netlify_openapi.json"))


@dataclass
class Netlify(Pending):
    """Everything in one site, which shows a first deploy and stopped auto publishing."""

    url: str = ""
    deploys: dict[str, Json] = field(default_factory=dict[str, Json])  # newest last
    does: dict[str, str] = field(default_factory=dict[str, str])  # commit → what its build and program do
    head: str = ""  # of the production branch
    published: str = ""
    follows: bool = False  # each new build is published by itself
    token: str = TOKEN

    def push(self, commit: str, does: str = "serve") -> None:
        """A commit becomes the head of the production branch; Netlify has not noticed it yet."""
        self.does[commit], self.head = does, commit

    def made(self, commit: str, context: str = "production") -> str:
        """A deploy that begins to be built; its id."""
        name = f"d{len(self.deploys) + 1}"
        address = f"{self.url}/at/{name}"
        self.deploys[name] = {
            "id": name,
            "site_id": SITE,
            "build_id": f"b{name}",
            "state": "enqueued",
            "name": NAME,
            "deploy_ssl_url": f"{self.url}/branch/main",
            "links": {"permalink": address, "alias": f"{self.url}/live", "branch": None},
            "created_at": f"2026-01-01T00:00:{len(self.deploys):02d}.000Z",
            "branch": "main",
            "context": context,
            "commit_ref": None,
            "error_message": None,
            "published_at": None,
            "locked": None,
            "skipped": None,
            "draft": False,
        }
        self.later(lambda: self._built(self.deploys[name], commit))
        return name

    def _built(self, found: Json, commit: str) -> None:
        found["commit_ref"] = commit
        if self.does.get(commit) == "red":
            found |= {"state": "error", "error_message": "Build script failed: 2 tests failed"}
            return
        found["state"] = "ready"
        if self.follows and found["context"] == "production":
            self.publish(str(found["id"]))

    def publish(self, name: str) -> None:
        """What is published by hand lets auto publishing begin again."""
        self.published, self.follows = name, True
        self.deploys[name]["published_at"] = "2026-01-01T00:01:00.000Z"

    # what the API does

    def site(self, call: Call) -> Json:
        self.turn()
        self._ours(call)
        shown = self._told(self.published) if self.published else None
        return {"id": SITE, "name": NAME, "state": "current", "published_deploy": shown}

    def list(self, call: Call) -> Json:
        self.turn()
        self._ours(call)
        wanted = {"true": "production"}.get(call.query.get("production", ""))
        found = [
            self._told(name)
            for name, one in reversed(self.deploys.items())
            if wanted in (None, one["context"])
        ]
        size = int(call.query.get("per_page", 100))
        start = (int(call.query.get("page", 1)) - 1) * size
        return cast("Json", found[start : start + size])

    def deploy(self, call: Call) -> Json:
        self.turn()
        return self._told(self._ours(call))

    def build(self, call: Call) -> Json:
        self._ours(call)
        name = self.made(self.head)
        return {"id": f"b{name}", "deploy_id": name, "sha": None, "done": False, "error": None}

    def restore(self, call: Call) -> Json:
        name = self._ours(call)
        if self.deploys[name]["state"] != "ready":
            raise Refusal(422, "Deploy is not ready")
        self.publish(name)
        return self._told(name)

    def lock(self, call: Call) -> Json:
        name = self._ours(call)
        if name != self.published:
            raise Refusal(422, "Deploy is not published")
        self.follows = False
        return self._told(name)

    def _ours(self, call: Call) -> str:
        name = call.params.get("deploy_id", "")
        is_ours = call.params.get("site_id", SITE) in (SITE, f"{NAME}.netlify.app")
        if not is_ours or (name and name not in self.deploys):
            raise Refusal(404, "Not Found")
        return name

    def _told(self, name: str) -> Json:
        is_held = name == self.published and not self.follows
        return {**self.deploys[name], "locked": is_held or None}

    def outside(self, verb: str, path: str, body: str) -> Plain | None:  # noqa: ARG002
        """The deployed program, at each deploy's own address."""
        if not path.startswith("/at/"):
            return None
        commit = str(self.deploys[path.split("/")[2]]["commit_ref"])
        if self.does.get(commit) == "crash":
            return Plain(500, {"errorType": "Error", "errorMessage": "cannot find the database"})
        if self.does.get(commit) == "secret":
            return Plain(401, {})
        return Plain(body={"status": "ok", "commit": commit})


def _error(refusal: Refusal) -> Json:
    return {"code": refusal.status, "message": refusal.said}


@contextmanager
def netlify() -> Generator[tuple[Netlify, Vendor]]:
    """A site that shows what somebody published before."""
    world = Netlify()
    restore = ("post", "/api/v1/sites/{site_id}/deploys/{deploy_id}/restore")
    routes = {
        ("get", "/api/v1/sites/{site_id}"): world.site,
        ("get", "/api/v1/sites/{site_id}/deploys"): world.list,
        ("get", "/api/v1/sites/{site_id}/deploys/{deploy_id}"): world.deploy,
        ("post", "/api/v1/sites/{site_id}/builds"): world.build,
        ("post", "/api/v1/deploys/{deploy_id}/lock"): world.lock,
        restore: world.restore,
    }
    vendor = Vendor(
        description(),
        routes,
        _error,
        outside=world.outside,
        is_known=lambda token: token == world.token,
        statuses={restore: 201},
    )
    with serving(vendor):
        world.url = vendor.url
        first = world.made(FIRST)
        world.settle()
        world.publish(first)
        world.follows = False
        yield world, vendor
