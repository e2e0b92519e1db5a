"""The assembly: what a place is made of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrate.models.environment import Component, Environment, EnvironmentType
from orchestrate.places import place_of, router
from orchestrate.settings import load
from tests.servers.ports import free_port
from tools.systems.haproxy import HAProxy
from tools.systems.proxy import BuiltinProxy

SECRETS = """
service: shop
people: {ada: {roles: [approver]}}
environments:
  staging:
    type: staging
    secrets: {FILE: "${SHOP_FILE}"}
    components:
      - {name: web, run: [serve], database: {url: "sqlite:///%s/${FILE}.db", dialect: sqlite}}
"""


async def test_a_databases_url_is_filled_with_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_FILE", "hidden")
    (tmp_path / "orchestrate.yaml").write_text(SECRETS % tmp_path)
    settings = load(tmp_path / "orchestrate.yaml")
    place = place_of(settings, settings.environment("staging"))

    await place.targets["web"].apply("0001.sql", "CREATE TABLE orders (id INTEGER)")

    assert (tmp_path / "hidden.db").exists()


def shop(root: Path, port: int, traffic: str) -> tuple[Environment, Component]:
    part = Component.model_validate({"name": "web", "port": port, "run": ("serve",), "traffic": traffic})
    place = Environment(name="test", type=EnvironmentType.DEV, service="shop", components=(part,), root=root)
    return place, part


async def test_a_router_that_runs_stays_what_it_is(tmp_path: Path) -> None:
    port = free_port()
    built_in = router(*shop(tmp_path, port, "builtin"))
    await built_in.route({}, {})
    try:
        assert isinstance(router(*shop(tmp_path, port, "haproxy")), BuiltinProxy)
    finally:
        await built_in.stop()
    assert isinstance(router(*shop(tmp_path, port, "haproxy")), HAProxy)


@pytest.mark.haproxy
async def test_haproxy_is_found_where_an_ordinary_path_does_not_lead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not any(Path(folder, "haproxy").exists() for folder in ("/usr/sbin", "/usr/local/sbin")):
        pytest.fail("haproxy is not installed") if os.environ.get("CI") else pytest.skip("no haproxy")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    assert isinstance(router(*shop(tmp_path, free_port(), "auto")), HAProxy)
