"""Code: which archive or image a version is, known by its SHA-256 and by nothing else."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

from orchestrate.errors import DigestDiffers, ImageMissing, ObjectMissing, OutsideFailed
from orchestrate.models.aws import Functions
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Artifact
from tools.provider import Say
from tools.providers.fleet.layout import Layout
from tools.providers.pushed_images import Images
from tools.systems.aws import Account, Json
from tools.systems.aws_calls import Call
from tools.systems.ecr import digest, is_in_ecr

SHA = "sha256:"
ARCHIVE = ":archive"  # the tag of what has none


@dataclass(frozen=True)
class Tagged:
    """Where the code of versions is, as images are named."""

    image: str
    credentials: str | None


class Code:
    """The record of what each version is, below the environment's root."""

    def __init__(
        self, layout: Layout, secrets: Callable[[str], str] | None, account: Callable[[Functions], Account]
    ) -> None:
        self._account = account
        self._images = Images(layout, secrets, _tagged, self._digest)

    def recorded(self, component: Component, version: Version) -> Artifact | None:
        return self._images.recorded(component, version)

    def require(self, component: Component, version: Version) -> Artifact:
        """What the version was found to be. Raises UnknownVersion where it was not built."""
        return self._images.require(component, version)

    async def artifact(self, component: Component, version: Version) -> Artifact | None:
        """What was recorded, or what is there now. Raises Unreachable, AccessDenied."""
        return await self._images.artifact(component, version)

    async def take(self, component: Component, version: Version, say: Say) -> Artifact:
        """From now on the version is this code. Raises ImageMissing."""
        if await self.artifact(component, version) is None:
            what = functions_of(component).image or f"s3://{_tagged(component).image.removesuffix(ARCHIVE)}"
            raise ImageMissing(
                f"there is no code of {version.name} at {what}",
                cure="upload it, or wait for who does",
            )
        return await self._images.take(component, version, say)

    async def words(self, component: Component, artifact: Artifact) -> Json:
        """How Lambda is told to take this code. Raises DigestDiffers where an archive was overwritten."""
        own = functions_of(component)
        if own.image:
            return {"ImageUri": artifact.location}
        key = artifact.location.partition("@")[0].partition("/")[2]
        told = await self._head(own, key)
        if told is None or _sha(told, own, key) != artifact.digest:
            raise DigestDiffers(f"s3://{own.bucket}/{key} is not the archive that it was")
        version = (
            {"S3ObjectVersion": told["VersionId"]} if told.get("VersionId") not in (None, "null") else {}
        )
        return {"S3Bucket": own.bucket, "S3Key": key, **version}

    async def _digest(self, component: Component, tag: str) -> str:
        own = functions_of(component)
        if not own.image:
            key = tag.removesuffix(ARCHIVE).partition("/")[2]
            told = await self._head(own, key)
            return _sha(told, own, key) if told is not None else ""
        if is_in_ecr(tag) and own.credentials is None:
            return await digest(self._account(own), tag)
        return await self._images.digest(component, tag)

    async def _head(self, own: Functions, key: str) -> Json | None:
        try:
            return await self._account(own).ask(Call.HEAD, Bucket=own.bucket, Key=key, ChecksumMode="ENABLED")
        except ObjectMissing:
            return None


def functions_of(component: Component) -> Functions:
    """Which function it is; the settings do not take a component without it."""
    assert component.awslambda is not None
    return component.awslambda


def as_lambda_says(artifact: Artifact) -> tuple[str, str]:
    """How Lambda calls this code: in base64 where it is an archive, in hex where it is an image."""
    plain = artifact.digest.removeprefix(SHA)
    return base64.b64encode(bytes.fromhex(plain)).decode(), plain


def _tagged(component: Component) -> Tagged:
    own = functions_of(component)
    return Tagged(own.image or f"{own.bucket}/{own.key}{ARCHIVE}", own.credentials)


def _sha(told: Json, own: Functions, key: str) -> str:
    sha = str(told.get("ChecksumSHA256") or "")
    if not sha or "-" in sha:
        said = f"s3://{own.bucket}/{key} has no SHA-256 of its whole"
        raise OutsideFailed(said, cure="upload it in one piece, with --checksum-algorithm SHA256")
    return SHA + base64.b64decode(sha).hex()
