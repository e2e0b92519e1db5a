"""An app of App Platform on loopback, new for each test."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.contracts.web_worlds import in_digitalocean
from tests.servers.digitalocean import digitalocean
from tests.tools.providers.digitalocean.ocean import Here


@pytest.fixture
def here(tmp_path: Path) -> Generator[Here]:
    with digitalocean() as (site, vendor):
        yield Here(site, vendor, tmp_path / "root", in_digitalocean(site))
