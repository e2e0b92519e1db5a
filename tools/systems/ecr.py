"""ECR: what a tag names now, asked as ourselves instead of by a login that ends after hours."""

from __future__ import annotations

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
