"""Images: versions as images, known by their digests; a tag is only ever asked for the digest it names."""

from __future__ import annotations

import asyncio
import base64
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from pydantic import ValidationError

from orchestrate.errors import (
    AccessDenied,
    BuildFailed,
    DigestDiffers,
    ImageAwaited,
    ImageMissing,
    OutsideFailed,
    Unreachable,
)
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.fact import Fact
from orchestrate.models.runtime import Artifact
from tools.provider import Checkout, Say
from tools.providers.docker.containers import COMMIT, TREE, docker_of
from tools.providers.docker.context import packed, pieces
from tools.providers.docker.making import engine_of
from tools.providers.docker.names import at_digest, refuse_another_revision, tagged, told
from tools.providers.fleet.layout import Layout, made, word
from tools.providers.fleet.private import write_privately
from tools.providers.fleet.variables import about
from tools.providers.process.releases import inside

PULL, BUILD = 600.0, 900.0  # seconds
Secrets = Callable[[str], str]


class Image(Fact):
    """What a version was found, or built, to be; from then on it is this and nothing else."""

    version: Version
    id: str  # of the engine: a digest of its configuration
    digest: str  # in the registry, or the id of one that was built here
    reference: str  # by which it is had: repository@digest, or the tag of one that was built here


class Versions(Protocol):
    """Whoever knows which image a version is."""

    async def image(self, component: Component, version: Version) -> Image | None:
        """The recorded image of a version, if it is there or to be had. Raises ImageMissing."""
        ...

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """The version as it is, or could be had. Raises Unreachable, AccessDenied, ImageMissing."""
        ...

    async def adopt(
        self, component: Component, version: Version, digest: str, checkout: Checkout, say: Say
    ) -> Artifact:
        """From now on it is the image with this digest. Raises ImageMissing, DigestDiffers, Unreachable."""
        ...

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        """Make or take it. Raises BuildFailed, ImageMissing, DigestDiffers, Unreachable."""
        ...


class Images:
    """The images of one environment's components, and the record of which version is which."""

    def __init__(self, layout: Layout, place: str, secrets: Secrets | None) -> None:
        self._layout, self._place, self._secrets = layout, place, secrets

    async def image(self, component: Component, version: Version) -> Image | None:
        """The recorded image of a version, if the engine has it or the registry gives it by its digest.

        Raises ImageMissing when it was there and is not to be had.
        """
        found = self._recorded(component, version)
        if found is None:
            return None
        if await self.id_of(component, found.id) == found.id:
            return found
        if "@" not in found.reference:
            return None  # it was built here, and can be again
        await self._pull(component, found.reference, lambda _: None)
        if await self.id_of(component, found.reference) != found.id:
            raise DigestDiffers(f"{found.reference} is not the image that it was")
        return found

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """The version's image: the recorded one, or the one that the registry has.

        Raises Unreachable, AccessDenied, ImageMissing, DigestDiffers.
        """
        found = await self.image(component, version)
        if found is not None:
            return artifact_of(component, found)
        if not docker_of(component).image:
            return None
        tag = tagged(component, version)
        digest = await self._digest(component, tag)
        return (
            Artifact(
                component=component.name,
                version=version,
                digest=digest,
                location=at_digest(tag, digest),
                pinned=False,
            )
            if (digest)
            else None
        )

    async def build(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Artifact:
        """Build the image, or take the registry's by its digest; done again, it is the same one.

        Raises BuildFailed with the output's end, ImageMissing, DigestDiffers, Unreachable.
        """
        found = await self.image(component, version)
        if found is not None:
            say(f"{component.name}: {version.name} is {found.digest[:19]} already")
            return artifact_of(component, found)
        if docker_of(component).image:
            found = await self.taken(component, version, tagged(component, version), say)
        else:
            found = await self._built(component, version, checkout, say)
        self.record(component, found)
        return artifact_of(component, found)

    async def adopt(
        self, component: Component, version: Version, digest: str, checkout: Checkout, say: Say
    ) -> Artifact:
        """The image with this digest: from the registry, or one that was built on this engine.

        Raises ImageMissing, DigestDiffers, Unreachable.
        """
        del checkout  # nothing is built
        if docker_of(component).image:
            found = await self.pulled(component, version, at_digest(tagged(component, version), digest), say)
        else:
            found = await self.shared(component, version, digest, say)
        self.record(component, found)
        return artifact_of(component, found)

    async def taken(self, component: Component, version: Version, tag: str, say: Say) -> Image:
        """What the registry's `tag` names now, pulled by its digest."""
        digest = await self._digest(component, tag)
        if not digest:
            raise ImageAwaited(f"the registry has no {tag}", cure="push the image of this version, or wait")
        say(f"{component.name}: {tag} is {digest}")
        return await self.pulled(component, version, at_digest(tag, digest), say, named=tag)

    async def pulled(
        self, component: Component, version: Version, reference: str, say: Say, *, named: str = ""
    ) -> Image:
        """What the registry has by its digest; `named`: the tag that says which commit it was made of."""
        await self._pull(component, reference, say)
        answer = await engine_of(component).ask("GET", f"/images/{quote(reference, safe='/:@')}/json")
        if answer.status != 200:
            raise ImageMissing(f"{reference} was pulled and is not there: {answer.message}")
        facts = answer.facts()
        if named:
            refuse_another_revision(component, version, named, facts)
        digest = reference.partition("@")[2]
        return Image(version=version, id=answer.text("Id"), digest=digest, reference=reference)

    async def shared(self, component: Component, version: Version, id: str, say: Say) -> Image:
        """An image that another environment built on this engine, under a name of ours, too.

        Raises ImageMissing, Unreachable.
        """
        engine, tag = engine_of(component), self.tag(component, version)
        if await self.id_of(component, id) != id:
            cure = "deploy this version to the environment before once more"
            raise ImageMissing(f"{component.name}: the engine no longer has {id}", cure=cure)
        name, _, label = tag.rpartition(":")
        answer = await engine.ask("POST", f"/images/{quote(id, safe=':')}/tag", {"repo": name, "tag": label})
        if not answer.is_good:
            raise ImageMissing(f"{component.name}: {id} cannot be called {tag}: {answer.message}")
        say(f"{component.name}: {version.name} is {id}, as it ran before")
        return Image(version=version, id=id, digest=id, reference=tag)

    def tag(self, component: Component, version: Version) -> str:
        """What an image that was built here is called, so that nobody takes it for one that is not needed."""
        return f"orchestrate/{self._place}-{component.name.lower()}:{word(version.tree)[:40]}"

    async def _built(self, component: Component, version: Version, checkout: Checkout, say: Say) -> Image:
        folder = made(self._layout.root.resolve() / "builds")
        tag = self.tag(component, version)
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            files = made(Path(draft) / "files")
            await checkout(version, files)
            context = Path(draft) / "context.tar"
            dockerfile = docker_of(component).dockerfile
            await asyncio.to_thread(packed, inside(files, component.path), dockerfile, context)
            await self._build(component, version, tag, context, say)
        id = await self.id_of(component, tag)
        if not id:
            raise BuildFailed(f"{component.name}: the engine built no image")
        return Image(version=version, id=id, digest=id, reference=tag)

    async def _build(self, component: Component, version: Version, tag: str, context: Path, say: Say) -> None:
        query = {
            "t": tag,
            "dockerfile": docker_of(component).dockerfile,
            "rm": "true",
            "forcerm": "true",
            "labels": json.dumps({TREE: version.tree, COMMIT: version.commit}),
            "buildargs": json.dumps(about(version)),
        }
        said: list[str] = []
        headers = {"Content-Type": "application/x-tar"}
        engine = engine_of(component)
        try:
            async for line in engine.lines("/build", query, pieces(context), headers, BUILD):
                told(line, said, say)
        except TimeoutError as late:
            raise BuildFailed(f"not built after {BUILD:.0f} s: {' '.join(said[-12:])}") from late
        except (Unreachable, AccessDenied):
            raise
        except OutsideFailed as problem:
            raise BuildFailed("\n".join([*said[-12:], str(problem)])) from problem

    async def _pull(self, component: Component, reference: str, say: Say) -> None:
        """Raises ImageMissing with the engine's own words."""
        said: list[str] = []
        engine, headers = engine_of(component), self._login(component, reference)
        try:
            async for line in engine.lines("/images/create", {"fromImage": reference}, None, headers, PULL):
                told(line, said, lambda _: None)
        except TimeoutError as late:
            raise Unreachable(f"{reference} was not pulled in {PULL:.0f} s") from late
        except (Unreachable, AccessDenied):
            raise
        except OutsideFailed as problem:
            cure = "see that the registry has it, and that it is reached"
            raise ImageMissing(f"{reference} cannot be pulled: {problem}", cure=cure) from problem
        say(f"{component.name}: pulled {reference}")

    async def _digest(self, component: Component, tag: str) -> str:
        """What the registry's tag names now; '' when it has none. Raises Unreachable, AccessDenied."""
        path = f"/distribution/{quote(tag, safe='/:@')}/json"
        answer = await engine_of(component).ask("GET", path, headers=self._login(component, tag))
        if answer.status == 200:
            return answer.text("Descriptor", "digest")
        said = answer.message
        if "unauthorized" in said or "denied" in said or "authentication" in said:
            raise AccessDenied(
                f"the registry does not show {tag}: {said}", cure="set `credentials` of docker"
            )
        if answer.status == 404 or "manifest unknown" in said or "not found" in said:
            return ""
        raise Unreachable(f"the registry did not say what {tag} is: {said}")

    async def id_of(self, component: Component, reference: str) -> str:
        answer = await engine_of(component).ask("GET", f"/images/{quote(reference, safe='/:@')}/json")
        return answer.text("Id") if answer.status == 200 else ""

    def _login(self, component: Component, reference: str) -> dict[str, str]:
        name = docker_of(component).credentials
        if name is None or self._secrets is None:
            return {}
        user, _, password = self._secrets(name).partition(":")
        who = {"username": user, "password": password, "serveraddress": reference.partition("/")[0]}
        return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(who).encode()).decode()}

    def _file(self, component: Component, version: Version) -> Path:
        return self._layout.root.resolve() / "images" / word(component.name) / f"{word(version.tree)}.json"

    def _recorded(self, component: Component, version: Version) -> Image | None:
        try:
            return Image.model_validate_json(self._file(component, version).read_bytes())
        except (OSError, ValidationError):
            return None

    def record(self, component: Component, image: Image) -> None:
        file = self._file(component, image.version)
        made(file.parent)
        write_privately(file, image.model_dump_json())


def artifact_of(component: Component, image: Image) -> Artifact:
    return Artifact(
        component=component.name, version=image.version, digest=image.digest, location=image.reference
    )
