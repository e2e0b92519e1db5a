"""ECR's login, asked for as the identity that deploys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrate.errors import AccessDenied
from tests.servers.aws.cluster import ACCOUNT
from tests.servers.aws.front import Trouble
from tests.servers.aws.site import KEYS, REGISTRY, Site
from tests.servers.sample_service import component, environment
from tools.image_signatures import LetIn
from tools.providers.awslambda.provider import AwsLambdaProvider
from tools.providers.ecs.provider import EcsProvider

pytestmark = pytest.mark.slow

IMAGE = f"{REGISTRY}/shop@sha256:{'1' * 64}"


@pytest.fixture
def site(aws_site: Site) -> Iterator[Site]:
    aws_site.front.calm()
    yield aws_site
    aws_site.front.calm()


async def test_who_deploys_to_aws_is_let_in_at_ecr_and_nowhere_else(site: Site, tmp_path: Path) -> None:
    parts = {
        EcsProvider: component(provider="ecs", ecs=site.ecs()),
        AwsLambdaProvider: component(provider="awslambda", awslambda=site.functions()),
    }

    for kind, part in parts.items():
        provider: LetIn = kind(environment(tmp_path, part), KEYS.__getitem__)
        assert await provider.login(part, IMAGE) == f"AWS:{ACCOUNT}-auth-token"
        assert await provider.login(part, IMAGE.replace(REGISTRY, "registry.example")) == ""


async def test_a_login_that_is_not_allowed_is_named(site: Site, tmp_path: Path) -> None:
    part = component(provider="ecs", ecs=site.ecs())
    site.front.troubles["GetAuthorizationToken"] = [Trouble("AccessDeniedException")]

    with pytest.raises(AccessDenied, match="ecr:GetAuthorizationToken"):
        await EcsProvider(environment(tmp_path, part), KEYS.__getitem__).login(part, IMAGE)
