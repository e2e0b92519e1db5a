"""Proven: what two environments run is called the same only where that was compared."""

from __future__ import annotations

import pytest

from orchestrate.models.aws import Aws, CloudFront
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.hosts import Compose, Custom, Docker, Kubernetes
from orchestrate.models.proven import Proven, Sameness, sameness
from orchestrate.models.runtime import Artifact

VERSION = Version(commit="a" * 40, tree="c" * 40, name="v1")
IMAGE = f"sha256:{'1' * 64}"
PULLED = f"registry.test/shop@{IMAGE}"
LOCAL = "orchestrate/shop:c"
PULLS = Docker(image="registry.test/shop:{version}")
CLUSTER = Kubernetes(image="registry.test/shop:{version}", namespace="shop")
TOLD = Custom(start=("a",), stop=("b",), status=("c",), artifact=("d",))


def web(provider: str = "process", **words: object) -> Component:
    return Component.model_validate({"name": "web", "provider": provider, **words})


def site(bucket: str = "shop", **words: object) -> Component:
    aws = Aws(region="eu-central-1", profile="deploy")
    return web("cloudfront", cloudfront=CloudFront(aws=aws, bucket=bucket, distribution="E1"), **words)


def ran(location: str) -> Artifact:
    return Artifact(component="web", version=VERSION, digest=IMAGE, location=location)


CASES = {
    "both pull": (PULLED, web("docker", docker=PULLS), web("docker", docker=PULLS), Sameness.DIGEST),
    "from an engine to a cluster": (
        PULLED,
        web("docker", docker=PULLS),
        web("kubernetes", kubernetes=CLUSTER),
        Sameness.DIGEST,
    ),
    "both build on one engine": (LOCAL, web("docker"), web("docker"), Sameness.REUSED),
    "both build on engines of their own": (
        LOCAL,
        web("docker"),
        web("docker", docker=Docker(socket="/run/other.sock")),
        Sameness.TREE,
    ),
    "built before, pulled here": (LOCAL, web("docker"), web("docker", docker=PULLS), Sameness.TREE),
    "pulled before, built here": (PULLED, web("docker", docker=PULLS), web("docker"), Sameness.TREE),
    "composed of what a registry has": (PULLED, web("compose"), web("compose"), Sameness.DIGEST),
    "composed of what is built": (LOCAL, web("compose"), web("compose"), Sameness.REUSED),
    "composed by engines of their own": (
        LOCAL,
        web("compose"),
        web("compose", compose=Compose(socket="/run/other.sock")),
        Sameness.TREE,
    ),
    "files": ("/releases", web(), web(), Sameness.FILES),
    "files after commands": ("/releases", web(), web(build=(("make",),)), Sameness.TREE),
    "commands that tell a digest": (
        "",
        web("custom", custom=TOLD),
        web("custom", custom=TOLD),
        Sameness.DIGEST,
    ),
    "commands that tell none": (
        "",
        web("custom", custom=TOLD),
        web("custom", custom=TOLD.model_copy(update={"artifact": ()})),
        Sameness.TREE,
    ),
    "sites of one bucket": ("s3://shop", site(), site(build=(("make",),)), Sameness.REUSED),
    "sites of buckets of their own": ("s3://shop", site(), site("other"), Sameness.FILES),
    "built sites of buckets of their own": (
        "s3://shop",
        site(),
        site("other", build=(("make",),)),
        Sameness.TREE,
    ),
    "another kind of place": ("/releases", web(), web("docker"), Sameness.TREE),
}


@pytest.mark.parametrize("name", CASES)
def test_how_it_is_shown_that_two_environments_run_the_same(name: str) -> None:
    location, before, here, expected = CASES[name]

    assert sameness(ran(location), before, here) is expected


@pytest.mark.parametrize("how", Sameness)
def test_another_digest_is_an_objection_only_where_it_is_compared(how: Sameness) -> None:
    proven = Proven(component="web", environment="staging", deployment="D1", digest=IMAGE, sameness=how)
    is_compared = how in (Sameness.DIGEST, Sameness.REUSED, Sameness.FILES)

    assert proven.objection(IMAGE) == ""
    assert (
        "sha256:2" in proven.objection("sha256:2") and IMAGE in proven.objection("sha256:2")
    ) is is_compared
    assert ("not compared" in proven.words) is not is_compared
