"""ECR: what a tag names now, and a login for who asks the registry itself, both asked for as ourselves."""

from __future__ import annotations

import base64
import re
from typing import cast

from orchestrate.errors import ObjectMissing
from tools.systems.aws import Account
from tools.systems.aws_calls import Call

IMAGE = re.compile(
    r"(?P<owner>\d{12})\.dkr\.ecr\.(?P<region>[\w-]+)\.amazonaws\.com(\.cn)?/(?P<name>[^:@]+)"
    r"(:(?P<tag>[\w][\w.-]*)|@(?P<digest>sha256:[0-9a-f]{64}))"
)


def is_in_ecr(image: str) -> bool:
    """Whether host/name:tag (or @digest) is kept by ECR."""
    return IMAGE.fullmatch(image) is not None


async def digest(account: Account, image: str) -> str:
    """The digest that the tag (or digest) names now; '' when the repository has none, or is none."""
    found = IMAGE.fullmatch(image)
    assert found is not None
    wanted = [{"imageTag": found["tag"]} if found["tag"] else {"imageDigest": found["digest"]}]
    try:
        told = await account.ask(
            Call.IMAGES, registryId=found["owner"], repositoryName=found["name"], imageIds=wanted
        )
    except ObjectMissing:
        return ""
    details = cast("list[dict[str, str]]", told.get("imageDetails", []))
    return details[0]["imageDigest"] if details else ""


async def login(account: Account, image: str) -> str:
    """user:password, good for hours, for the registry of an image; '' where it is not in ECR."""
    if not is_in_ecr(image):
        return ""
    told = await account.ask(Call.REGISTRY_LOGIN)
    token = cast("list[dict[str, str]]", told["authorizationData"])[0]["authorizationToken"]
    return base64.b64decode(token).decode()
