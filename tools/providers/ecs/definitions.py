"""Definitions: a version as a revision of a task definition, derived from the template by its image alone."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from orchestrate.errors import OutsideFailed
from orchestrate.models.aws import Ecs
from orchestrate.models.change import Version
from tools.systems.aws import Account, Json
from tools.systems.aws_calls import Call

KEPT = (
    "taskRoleArn", "executionRoleArn", "networkMode", "volumes", "placementConstraints",
    "requiresCompatibilities", "cpu", "memory", "pidMode", "ipcMode", "proxyConfiguration",
    "ephemeralStorage", "runtimePlatform", "enableFaultInjection",
)  # fmt: skip
COMMIT, TREE, NAME, TEMPLATE = (f"orchestrate:{word}" for word in ("commit", "tree", "name", "template"))
PLAIN = re.compile(r"[\w .:/+@-]{1,256}")
ENCODED = "="
NEWEST = 20  # revisions that are looked at for one that was registered before


@dataclass(frozen=True)
class Definition:
    """A revision: the version that it is said to be, and the image that it really starts."""

    arn: str
    version: Version | None
    template: str
    container: str
    image: str
    logs: Mapping[str, str]  # options of the awslogs driver

    @property
    def digest(self) -> str:
        return self.image.partition("@")[2]


class Definitions:
    """The revisions of one account; none ever changes, so each is asked for once."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._known: dict[str, Definition] = {}

    async def of(self, own: Ecs, arn: str) -> Definition:
        """One revision. Raises ObjectMissing."""
        if arn not in self._known:
            self._known[arn] = _definition(own, await self._told(arn))
        return self._known[arn]

    async def revision(self, own: Ecs, family: str, version: Version, image: str) -> Definition:
        """The revision of a version with this image: the one that was registered before, or a new one."""
        told = await self._told(own.template)
        template = str(cast("Json", told["taskDefinition"])["taskDefinitionArn"])
        for arn in await self._newest(family):
            found = await self.of(own, arn)
            if (found.version, found.image, found.template) == (version, image, template):
                return found
        body = derived(own, cast("Json", told["taskDefinition"]), image)
        tags = [{"key": key, "value": value} for key, value in _tags(version, template).items()]
        made = await self._account.ask(Call.REGISTER, family=family, tags=tags, **body)
        return _definition(own, {**made, "tags": tags})

    async def _newest(self, family: str) -> list[str]:
        told = await self._account.ask(
            Call.DEFINITIONS, familyPrefix=family, status="ACTIVE", sort="DESC", maxResults=NEWEST
        )
        return cast("list[str]", told.get("taskDefinitionArns", []))[:NEWEST]

    async def _told(self, name: str) -> Json:
        return await self._account.ask(Call.DEFINITION, taskDefinition=name, include=["TAGS"])


def derived(own: Ecs, template: Json, image: str) -> Json:
    """What is registered: the template with another image in one container."""
    boxes = cast("list[Json]", template["containerDefinitions"])
    name = chosen(own, boxes)["name"]
    exchanged = [{**one, "image": image} if one["name"] == name else one for one in boxes]
    return {**{key: template[key] for key in KEPT if template.get(key)}, "containerDefinitions": exchanged}


def chosen(own: Ecs, boxes: list[Json]) -> Json:
    """The container that the version is. Raises OutsideFailed where it cannot be told."""
    found = [one for one in boxes if own.container in ("", one["name"])]
    if len(found) == 1:
        return found[0]
    names = ", ".join(str(one["name"]) for one in boxes)
    said = f"{own.template} has the containers {names}, and which of them is the version is not said"
    raise OutsideFailed(said, cure="name it in the settings: ecs: {container: …}")


def _definition(own: Ecs, told: Json) -> Definition:
    about = cast("Json", told["taskDefinition"])
    tags = {one["key"]: one["value"] for one in cast("list[dict[str, str]]", told.get("tags") or [])}
    box = chosen(own, cast("list[Json]", about["containerDefinitions"]))
    driver = cast("Json", box.get("logConfiguration") or {})
    options = cast("dict[str, str]", driver.get("options") or {})
    return Definition(
        arn=str(about["taskDefinitionArn"]),
        version=_version(tags),
        template=tags.get(TEMPLATE, ""),
        container=str(box["name"]),
        image=str(box["image"]),
        logs=options if driver.get("logDriver") == "awslogs" else {},
    )


def _tags(version: Version, template: str) -> dict[str, str]:
    return {COMMIT: version.commit, TREE: version.tree, NAME: _written(version.name), TEMPLATE: template}


def _version(tags: Mapping[str, str]) -> Version | None:
    if not {COMMIT, TREE, NAME} <= tags.keys():
        return None
    return Version(commit=tags[COMMIT], tree=tags[TREE], name=_read(tags[NAME]))


def _written(name: str) -> str:
    """A name as a tag may hold it; a tag takes few characters, and no more than 256."""
    if PLAIN.fullmatch(name):
        return name
    return ENCODED + base64.urlsafe_b64encode(name[:120].encode()[:180]).decode().replace("=", "")


def _read(tag: str) -> str:
    if not tag.startswith(ENCODED):
        return tag
    return base64.urlsafe_b64decode(tag[1:] + "=" * (-len(tag[1:]) % 4)).decode(errors="ignore")
