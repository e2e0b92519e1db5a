"""What orchestrate.yaml says of apps and services at Azure and Railway."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrate.test_settings_hosts import FAR
from tests.orchestrate.written import changed, refused

AZURE = FAR.replace("provider: cloudrun", "provider: containerapps").replace(
    FAR.splitlines()[-1],
    '        containerapps: {image: "a.example/b:{commit}", group: shop, '
    "subscription: 00000000-0000-0000-0000-000000000000, token: TOKEN}",
)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("token: TOKEN", "token: OTHER", 12, "token: the environment has no secret 'OTHER'"),
        (
            "token: TOKEN",
            "tenant: a, client: 00000000-0000-0000-0000-000000000000, secret: OTHER",
            12,
            "'OTHER'",
        ),
        ("token: TOKEN", "tenant: a, secret: TOKEN", 12, "expected tenant, client and secret, or a token"),
        ("token: TOKEN", "token: TOKEN, secret: TOKEN", 12, "expected tenant, client and secret, or a token"),
        (", token: TOKEN", "", 12, "expected tenant, client and secret, or a token"),
        ("token: TOKEN", "token: TOKEN, credentials: LOGIN", 12, "no secret 'LOGIN'"),
        ("subscription: 0", "subscription: x", 12, "subscription"),
        ("b:{commit}", "b:latest", 12, "each version has an image of its own"),
        ("port: 443\n        metrics", "metrics", 11, "has traffic, and the component no port"),
        (
            "        port: 443\n",
            "        port: 443\n        memory_limit: 512\n",
            11,
            "memory comes in pairs",
        ),
        ("        port: 443\n", "        port: 443\n        build: [[make]]\n", 11, "builds nothing"),
        ("kind: prometheus", "kind: proxy", 12, "does not pass our router"),
        ("strategy: canary", "strategy: rolling", 5, "the provider containerapps cannot do rolling"),
        (AZURE.splitlines()[-1] + "\n", "", 8, "web: missing key 'containerapps'"),
    ],
)
def test_a_wrong_word_about_an_app_of_container_apps_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    problem = refused(tmp_path, changed(AZURE, old, new))

    assert said in str(problem)
    assert f"orchestrate.yaml:{line}" in str(problem)


RAILWAY = (
    FAR.replace("provider: cloudrun", "provider: railway")
    .replace("strategy: canary", "strategy: rolling")
    .replace("port: 443\n", "port: 443\n        instances: 1\n")
    .replace(
        FAR.splitlines()[-1],
        '        railway: {image: "a.example/b:{commit}", token: TOKEN, '
        "environment: 00000000-0000-0000-0000-000000000000, service: 00000000-0000-0000-0000-000000000001}",
    )
)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("token: TOKEN", "token: OTHER", 13, "token: the environment has no secret 'OTHER'"),
        ("token: TOKEN", "token: TOKEN, scope: team", 13, "scope"),
        ("environment: 0", "environment: x", 13, "environment"),
        ("b:{commit}", "b:latest", 13, "each version has an image of its own"),
        ("instances: 1", "instances: 2", 11, "how many replicas there are is a setting of the service"),
        ("instances: 1", 'instances: 1\n        health: {path: ""}', 12, "without a path"),
        ("instances: 1", "instances: 1\n        run: [a]", 12, "run: Railway runs a service by"),
        ("        port: 443\n", "", 12, "has traffic, and the component no port"),
        ("kind: prometheus", "kind: proxy", 13, "does not pass our router"),
        ("strategy: rolling", "strategy: blue-green", 5, "the provider railway cannot do blue-green"),
        ("strategy: rolling", "strategy: canary", 5, "use rolling"),
        (RAILWAY.splitlines()[-1] + "\n", "", 8, "web: missing key 'railway'"),
    ],
)
def test_a_wrong_word_about_a_service_of_railway_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    problem = refused(tmp_path, changed(RAILWAY, old, new))

    assert said in str(problem)
    assert f"orchestrate.yaml:{line}" in str(problem)
