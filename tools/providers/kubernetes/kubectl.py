"""Kubectl: the few things that are ever said to a cluster, in one namespace, as one user."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from orchestrate.errors import CommandFailed, OutsideFailed, Unreachable
from orchestrate.models.hosts import Kubernetes
from tools.commands import CLEAN, Output, Runner, run
from tools.providers.kubernetes.complaints import problem

Json = dict[str, object]
T = TypeVar("T")

MANAGER = "orchestrate"
"""Who we are among those who manage an object's fields; what another one manages is never taken over."""

SECONDS = 30.0
CAP = 16 * 1024 * 1024  # bytes of one answer
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_IMAGE = re.compile(r"[a-zA-Z0-9][\w.:/@-]{0,511}")
_SELECTOR = re.compile(r"[\w./-]+=[\w.-]*(,[\w./-]+=[\w.-]*)*")


class _List(BaseModel):
    items: list[Json]


_OBJECT, _LIST = TypeAdapter(Json), TypeAdapter(_List)


class Kind(StrEnum):
    """What is looked at or changed; there is no word for anything else."""

    DEPLOYMENT = "deployments.apps"
    SERVICE = "services"
    POD = "pods"
    USAGE = "pods.metrics.k8s.io"
    EVENT = "events"
    NODE = "nodes"
    QUOTA = "resourcequotas"
    ROLLOUT = "rollouts.argoproj.io"
    CANARY = "canaries.flagger.app"
    REPLICASET = "replicasets.apps"
    ROUTE = "httproutes.gateway.networking.k8s.io"
    INGRESS = "ingresses.networking.k8s.io"


IMAGES = (Kind.ROLLOUT, Kind.DEPLOYMENT)
"""Of what the image is set where a deployment is handed over; nothing else is ever patched."""


@dataclass(frozen=True)
class Target:
    """One container of the pod template of an object, as it was read."""

    kind: Kind
    name: str
    state: str  # the object's resourceVersion
    index: int
    container: str
    image: str

    def patch(self, image: str) -> list[Json]:
        """Nothing but the image is changed, and that only where nobody changed anything."""
        where = f"/spec/template/spec/containers/{self.index}"
        return [
            {"op": "test", "path": "/metadata/resourceVersion", "value": self.state},
            {"op": "test", "path": f"{where}/name", "value": self.container},
            {"op": "replace", "path": f"{where}/image", "value": image},
        ]


class Kubectl:
    """Says one thing at a time; every word is built here, and none is a file, an address or a plug-in."""

    def __init__(self, settings: Kubernetes, home: Path, *, runner: Runner = run) -> None:
        self._settings, self._home, self._run = settings, home, runner

    async def get(self, kind: Kind, name: str, *, is_owned: bool = False) -> Json | None:
        """One object, or None where there is none; `is_owned`: with who manages which of its fields.

        Raises Unreachable, AccessDenied.
        """
        more = ("--show-managed-fields",) if is_owned else ()
        said = await self._say("get", kind, _named(name), "--output=json", "--ignore-not-found", *more)
        return _told(said) if said.stdout.strip() else None

    async def list(self, kind: Kind, selector: str) -> list[Json]:
        """All objects with these labels. Raises Unreachable, AccessDenied."""
        said = await self._say("get", kind, f"--selector={_chosen(selector)}", "--output=json")
        return _items(said)

    async def every(self, kind: Kind, *, everywhere: bool = False) -> list[Json]:
        """All objects of the namespace, or of the cluster. Raises Unreachable, AccessDenied."""
        where = ("--all-namespaces",) if everywhere else ()
        said = await self._say("get", kind, "--output=json", *where)
        return _items(said)

    async def apply(self, body: Json) -> Json:
        """Bring an object's fields that are ours to these, by server-side apply without force.

        Raises NameTaken where somebody else manages one of them, StartFailed where the cluster refuses it.
        """
        words = ("apply", "--server-side", f"--field-manager={MANAGER}", "--filename=-", "--output=json")
        said = await self._say(*words, stdin=json.dumps(body).encode())
        return _told(said)

    async def set_image(self, target: Target, image: str, *, is_rehearsal: bool = False) -> None:
        """Change the image of one container of a pod template, if the object is still as it was read.

        `is_rehearsal`: the cluster says whether it would, and changes nothing. Raises ChangedMeanwhile
        where somebody changed the object since, AccessDenied, Unreachable.
        """
        if target.kind not in IMAGES or not _IMAGE.fullmatch(image):
            raise OutsideFailed(f"the image {image[:60]!r} is not set in {target.kind.value}")
        words = ["patch", target.kind, _named(target.name), "--type=json", f"--field-manager={MANAGER}"]
        words += [f"--patch={json.dumps(target.patch(image))}", "--output=name"]
        await self._say(*words, *(["--dry-run=server"] if is_rehearsal else []))

    async def delete(self, kind: Kind, name: str) -> None:
        """Remove one object and wait until it is gone; nothing happens where there is none."""
        await self._say("delete", kind, _named(name), "--ignore-not-found", "--wait=true", seconds=120)

    async def logs(self, pod: str, lines: int, *, is_previous: bool = False) -> tuple[str, ...]:
        """The newest lines of a pod's first container, or of the one before it; none where it is gone."""
        words = ["logs", _named(pod), f"--tail={lines}", *(["--previous"] if is_previous else [])]
        said = await self._ask(words)
        return tuple(said.text.splitlines()) if said.code == 0 else ()

    async def _say(self, *words: str, stdin: bytes | None = None, seconds: float = SECONDS) -> Output:
        said = await self._ask(words, stdin, seconds)
        if said.code != 0:
            raise problem(said)
        return said.whole()

    async def _ask(
        self, words: Sequence[str], stdin: bytes | None = None, seconds: float = SECONDS
    ) -> Output:
        settings = self._settings
        which = [f"--namespace={settings.namespace}", f"--request-timeout={seconds:.0f}s"]
        which += [f"--context={settings.context}"] if settings.context else []
        argv = ["kubectl", *words, *which]
        try:
            return await self._run(argv, env=self._environment(), timeout=seconds + 5, cap=CAP, stdin=stdin)
        except CommandFailed as slow:
            raise Unreachable(f"the cluster did not answer {words[0]} within {seconds:.0f} s") from slow

    def _environment(self) -> Mapping[str, str]:
        """Nothing of ours: an empty home has no plug-ins, no kuberc and no cache of somebody else's."""
        config = self._settings.kubeconfig or Path("~/.kube/config").expanduser()
        return {**CLEAN, "HOME": str(self._home), "KUBECONFIG": str(config), "KUBERC": "off"}


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise OutsideFailed(f"{name[:60]!r} is no name of a Kubernetes object")
    return name


def _chosen(selector: str) -> str:
    if not _SELECTOR.fullmatch(selector):
        raise OutsideFailed(f"{selector[:60]!r} is no selector of labels")
    return selector


def _told(said: Output) -> Json:
    """The object that kubectl printed. Raises Unreachable where it printed something else."""
    return _read(said, _OBJECT)


def _items(said: Output) -> list[Json]:
    """The objects that kubectl listed. Raises Unreachable."""
    return _read(said, _LIST).items


def _read(said: Output, form: TypeAdapter[T]) -> T:
    try:
        return form.validate_json(said.stdout)
    except ValidationError:
        found = said.text[:100] or "nothing"
        raise Unreachable(f"the cluster answered with something else than was asked for: {found}") from None
