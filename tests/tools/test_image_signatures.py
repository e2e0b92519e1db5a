"""With what a registry is asked for the signatures of an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.models.aws import Aws, Functions
from orchestrate.models.environment import ArtifactRules, Component
from orchestrate.models.hosts import CloudRun, Docker
from orchestrate.models.image_signature import ImageState
from orchestrate.models.runtime import Artifact
from tests.servers.sample_service import component, environment, version
from tools.image_signatures import MemoryImageSignatures, signatures_of
from tools.metrics import MemoryMetrics
from tools.place import Place
from tools.provider import Hosting, MemoryProvider
from tools.providers.by_component import ByComponent

DIGEST = f"sha256:{'1' * 64}"
IMAGE = f"registry.example/shop@{DIGEST}"
RUN = CloudRun(image="registry.example/shop:{commit}", project="shop", region="europe-west1", key="KEY")
HERE = Aws(region="eu-central-1", profile="deploy")


class Known(MemoryProvider):
    """Is let in as itself."""

    async def login(self, component: Component, image: str) -> str:
        return f"{component.name}:{image.partition('/')[0]}"


def place(folder: Path, part: Component, provider: Hosting) -> Place:
    rules = ArtifactRules(image_signed_by=Path("cosign.pub"))
    return Place(
        environment=environment(folder, part, artifact=rules),
        provider=provider,
        addresses=provider,
        logs=provider,
        metrics=MemoryMetrics(),
        secret=lambda name: f"{name}'s value",
    )


def artifact(location: str = IMAGE) -> dict[str, Artifact]:
    return {"web": Artifact(component="web", version=version("v1"), digest=DIGEST, location=location)}


CASES = {
    "as itself": (component(provider="cloudrun", cloudrun=RUN), Known(), "web:registry.example"),
    "in a place among several": (
        component(provider="cloudrun", cloudrun=RUN),
        ByComponent({"web": Known()}),
        "web:registry.example",
    ),
    "with the login that is given": (
        component(provider="cloudrun", cloudrun=RUN.model_copy(update={"credentials": "LOGIN"})),
        Known(),
        "LOGIN's value",
    ),
    "with that of another host": (
        component(provider="docker", docker=Docker(image="x", credentials="LOGIN")),
        MemoryProvider(),
        "LOGIN's value",
    ),
    "with none": (component(), MemoryProvider(), ""),
    "with none among several": (component(), ByComponent({"web": MemoryProvider()}), ""),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_registry_is_asked(tmp_path: Path, name: str) -> None:
    part, provider, login = CASES[name]
    looking = MemoryImageSignatures()

    await signatures_of(looking, place(tmp_path, part, provider), artifact())

    assert looking.logins == {IMAGE: login}


async def test_an_archive_is_no_image(tmp_path: Path) -> None:
    own = Functions(aws=HERE, function="web", bucket="shop", key="{commit}.zip")
    part, looking = component(provider="awslambda", awslambda=own), MemoryImageSignatures()

    (found,) = await signatures_of(
        looking, place(tmp_path, part, MemoryProvider()), artifact(f"shop/1.zip@{DIGEST}")
    )

    assert (found.state, looking.logins) == (ImageState.NO_IMAGE, {})
