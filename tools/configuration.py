"""Configuration: what an environment runs with, written beside the copies of its databases and read back."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from pathlib import Path
from typing import TypeAlias

from orchestrate.errors import BackupFailed, OrchestrateError
from orchestrate.models.environment import Environment
from orchestrate.models.fact import Fact
from orchestrate.models.runtime import Running, Slot
from orchestrate.outside import redacted
from tools.migrations import unproved
from tools.place import Place

NAME = "configuration.json"
FILES = (
    "slots/*/*.json",
    "traffic/*.json",
    "traffic/*/haproxy.cfg",
    "traffic/*/proxy.json",
    "traffic/*/table.json",
)
"""What is kept below the root: which version each slot should run, and what its router was told; no keys."""

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


class Ran(Fact):
    """A version that a component runs, and the digest of its artifact."""

    component: str
    slot: str
    version: str
    digest: str  # or why nobody can tell it


class Configuration(Fact):
    """The settings of an environment, what runs there, and what is kept for it."""

    environment: Environment
    running: tuple[Running, ...]
    artifacts: tuple[Ran, ...]
    files: dict[str, str]  # path below the root → text


async def keep(place: Place, into: Path) -> str:
    """Write it below `into`, compare what is read back, and say so. Raises BackupFailed, Unreachable."""
    running = tuple((await place.running()).values())
    slots = [(one.component, slot) for one in running for slot in one.slots]
    artifacts = tuple([await _ran(place, component, slot) for component, slot in slots])
    try:
        made = Configuration(
            environment=place.environment,
            running=tuple(_without_instances(one) for one in running),
            artifacts=artifacts,
            files=await asyncio.to_thread(_files, place.environment.root),
        )
        await asyncio.to_thread(_write, into / NAME, _text(made))
    except OSError as problem:
        raise BackupFailed(f"the copy of the configuration failed: {problem}") from problem
    inside = f"{len(made.artifacts)} running versions, {len(made.files)} files"
    return f"the configuration ({inside}) read back and compared: {into.name}/{NAME}"


def _without_instances(running: Running) -> Running:
    slots = tuple(slot.model_copy(update={"instances": ()}) for slot in running.slots)
    return running.model_copy(update={"slots": slots})


async def _ran(place: Place, component: str, slot: Slot) -> Ran:
    """What one slot runs; an artifact that nobody finds any more keeps no release and no way back waiting."""
    version, digest = slot.version, "nobody knows which version it runs"
    if version is not None:
        try:
            artifact = await place.provider.artifact(place.component(component), version)
            digest = artifact.digest if artifact else "its artifact is not here any more"
        except OrchestrateError as problem:
            digest = f"not known: {problem}"
    return Ran(component=component, slot=slot.name, version=version.name if version else "", digest=digest)


def _files(root: Path) -> dict[str, str]:
    found = sorted(path for pattern in FILES for path in root.glob(pattern) if path.is_file())
    return {str(path.relative_to(root)): path.read_text(errors="replace") for path in found}


def _text(made: Configuration) -> str:
    return json.dumps(_masked(made.model_dump(mode="json")), indent=1, sort_keys=True, ensure_ascii=False)


def _masked(value: Json) -> Json:
    """The same without secrets, and without the password of an address."""
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return redacted(value) if isinstance(value, str) else value


def _write(path: Path, text: str) -> None:
    """Raises OSError, BackupFailed."""
    content, draft = text.encode(), unproved(path)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    wanted, found = (hashlib.sha256(one).hexdigest() for one in (content, draft.read_bytes()))
    if found != wanted:
        draft.unlink(missing_ok=True)
        raise BackupFailed(f"the copy of the configuration is another one when it is read back: {found}")
    draft.replace(path)
