"""Survey: read everything the gates look at, once, and say why what could not be read could not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from orchestrate.errors import (
    AccessDenied,
    OrchestrateError,
    RateLimited,
    StoreUnusable,
    UnknownVersion,
    Unreachable,
    with_cure,
)
from orchestrate.gates.signoff import sign_off
from orchestrate.models.abilities import Ability, abilities_of
from orchestrate.models.change import Change, ChangeState, MergeMethod, Preview, Version
from orchestrate.models.deployment import Kind, Request
from orchestrate.models.environment import Component, Person
from orchestrate.models.evidence import Evidence
from orchestrate.models.image_signature import ImageSignature
from orchestrate.models.move import MigrationFile
from orchestrate.models.plan import MigrationVerdict
from orchestrate.models.proven import Proven
from orchestrate.models.quarantine import Quarantine
from orchestrate.models.runtime import Artifact, Running
from orchestrate.models.sample import SampleState
from orchestrate.models.signature import Signature
from orchestrate.models.task import Task
from orchestrate.store import Store
from tools.image_signatures import ImageSignatures, MemoryImageSignatures, signatures_of
from tools.merge import Forge, Source
from tools.migrations import Target, pending
from tools.place import Place, Places
from tools.promotion import Promotion, adopted
from tools.rehearsals import Rehearsals
from tools.signatures import Signatures
from tools.tasks import Tasks

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Reads evidence from the tracker, the forge, the place and the store."""

    store: Store
    tasks: Tasks
    forge: Forge
    source: Source
    signatures: Signatures
    images: ImageSignatures = field(default_factory=MemoryImageSignatures)
    places: Places
    people: Sequence[Person]

    async def evidence(self, deployment: str, request: Request, checking_since: float | None) -> Evidence:
        """Everything the gates need; what fails is in `unread`. Raises UnknownEnvironment, RateLimited."""
        place = self.places(request.environment)
        notes = _Notes()
        task = await notes.read("task", lambda: self._task(request))
        change = await notes.read("change", lambda: self._change(request, task))
        preview = await notes.read("preview", lambda: self._preview(place, change))
        version = await notes.read("version", lambda: self._version(request, task, change, preview))
        running = await notes.read("running", lambda: self._running(place))
        proven = Promotion(self.store, self.places).proven(place.environment, request, version)
        artifacts = await notes.read("built", lambda: self._built(place, version))
        quarantines = await notes.read(
            "quarantines", lambda: self._quarantines(place, version, preview, change)
        )
        return Evidence(
            at=self.store.clock(),
            request=request,
            environment=place.environment,
            people=tuple(self.people),
            task=task,
            change=change,
            preview=preview,
            version=version,
            running=running,
            verdicts=await notes.read("verdicts", lambda: self.verdicts(place, version)),
            resources=await notes.read("resources", place.provider.resources),
            missing_secrets=_missing(place),
            buildable=await notes.read("buildable", lambda: self._buildable(place, version, proven)),
            built=None if artifacts is None else tuple(artifacts),
            digests={name: one.digest for name, one in (artifacts or {}).items()},
            images=await notes.read(
                "images", lambda: self._images(place, adopted(version, proven, artifacts))
            )
            or (),
            proven=proven,
            rehearsals=Rehearsals(self.store, self.places).of(place.environment, request, version),
            signature=await notes.read("signature", lambda: self._signature(place, version)),
            proven_here=self._has_run(place.environment.name, place, version),
            backup_possible=await notes.read("backup_possible", lambda: _backup_possible(place)),
            holder=self._holder(deployment, place),
            called_freeze=self.store.freezes.now(place.environment.name, place.environment.service),
            quarantines=quarantines or (),
            promoted=self._promoted(place, version),
            metrics=await notes.read("metrics", lambda: _metrics(place, running)),
            unread=notes.unread,
            silent=tuple(notes.silent),
            checking_since=checking_since,
        )

    async def _task(self, request: Request) -> Task | None:
        if request.task is None:
            return None
        task = await self.tasks.task(request.task)
        said = [sign_off(comment) for comment in await self.tasks.comments(task.id)]
        labels = (*task.labels, *(label for label in said if label))
        waits_for = [one for one in task.depends_on if not (await self.tasks.task(one)).is_closed]
        return task.model_copy(update={"depends_on": tuple(waits_for), "labels": labels})

    async def _change(self, request: Request, task: Task | None) -> Change | None:
        id = request.change or (task.change if task else None)
        return await self.forge.change(id) if id else None

    async def _preview(self, place: Place, change: Change | None) -> Preview | None:
        if change is None or change.state is not ChangeState.OPEN:
            return None
        return await self.forge.preview(change, await self.method(place))

    async def method(self, place: Place) -> MergeMethod:
        """How changes are merged here: the environment's word, then the repository's custom (M1)."""
        return place.environment.merge_method or (await self.forge.methods())[0]

    async def _version(
        self, request: Request, task: Task | None, change: Change | None, preview: Preview | None
    ) -> Version | None:
        named = request.version or (task.metadata.version if task else None)
        if named is not None:
            known = await self.source.known(named) if request.kind is Kind.ROLLBACK else None
            return known or await self.source.version(named)
        if change is None:
            raise UnknownVersion("(none named)")
        if change.merge_commit is not None:
            return await self.source.version(change.merge_commit)
        if preview is None or preview.tree is None:
            return None
        return Version(commit=change.head, tree=preview.tree, name=change.head[:8])

    async def _running(self, place: Place) -> tuple[Running, ...]:
        return tuple((await place.running()).values())

    async def verdicts(self, place: Place, version: Version | None) -> tuple[MigrationVerdict, ...] | None:
        """What the linter said about each pending migration, and what a reviewer objected to before."""
        if version is None:
            return None
        return tuple(
            [
                self._objected(one.verdict, component)
                for component, target in _databases(place)
                for one in await pending(self.source, version, component, target)
            ]
        )

    async def files(
        self, place: Place, evidence: Evidence, version: Version
    ) -> dict[str, tuple[MigrationFile, ...]]:
        """Each component's pending migrations, in order. Raises Unreachable, UnknownVersion.

        None where the gates looked away from a database that could not be read: see `Evidence.goes_back`.
        """
        if evidence.verdicts is None and evidence.goes_back:
            return {}
        return {
            component.name: tuple(
                MigrationFile(path=one.path, sha256=one.sha256)
                for one in await pending(self.source, version, component, target)
            )
            for component, target in _databases(place)
        }

    def _objected(self, verdict: MigrationVerdict, component: Component) -> MigrationVerdict:
        database = component.database
        found = self.store.objections.of(verdict.sha256, database.dialect) if database else None
        if found is None or not found.reason:
            return verdict
        reasons = (*verdict.reasons, found.reason)
        return verdict.model_copy(update={"verdict": "dangerous", "reasons": reasons})

    async def _buildable(
        self, place: Place, version: Version | None, proven: Sequence[Proven]
    ) -> tuple[str, ...] | None:
        if version is None:
            return None
        parts, had = place.environment.components, adopted(version, proven, {})
        return tuple(
            [one.name for one in parts if one.name in had or await _is_to_be_had(place, one, version)]
        )

    async def _built(self, place: Place, version: Version | None) -> dict[str, Artifact]:
        """Each component whose artifact is there."""
        parts = place.environment.components if version else ()
        found = [await place.provider.artifact(one, version) for one in parts if version]
        return {one.component: one for one in found if one is not None}

    async def _images(self, place: Place, artifacts: dict[str, Artifact]) -> tuple[ImageSignature, ...]:
        return await signatures_of(self.images, place, artifacts)

    async def _signature(self, place: Place, version: Version | None) -> Signature | None:
        signers = place.environment.artifact.signed_by
        return await self.signatures.of(version, signers) if signers and version else None

    def _holder(self, deployment: str, place: Place) -> str | None:
        holder = self.store.locks.holder(place.environment.name, place.environment.service)
        return None if holder == deployment else holder

    async def _quarantines(
        self, place: Place, version: Version | None, preview: Preview | None, change: Change | None
    ) -> tuple[Quarantine, ...]:
        shipped = [version.commit] if version else []
        shipped += [preview.base] if preview else []
        shipped += [change.head] if change else []
        active = self.store.quarantine.active(place.environment.name, place.environment.service)
        return tuple([one for one in active if await self._any_contains(shipped, one.commit)])

    async def _any_contains(self, shipped: Sequence[str], bad: str) -> bool:
        for commit in shipped:
            if await self.source.contains(commit, bad):
                return True
        return False

    def _promoted(self, place: Place, version: Version | None) -> bool | None:
        before = place.environment.gates.promoted_from
        return None if before is None or version is None else self._has_run(before, place, version)

    def _has_run(self, where: str, place: Place, version: Version | None) -> bool:
        """Whether these contents were verified in the environment `where`."""
        return version is not None and self.store.verified.has(where, place.environment.service, version.tree)


@dataclass(frozen=True)
class _Notes:
    """Keeps why something could not be read."""

    unread: dict[str, str] = field(default_factory=dict[str, str])
    silent: list[str] = field(default_factory=list[str])

    async def read(self, name: str, reading: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await reading()
        except (StoreUnusable, RateLimited):
            raise
        except (ConnectionError, TimeoutError) as problem:
            self.unread[name] = str(problem) or type(problem).__name__
            self.silent.append(name)
            return None
        except OrchestrateError as problem:
            self.unread[name] = with_cure(problem) if isinstance(problem, AccessDenied) else str(problem)
            self.silent.extend([name] if isinstance(problem, Unreachable) else [])
            return None


def _databases(place: Place) -> list[tuple[Component, Target]]:
    parts = place.environment.components
    return [(one, place.targets[one.name]) for one in parts if one.name in place.targets]


async def _is_to_be_had(place: Place, component: Component, version: Version) -> bool:
    """Whether the artifact is there, or can be made."""
    is_made_here = abilities_of(component).does(Ability.BUILD)
    return is_made_here or await place.provider.artifact(component, version) is not None


def _missing(place: Place) -> tuple[str, ...]:
    return tuple(name for name in place.environment.secrets if not _has(place, name))


def _has(place: Place, name: str) -> bool:
    try:
        return bool(place.secret(name))
    except OrchestrateError:
        return False


async def _backup_possible(place: Place) -> bool:
    for _, target in _databases(place):
        await target.applied()
    return True


async def _metrics(place: Place, running: Sequence[Running] | None) -> dict[str, SampleState]:
    return {one.component: await _metric_state(place, one) for one in running or () if one.live is not None}


async def _metric_state(place: Place, running: Running) -> SampleState:
    live = running.live
    numbers = await place.metrics.read(place.component(running.component), running)
    found = numbers.get(live.name, SampleState.NO_DATA) if live else SampleState.NO_INSTANCE
    return found if isinstance(found, SampleState) else SampleState.OK
