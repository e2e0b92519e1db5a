"""A project of Cloud Run, and a provider that deploys to it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.contracts.web_worlds import IMPATIENT, in_cloud_run
from tests.servers.cloudrun import CloudRun, Kept, cloud_run
from tests.servers.sample_service import environment
from tests.servers.vendor import Call
from tests.tools.providers.here import OfImages
from tools.providers.cloudrun.provider import CloudRunProvider


class Here(OfImages[CloudRun]):
    """What a test says, in words."""

    def provider(self, **variables: str) -> CloudRunProvider:
        shop = environment(self.root, self.web, secrets=("KEY",), variables=variables)
        return CloudRunProvider(shop, lambda _: self.site.account.key, habits=IMPATIENT)

    @property
    def kept(self) -> Kept:
        return self.site.services["shop"]

    def patched(self, body: dict[str, object], mask: str) -> None:
        """Somebody else changes the service, and that is done."""
        params = {"project": "shop-1", "location": "europe-west1", "service": "shop"}
        self.site.patch(Call(params, {"updateMask": mask}, body), by="eve@shop.example")
        self.site.settle()


@pytest.fixture
def here(tmp_path: Path) -> Generator[Here]:
    with cloud_run() as (site, vendor):
        yield Here(site, vendor, tmp_path / "root", in_cloud_run(site))
