"""What each provider can do, as a table of what they declare: python -m orchestrate.reports.providers."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrate.models.abilities import Ability, abilities_of
from orchestrate.models.aws import Aws, CloudFront, Ecs, Functions
from orchestrate.models.environment import Component, Strategy
from orchestrate.models.hosts import (
    CloudRun,
    ContainerApps,
    Custom,
    DigitalOcean,
    Docker,
    Kubernetes,
    Netlify,
    Railway,
    Vercel,
)
from orchestrate.reports.markdown import table

LEAST = Custom(start=("start",), stop=("stop",), status=("status",), artifact=("artifact",))
WHOLE = LEAST.model_copy(update={word: (word,) for word in ("traffic", "drain", "build", "logs")})
CLUSTER = Kubernetes(image="registry.example/web:{commit}", namespace="shop")
HERE = Aws(region="eu-central-1", profile="deploy")
IN_ECS = Ecs(aws=HERE, image="registry.example/web:{commit}", cluster="shop", template="web")
IN_LAMBDA = Functions(aws=HERE, function="web", bucket="shop", key="{commit}.zip")
AT_THE_EDGE = CloudFront(aws=HERE, bucket="shop-site", distribution="E1A2B3C4D5E6F7")
EXAMPLES: Mapping[str, Component] = {
    "process": Component(name="web", port=8080, run=("./web",)),
    "docker": Component(name="web", provider="docker", port=8080),
    "docker, from a registry": Component(
        name="web", provider="docker", port=8080, docker=Docker(image="registry.example/web:{commit}")
    ),
    "kubernetes": Component(
        name="web",
        provider="kubernetes",
        port=80,
        kubernetes=CLUSTER,
    ),
    "kubernetes, with a router": Component(
        name="web",
        provider="kubernetes",
        port=80,
        kubernetes=CLUSTER.model_copy(update={"route": "shop"}),
    ),
    "kubernetes, handed over": Component(
        name="web",
        provider="kubernetes",
        port=80,
        instances=1,
        kubernetes=CLUSTER.model_copy(update={"rollout": "shop"}),
    ),
    "compose": Component(name="web", provider="compose", port=8080),
    "ecs": Component(name="web", provider="ecs", port=443, ecs=IN_ECS),
    "awslambda": Component(name="web", provider="awslambda", port=443, awslambda=IN_LAMBDA),
    "custom": Component(name="web", provider="custom", port=8080, custom=LEAST),
    "custom, with all commands": Component(name="web", provider="custom", port=8080, custom=WHOLE),
    "cloudrun": Component(
        name="web",
        provider="cloudrun",
        port=443,
        cloudrun=CloudRun(
            image="registry.example/web:{commit}", project="shop", region="europe-west1", key="KEY"
        ),
    ),
    "vercel": Component(
        name="web",
        provider="vercel",
        port=443,
        vercel=Vercel(project="shop", token="TOKEN"),  # noqa: S106  a name
    ),
    "netlify": Component(
        name="web",
        provider="netlify",
        port=443,
        netlify=Netlify(site="shop.netlify.app", token="TOKEN"),  # noqa: S106  a name
    ),
    "cloudfront": Component(name="web", provider="cloudfront", port=443, cloudfront=AT_THE_EDGE),
    "containerapps": Component(
        name="web",
        provider="containerapps",
        port=443,
        containerapps=ContainerApps(
            image="registry.example/web:{commit}",
            subscription="00000000-0000-0000-0000-000000000000",
            group="shop",
            token="TOKEN",  # noqa: S106  a name
        ),
    ),
    "digitalocean": Component(
        name="web",
        provider="digitalocean",
        port=443,
        digitalocean=DigitalOcean(
            image="registry.example/web:{commit}",
            app="shop",
            token="TOKEN",  # noqa: S106  a name
        ),
    ),
    "railway": Component(
        name="web",
        provider="railway",
        port=443,
        instances=1,
        railway=Railway(
            image="registry.example/web:{commit}",
            environment="00000000-0000-0000-0000-000000000000",
            service="00000000-0000-0000-0000-000000000000",
            token="TOKEN",  # noqa: S106  a name
        ),
    ),
}
"""One component of each provider, with all that it can have."""


def providers() -> str:
    """Strategies and abilities down, providers across."""
    able = {name: abilities_of(part) for name, part in EXAMPLES.items()}
    strategies = [
        (strategy.value, *(_mark(strategy in one.strategies) for one in able.values()))
        for strategy in Strategy
    ]
    others = [(ability.value, *(_mark(one.does(ability)) for one in able.values())) for ability in Ability]
    return table(("it …", *able), [*strategies, *others])


def _mark(has: bool) -> str:
    return "yes" if has else "–"


if __name__ == "__main__":
    import sys

    sys.stdout.write(providers() + "\n")
