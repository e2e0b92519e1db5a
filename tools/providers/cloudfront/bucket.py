"""Bucket: releases as objects that are never overwritten, each whole once its manifest is there."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from orchestrate.errors import DigestDiffers, NameTaken, OutsideFailed
from orchestrate.models.aws import CloudFront
from orchestrate.models.change import Version
from orchestrate.models.fact import Fact
from tools.providers.cloudfront.files import digest_of, kind_of
from tools.providers.fleet.layout import word
from tools.systems.aws import Account, Json
from tools.systems.aws_calls import Call

AT_ONCE = 8  # uploads
MANIFEST = "application/json"


class Kept(Fact):
    """One file of a release: the SHA-256 of its contents in hex, and what S3 calls the object's contents."""

    sha256: str
    etag: str


class Manifest(Fact):
    """What a release consists of; written when all of it is there."""

    version: Version
    digest: str
    made: datetime
    files: dict[str, Kept]

    @property
    def hashes(self) -> dict[str, str]:
        return {path: kept.sha256 for path, kept in self.files.items()}


@dataclass(frozen=True)
class Found:
    """What there is of a release: its manifest, and its objects by path → ETag."""

    manifest: Manifest | None
    objects: Mapping[str, str]

    @property
    def wrong(self) -> str:
        """Why it is not the whole release as it was uploaded; '' when it is."""
        if self.manifest is None:
            return "its manifest is not there"
        kept = {path: one.etag for path, one in self.manifest.files.items()}
        for path in sorted({*kept, *self.objects}):
            if path not in self.objects:
                return f"{path} is not there any more"
            if path not in kept:
                return f"{path} was added"
            if kept[path] != self.objects[path]:
                return f"{path} is not what was uploaded"
        return ""


class Bucket:
    """The releases of one component: PREFIX/COMPONENT/TREE/… and, beside it, PREFIX/COMPONENT/TREE.json."""

    def __init__(self, account: Account, own: CloudFront, component: str) -> None:
        self._account, self._own, self._component = account, own, component

    def place(self, version: Version) -> str:
        """Where a version's objects are, without slashes around it."""
        return f"{self._own.prefix}/{word(self._component)}/{word(version.tree)}"

    def address(self, version: Version) -> str:
        return f"s3://{self._own.bucket}/{self.place(version)}"

    async def manifest(self, version: Version) -> Manifest | None:
        """What was uploaded once; whether all of it is still there, is not looked at."""
        return await self._read(version, await self._listed(_manifest(self.place(version))))

    async def found(self, version: Version) -> Found:
        """All that is there of a release. Raises ObjectMissing: there is no such bucket."""
        place = self.place(version)
        listed = await self._listed(place)
        inside = f"{place}/"
        objects = {key.removeprefix(inside): etag for key, etag in listed.items() if key.startswith(inside)}
        return Found(await self._read(version, listed), objects)

    async def complete(self, version: Version, folder: Path, files: Mapping[str, str]) -> Manifest:
        """Upload what is missing of `files` (path → SHA-256), and the manifest last.

        Raises DigestDiffers where something else is there already: nothing is ever overwritten.
        """
        before = await self.found(version)
        self._refuse_others(version, before, files)
        paths = sorted(files)
        for start in range(0, len(paths), AT_ONCE):
            some = paths[start : start + AT_ONCE]
            await asyncio.gather(
                *(self._bring(version, before, folder / path, path, files[path]) for path in some)
            )
        after = (await self.found(version)).objects
        if after.keys() != files.keys():
            raise DigestDiffers(f"{self.address(version)} was changed while it was uploaded")
        manifest = Manifest(
            version=version,
            digest=digest_of(files),
            made=before.manifest.made if before.manifest else datetime.now(UTC),
            files={path: Kept(sha256=sha, etag=after[path]) for path, sha in files.items()},
        )
        if manifest != before.manifest:
            await self._seal(version, manifest, is_new=before.manifest is None)
        return manifest

    def _refuse_others(self, version: Version, before: Found, files: Mapping[str, str]) -> None:
        where, digest = self.address(version), digest_of(files)
        if before.manifest is not None and before.manifest.digest != digest:
            said = f"{where} is {before.manifest.digest}, and {before.wrong}; what was built now is {digest}"
            raise DigestDiffers(said, cure=CURE)
        strangers = sorted(before.objects.keys() - files.keys())
        if strangers:
            raise DigestDiffers(f"{where} has {strangers[0]}, which is no part of what was built", cure=CURE)

    async def _bring(self, version: Version, before: Found, file: Path, path: str, sha: str) -> None:
        """Have the object there, by an upload or since an earlier one. Raises DigestDiffers."""
        key, sum64 = f"{self.place(version)}/{path}", base64.b64encode(bytes.fromhex(sha)).decode()
        if path not in before.objects:
            body = await asyncio.to_thread(file.read_bytes)
            sums: Json = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": sum64}
            words: Json = {"CacheControl": self._own.cache, "IfNoneMatch": "*"}
            try:
                await self._put(key, body, kind_of(path), **sums, **words)
                return
            except NameTaken:  # somebody uploads the same release, or another one
                pass
        told = await self._account.ask(Call.HEAD, Bucket=self._own.bucket, Key=key, ChecksumMode="ENABLED")
        if told.get("ChecksumSHA256") != sum64:
            said = f"s3://{self._own.bucket}/{key} is there already, and is not what was built"
            raise DigestDiffers(said, cure=CURE)

    async def _seal(self, version: Version, manifest: Manifest, *, is_new: bool) -> None:
        key, only = _manifest(self.place(version)), {"IfNoneMatch": "*"} if is_new else {}
        await self._put(key, manifest.model_dump_json().encode(), MANIFEST, **only)

    async def _put(self, key: str, body: bytes, kind: str, **words: object) -> None:
        where = {"Bucket": self._own.bucket, "Key": key}
        await self._account.ask(Call.PUT, **where, Body=body, ContentType=kind, **words)

    async def _read(self, version: Version, listed: Mapping[str, str]) -> Manifest | None:
        key = _manifest(self.place(version))
        if key not in listed:
            return None
        told = await self._account.ask(Call.OBJECT, Bucket=self._own.bucket, Key=key)
        try:
            manifest = Manifest.model_validate_json(cast("bytes", told["Body"]))
        except ValidationError:
            manifest = None
        if manifest is None or digest_of(manifest.hashes) != manifest.digest:
            said = f"s3://{self._own.bucket}/{key} is not the manifest of a release"
            raise OutsideFailed(said, cure="see who wrote it, and remove it")
        return manifest

    async def _listed(self, start: str) -> dict[str, str]:
        """Key → ETag of each object whose key starts so."""
        found: dict[str, str] = {}
        more: Json = {}
        while True:
            told = await self._account.ask(Call.OBJECTS, Bucket=self._own.bucket, Prefix=start, **more)
            for one in cast("list[dict[str, str]]", told.get("Contents", [])):
                found[one["Key"]] = one["ETag"]
            if not told.get("IsTruncated"):
                return found
            more = {"ContinuationToken": told["NextContinuationToken"]}


CURE = "see who put it there; give this environment a `prefix` of its own where it builds something else"


def _manifest(place: str) -> str:
    return f"{place}.json"
