"""What is said about a component whose words do not fit its provider."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrate.settings import load
from tests.orchestrate.written import changed, refused

GUIDES = Path(__file__).parents[2] / "docs" / "providers"
GOOD = """\
service: shop
environments:
  dev:
    type: dev
    secrets: {TOKEN: "${TOKEN:-x}"}
    components:
      - name: web
        provider: docker
        port: 8081
        docker: {image: "registry.example/shop:{commit}", credentials: TOKEN}
      - name: mail
        provider: custom
        strategy: recreate
        custom: {start: [a], stop: [b], status: [c]}
"""
DOCKER = '        docker: {image: "registry.example/shop:{commit}", credentials: TOKEN}\n'
CUSTOM = "        custom: {start: [a], stop: [b], status: [c]}\n"


def test_the_good_file_is_good(tmp_path: Path) -> None:
    path = tmp_path / "orchestrate.yaml"
    path.write_text(GOOD)

    assert [one.provider for one in load(path).environment("dev").components] == ["docker", "custom"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (
            DOCKER,
            '        docker: {image: "shop:latest"}\n',
            10,
            "expected {version}, {commit} or {tree} in it",
        ),
        (DOCKER, '        docker: {image: "shop@sha256:{tree}"}\n', 10, "image: expected a tag"),
        (DOCKER, "        docker: {credentials: KEY}\n", 10, "the environment has no secret 'KEY'"),
        (DOCKER, "        docker: {socket: tcp://far:2375}\n", 10, "socket: expected a path on this machine"),
        (DOCKER, "        docker: {port: 0}\n", 10, "port: expected"),
        (DOCKER, "        docker: {dockerfil: x}\n", 10, "did you mean 'dockerfile'?"),
        (DOCKER, "        build: [[make]]\n", 10, "build: the docker provider builds a Dockerfile"),
        (DOCKER, CUSTOM, 10, "custom: the provider of web is docker"),
        (
            f"docker\n        port: 8081\n{DOCKER}",
            "compose\n        compose: {socket: x}\n",
            9,
            "socket: expected a path",
        ),
        (CUSTOM, "", 11, "mail: missing key 'custom'"),
        (CUSTOM, "        custom: {start: [a], stop: [b]}\n", 14, "missing key 'status'"),
        (CUSTOM, "        custom: {start: [], stop: [b], status: [c]}\n", 14, "start: expected"),
        (
            CUSTOM,
            "        custom: {start: [./a], stop: [b], status: [c]}\n",
            14,
            "an absolute path, found './a'",
        ),
        (CUSTOM, f"        run: [x]\n{CUSTOM}", 14, "run: the custom provider has its own commands"),
        ("strategy: recreate", "strategy: canary", 13, "mail: the provider custom cannot do canary"),
        (
            "        strategy: recreate\n",
            "",
            12,
            "cannot do rolling (it has no `traffic` command); use recreate",
        ),
        (
            CUSTOM,
            f"{CUSTOM}        port: 8082\n        docker: {{}}\n",
            16,
            "docker: the provider of mail is custom",
        ),
    ],
)
def test_a_wrong_word_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    problem = refused(tmp_path, changed(GOOD, old, new))

    assert said in str(problem)
    assert f"orchestrate.yaml:{line}" in str(problem)


def test_numbers_of_a_place_that_does_not_pass_our_router_come_from_elsewhere(tmp_path: Path) -> None:
    new = "        port: 8082\n        custom: {start: [a], stop: [b], status: [c], traffic: [d]}\n"

    assert "does not pass our router" in str(refused(tmp_path, changed(GOOD, CUSTOM, new)))


FAR = """\
service: shop
environments:
  dev:
    type: dev
    strategy: canary
    secrets: {TOKEN: "${TOKEN:-x}"}
    components:
      - name: web
        provider: cloudrun
        port: 443
        metrics: {kind: prometheus, url: "http://127.0.0.1:9090"}
        cloudrun: {image: "a.example/b:{commit}", project: shop, region: europe-west1, key: TOKEN}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("key: TOKEN", "key: OTHER", 12, "key: the environment has no secret 'OTHER'"),
        ("key: TOKEN", "key: TOKEN, credentials: LOGIN", 12, "no secret 'LOGIN'"),
        ("b:{commit}", "b:latest", 12, "each version has an image of its own"),
        ("project: shop", "project: Shop/1", 12, "project"),
        ("port: 443\n        metrics", "metrics", 11, "has traffic, and the component no port"),
        ("kind: prometheus", "kind: proxy", 12, "does not pass our router"),
        ("strategy: canary", "strategy: recreate", 5, "the provider cloudrun cannot do recreate"),
        ("strategy: canary", "strategy: rolling", 5, "use blue-green or canary"),
        ("        port: 443\n", "        port: 443\n        build: [[make]]\n", 11, "builds nothing"),
        (FAR.splitlines()[-1] + "\n", "", 8, "web: missing key 'cloudrun'"),
    ],
)
def test_a_wrong_word_about_a_place_that_is_asked_over_http_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    problem = refused(tmp_path, changed(FAR, old, new))

    assert said in str(problem)
    assert f"orchestrate.yaml:{line}" in str(problem)


VERCEL = (
    FAR.replace("provider: cloudrun", "provider: vercel")
    .replace("strategy: canary", "strategy: blue-green")
    .replace(FAR.splitlines()[-1], "        vercel: {project: shop, token: TOKEN}")
)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("token: TOKEN", "token: OTHER", "token: the environment has no secret 'OTHER'"),
        ("token: TOKEN", "token: TOKEN, bypass: OTHER", "bypass: the environment has no secret 'OTHER'"),
        ("        port: 443\n", "        port: 443\n        run: [a]\n", "run: Vercel builds and runs by"),
        ("strategy: blue-green", "strategy: canary", "the provider vercel cannot do canary"),
        ("kind: prometheus", "kind: proxy", "does not pass our router"),
        ("        vercel: {project: shop, token: TOKEN}\n", "", "web: missing key 'vercel'"),
    ],
)
def test_a_wrong_word_about_a_project_of_vercel_is_told(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert said in str(refused(tmp_path, changed(VERCEL, old, new)))


NETLIFY = VERCEL.replace("provider: vercel", "provider: netlify").replace(
    "vercel: {project: shop, token: TOKEN}", "netlify: {site: shop.netlify.app, token: TOKEN}"
)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("token: TOKEN", "token: OTHER", 12, "token: the environment has no secret 'OTHER'"),
        ("site: shop.netlify.app, ", "", 12, "site"),
        ("port: 443\n        metrics", "metrics", 11, "has traffic, and the component no port"),
        (
            "        port: 443\n",
            "        port: 443\n        run: [a]\n",
            11,
            "run: Netlify builds and runs by",
        ),
        ("strategy: blue-green", "strategy: canary", 5, "the provider netlify cannot do canary"),
        ("kind: prometheus", "kind: proxy", 12, "does not pass our router"),
        (NETLIFY.splitlines()[-1] + "\n", "", 8, "web: missing key 'netlify'"),
    ],
)
def test_a_wrong_word_about_a_site_of_netlify_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    problem = refused(tmp_path, changed(NETLIFY, old, new))

    assert said in str(problem)
    assert f"orchestrate.yaml:{line}" in str(problem)


OCEAN = (
    FAR.replace("provider: cloudrun", "provider: digitalocean")
    .replace("strategy: canary", "strategy: rolling")
    .replace("cloudrun: {", "digitalocean: {")
    .replace("project: shop, region: europe-west1, key: TOKEN", "app: 4f6c71e2, token: TOKEN")
)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("token: TOKEN", "token: OTHER", 12, "token: the environment has no secret 'OTHER'"),
        ("token: TOKEN", "token: TOKEN, credentials: LOGIN", 12, "no secret 'LOGIN'"),
        ("b:{commit}", "b:latest", 12, "each version has an image of its own"),
        ("app: 4f6c71e2, ", "", 12, "app"),
        ("port: 443\n        metrics", "metrics", 11, "has traffic, and the component no port"),
        (
            "        port: 443\n",
            "        port: 443\n        run: [a]\n",
            11,
            "run: App Platform runs the image",
        ),
        ("strategy: rolling", "strategy: blue-green", 5, "the provider digitalocean cannot do blue-green"),
        ("strategy: rolling", "strategy: recreate", 5, "use rolling"),
        ("kind: prometheus", "kind: proxy", 12, "does not pass our router"),
        (OCEAN.splitlines()[-1] + "\n", "", 8, "web: missing key 'digitalocean'"),
    ],
)
def test_a_wrong_word_about_a_service_of_app_platform_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    problem = refused(tmp_path, changed(OCEAN, old, new))

    assert said in str(problem)
    assert f"orchestrate.yaml:{line}" in str(problem)


@pytest.mark.parametrize(
    "name",
    [
        "docker",
        "compose",
        "custom",
        "ecs",
        "cloudrun",
        "awslambda",
        "vercel",
        "netlify",
        "containerapps",
        "digitalocean",
        "railway",
    ],
)
def test_the_settings_of_each_guide_can_be_used(tmp_path: Path, name: str) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", (GUIDES / f"{name}.md").read_text(), re.DOTALL)
    file = tmp_path / "orchestrate.yaml"
    file.write_text(block)

    (part,) = load(file).environment("production").components

    assert part.provider == name
