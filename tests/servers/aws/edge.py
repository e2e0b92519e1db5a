"""The edge of moto's CloudFront: it shows an origin's path to viewers, remembers, and takes its time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any  # moto's objects have no types

from tests.servers.answering import Heard, Reply, answering
from tests.servers.aws.cluster import ACCOUNT

LOOKS = 2  # how often a change is looked at before it is everywhere


class Edge:
    """Distributions as viewers see them.

    What moto lacks is as AWS publishes it: If-Match is held against the ETag, which changes with each update;
    a caller reference makes one invalidation; both are under way for some looks.
    """

    def __init__(self) -> None:
        from moto.cloudfront.models import cloudfront_backends  # pyright: ignore
        from moto.moto_api import state_manager  # pyright: ignore

        state_manager.set_transition("cloudfront::distribution", {"progression": "manual", "times": LOOKS})
        self.cloudfront: Any = cloudfront_backends[ACCOUNT]["aws"]
        self.is_stuck = self.is_forgetful = False  # a change, or an invalidation, never ends
        self._paths: dict[str, str] = {}  # distribution → what edges show
        self._remembered: dict[str, dict[str, Reply]] = {}
        self._pinned: set[str] = set()
        self._looks: dict[str, int] = {}  # invalidation → looks
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._stack = ExitStack()
        self._put_between()

    def close(self) -> None:
        self._stack.close()

    def open(self, distribution: str, read: Callable[[str], Reply]) -> str:
        """Answer viewers of a distribution; `read` gives the object at a key. The address."""
        self._remembered[distribution] = {}
        self._paths[distribution] = _path(self.cloudfront.distributions[distribution])

        def answer(heard: Heard) -> Reply:
            with self._lock:
                memory, path = self._remembered[distribution], heard.path.partition("?")[0]
                key = f"{self._paths[distribution]}{path}".lstrip("/")
                if path not in memory:
                    memory[path] = read(key)
                return memory[path]

        return f"http://{self._stack.enter_context(answering(answer))}"

    def show(self, distribution: str, path: str) -> None:
        """Edges show this path from now on, whatever they are told, and remember nothing else."""
        with self._lock:
            self._paths[distribution], self._remembered[distribution] = path, {}
            self._pinned.add(distribution)

    def shows(self, distribution: str) -> str:
        """The path that edges show."""
        return self._paths[distribution]

    def _put_between(self) -> None:
        backend = self.cloudfront
        self._found, self._update = backend.get_distribution, backend.update_distribution
        self._invalidate, self._invalidation = backend.create_invalidation, backend.get_invalidation
        backend.get_distribution, backend.update_distribution = self._looked, self._updated
        backend.create_invalidation, backend.get_invalidation = self._made, self._told

    def _looked(self, distribution_id: str) -> Any:
        one, etag = self._found(distribution_id)
        if self.is_stuck:
            one._tick = 0
        if one.status == "Deployed" and distribution_id not in self._pinned:
            self._paths[distribution_id] = _path(one)
        return one, etag

    def _updated(self, dist_config: dict[str, Any], _id: str, if_match: str) -> Any:
        from moto.cloudfront.exceptions import CloudFrontException  # pyright: ignore

        with self._lock:
            before = self.cloudfront.distributions.get(_id)
            if before is not None and if_match != before.etag:
                raise CloudFrontException("PreconditionFailed", "The precondition in If-Match is not met.")
            one, location, etag = self._update(dist_config, _id, if_match)
            one.etag, one._tick, one.status = f"{etag[:8]}{next(self._numbers)}", 0, "InProgress"
            return one, location, one.etag

    def _made(self, dist_id: str, paths: list[str], caller_ref: str) -> Any:
        with self._lock:
            for one in self.cloudfront.invalidations.get(dist_id, []):
                if (one.caller_ref, one.paths) == (caller_ref, paths):
                    return one
            one = self._invalidate(dist_id, paths, caller_ref)
            one.status = "InProgress"
            return one

    def _told(self, dist_id: str, id: str) -> Any:
        one = self._invalidation(dist_id, id)
        self._looks[id] = self._looks.get(id, 0) + (not self.is_forgetful)
        if self._looks[id] >= LOOKS and one.status != "Completed":
            one.status = "Completed"
            self._remembered[dist_id] = {}
        return one


def _path(distribution: Any) -> str:
    return str(distribution.distribution_config.Origins["Items"][0].origin_path)
