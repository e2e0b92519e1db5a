"""AWS: what is wrong with what a component says about its account, and about the services in it."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.models.aws import Aws
from orchestrate.models.environment import Component
from orchestrate.settings.images import check_credentials, check_image
from orchestrate.settings.tree import Document, Loc
from orchestrate.settings.web import check_traffic

KEYS = ("access_key", "secret_key", "session_token")


def check_aws(document: Document, loc: Loc, aws: Aws, secrets: Sequence[str]) -> None:
    """Somebody must be named as whom AWS is asked: a profile, or keys that are secrets."""
    for key in KEYS:
        name = getattr(aws, key)
        if name is not None and name not in secrets:
            raise document.fault((*loc, key), f"{key}: the environment has no secret {name!r}")
    has_keys = aws.access_key is not None and aws.secret_key is not None
    if aws.profile and aws.secrets:
        raise document.fault((*loc, "profile"), "profile: expected either a profile or keys, found both")
    if not aws.profile and not has_keys:
        said = "aws: expected as whom AWS is asked: a profile, or access_key and secret_key"
        raise document.fault(loc, said, cure="aws: {region: eu-central-1, profile: deploy}")


def check_ecs(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """A component of the ecs provider says where it runs, and by which rule it is reached."""
    own = part.ecs
    if own is None:
        said = f"{part.name}: missing key 'ecs', which names the image, the cluster and the template"
        raise document.fault(loc, said, cure="ecs: {aws: …, image: …, cluster: …, template: …}")
    here = (*loc, "ecs")
    _check_build(document, loc, part)
    check_aws(document, (*here, "aws"), own.aws, secrets)
    check_credentials(document, here, own.credentials, secrets)
    check_image(document, (*here, "image"), own.image)
    if part.port and not (own.rule and own.target_groups):
        said = f"{part.name}: its traffic needs a rule of a load balancer and a target group for each slot"
        raise document.fault(here, said, cure="rule: arn:…, target_groups: {blue: arn:…, green: arn:…}")
    _check_metrics(document, here, part)


def check_awslambda(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """A component of the awslambda provider is either an archive in a bucket or an image."""
    own = part.awslambda
    if own is None:
        said = f"{part.name}: missing key 'awslambda', which names the function and its code"
        raise document.fault(loc, said, cure="awslambda: {aws: …, function: …, bucket: …, key: …}")
    here = (*loc, "awslambda")
    _check_build(document, loc, part)
    check_aws(document, (*here, "aws"), own.aws, secrets)
    check_credentials(document, here, own.credentials, secrets)
    is_archive = bool(own.bucket and own.key)
    if is_archive == bool(own.image):
        said = f"{part.name}: expected either `image`, or `bucket` and `key`"
        raise document.fault(here, said, cure="bucket: …, key: releases/{commit}.zip")
    check_image(document, (*here, "key" if is_archive else "image"), own.key if is_archive else own.image)
    _check_instances(document, loc, part, "a function")
    _check_metrics(document, here, part)


def check_cloudfront(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """A component of the cloudfront provider is files in a bucket, which a distribution shows."""
    own = part.cloudfront
    if own is None:
        said = f"{part.name}: missing key 'cloudfront', which names the bucket and the distribution"
        raise document.fault(loc, said, cure="cloudfront: {aws: …, bucket: …, distribution: …}")
    if part.run:
        said = "run: a static site runs nothing"
        raise document.fault((*loc, "run"), said, cure="let `build` make its files")
    check_aws(document, (*loc, "cloudfront", "aws"), own.aws, secrets)
    _check_instances(document, loc, part, "a static site")
    check_traffic(document, (*loc, "cloudfront"), part, "a distribution of CloudFront")


def _check_instances(document: Document, loc: Loc, part: Component, what: str) -> None:
    if part.instances != 1:
        raise document.fault(loc, f"{part.name}: {what} has no instances", cure="instances: 1")


def _check_build(document: Document, loc: Loc, part: Component) -> None:
    if part.build:
        cure = "let continuous integration make it for each commit"
        raise document.fault(
            (*loc, "build"), f"build: the provider {part.provider} builds nothing", cure=cure
        )


def _check_metrics(document: Document, loc: Loc, part: Component) -> None:
    if part.port and part.metrics.kind == "proxy":
        other = "{kind: cloudwatch}" if part.provider == "ecs" else "{kind: prometheus, url: …}"
        said = "metrics: this traffic does not pass our router; name another source"
        raise document.fault(loc, said, cure=f"metrics: {other}")
