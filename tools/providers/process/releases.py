"""Releases: versions built into folders of their own, each with a manifest of everything in it."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
import uuid
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from orchestrate.errors import BuildFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component, Environment
from orchestrate.models.fact import Fact
from orchestrate.models.runtime import Artifact
from tools.commands import PATH
from tools.provider import Checkout, Say
from tools.providers.fleet.layout import Layout, made, word
from tools.providers.fleet.variables import Variables, about
from tools.providers.process.command import run
from tools.providers.process.identity import Identity, boot_id, identity_of, is_alive

FILES = "files"
MANIFEST = "manifest.json"
DRAFT = ".build-"
LANG = "C.UTF-8"
CHUNK = 1024 * 1024


class Manifest(Fact):
    """What a release holds: path → "mode sha256", or "link target"."""

    version: Version
    digest: str
    files: dict[str, str]


class Releases:
    """The built versions below one folder: <component>/<tree>/{manifest.json, files/}."""

    def __init__(self, layout: Layout, environment: Environment, variables: Variables | None = None) -> None:
        self._layout = layout
        self._environment = environment
        self._variables = variables or Variables(environment)

    def files(self, component: Component, version: Version) -> Path:
        """Where the files of a release are, or would be."""
        return self._place(component, version) / FILES

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """The release, if each file of its manifest is there as it was built.

        Files that were added since (caches, data) are nobody's business.
        """
        return await asyncio.to_thread(self._whole, component, version)

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        """Build aside and put in place at once; of two builders one wins, and both have the release."""
        found = await self.artifact(component, version)
        if found is not None:
            say(f"{component.name}: {version.name} is built already")
            return found
        draft = await asyncio.to_thread(self._draft, component)
        try:
            await self._fill(draft / FILES, component, version, checkout, say)
            await asyncio.to_thread(_write_manifest, draft, version)
            await asyncio.to_thread(self._publish, draft, component, version)
        finally:
            await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
        built = await self.artifact(component, version)
        if built is None:
            raise BuildFailed(f"{component.name}: {version.name} changed while it was put in place")
        return built

    def environment(self) -> dict[str, str]:
        """What programs of a component see around them; secrets are not part of it."""
        return {"PATH": PATH, "HOME": str(self._layout.home), "LANG": LANG, **self._variables.plain()}

    def _place(self, component: Component, version: Version) -> Path:
        return self._layout.releases(component.name) / word(version.tree)

    def _whole(self, component: Component, version: Version) -> Artifact | None:
        place = self._place(component, version)
        try:
            manifest = TypeAdapter(Manifest).validate_json((place / MANIFEST).read_bytes())
        except (OSError, ValidationError):
            return None
        if not _holds(place / FILES, manifest):
            return None
        return Artifact(
            component=component.name, version=version, digest=manifest.digest, location=str(place / FILES)
        )

    def _draft(self, component: Component) -> Path:
        """A folder to build in; its name says who builds, so that what a dead builder left can be removed."""
        parent = made(self._layout.releases(component.name))
        for left in parent.glob(f"{DRAFT}*"):
            if not _has_builder(left):
                shutil.rmtree(left, ignore_errors=True)
        me = identity_of(os.getpid())
        draft = parent / f"{DRAFT}{os.getpid()}-{me.started if me else ''}-{uuid.uuid4().hex[:8]}"
        (draft / FILES).mkdir(mode=0o755, parents=True)
        return draft

    async def _fill(
        self, files: Path, component: Component, version: Version, checkout: Checkout, say: Say
    ) -> None:
        await checkout(version, files)
        folder = inside(files, component.path)
        environment = {**self.environment(), **about(version)}
        for argv in component.build:
            say(f"{component.name}: {' '.join(argv)}")
            await run(argv, folder, environment, self._environment.move_timeout, say)

    def _publish(self, draft: Path, component: Component, version: Version) -> None:
        place = self._place(component, version)
        if place.exists() and self._whole(component, version) is None:
            broken = place.with_name(f"{DRAFT}0-0-{uuid.uuid4().hex[:8]}")
            place.rename(broken)
            shutil.rmtree(broken, ignore_errors=True)
        try:
            draft.rename(place)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise


def inside(files: Path, path: str) -> Path:
    """The component's folder in its release. Raises BuildFailed when it is missing or leads out."""
    folder = (files / path).resolve()
    if not folder.is_relative_to(files.resolve()) or not folder.is_dir():
        raise BuildFailed(f"the repository has no folder {path!r}")
    return folder


def _has_builder(draft: Path) -> bool:
    pid, started, _ = draft.name.removeprefix(DRAFT).split("-", 2)
    return pid.isdigit() and is_alive(Identity(int(pid), started, boot_id()))


def _write_manifest(draft: Path, version: Version) -> None:
    files = _listing(draft / FILES)
    lines = "".join(f"{path}\0{what}\n" for path, what in sorted(files.items()))
    digest = hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
    manifest = Manifest(version=version, digest=digest, files=files)
    (draft / MANIFEST).write_text(manifest.model_dump_json())


def _listing(files: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder, folders, names in os.walk(files):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*names, *links):
            path = Path(folder, name)
            found[str(path.relative_to(files))] = _what(path)
    return found


def _what(path: Path) -> str:
    """Mode and contents of one file; '' for what is neither file nor link, or is gone."""
    if path.is_symlink():
        return f"link {path.readlink()}"
    if not path.is_file():
        return ""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            sha.update(data)
    return f"{path.stat().st_mode & 0o777:o} {sha.hexdigest()}"


def _holds(files: Path, manifest: Manifest) -> bool:
    lines = "".join(f"{path}\0{what}\n" for path, what in sorted(manifest.files.items()))
    if hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest() != manifest.digest:
        return False
    return all(_what(files / path) == what for path, what in manifest.files.items())
