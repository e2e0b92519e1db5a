"""What is said about a component whose words do not fit the kubernetes provider."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrate.models.environment import Strategy
from orchestrate.settings import load
from tests.orchestrate.written import changed, refused

GOOD = """\
service: shop
environments:
  dev:
    type: dev
    secrets: {TOKEN: "${TOKEN:-x}"}
    components:
      - name: api
        provider: kubernetes
        port: 8082
        strategy: blue-green
        metrics: {kind: prometheus, url: "http://prometheus:9090"}
        kubernetes: {image: "registry.example/api:{commit}", namespace: shop, credentials: TOKEN}
"""
HANDED = (
    GOOD.replace("blue-green", "rolling")
    .replace("namespace: shop", "namespace: shop, rollout: api")
    .replace("        port: 8082\n", "        port: 8082\n        instances: 1\n")
)
PROMETHEUS, CLUSTER = GOOD.splitlines(keepends=True)[-2:]


def test_the_good_file_is_good(tmp_path: Path) -> None:
    path = tmp_path / "orchestrate.yaml"
    path.write_text(GOOD)

    (api,) = load(path).environment("dev").components

    assert api.kubernetes is not None
    assert (api.kubernetes.namespace, api.strategy) == ("shop", Strategy.BLUE_GREEN)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (CLUSTER, "", 7, "api: missing key 'kubernetes'"),
        (CLUSTER, CLUSTER.replace("{commit}", "latest"), 12, "image: expected {version}"),
        (CLUSTER, CLUSTER.replace(":{commit}", "@sha256:{tree}"), 12, "image: expected a tag"),
        (CLUSTER, CLUSTER.replace("namespace: shop", "namespace: Shop!"), 12, "namespace: "),
        (CLUSTER, CLUSTER.replace("TOKEN", "KEY"), 12, "the environment has no secret 'KEY'"),
        (CLUSTER, CLUSTER.replace(", credentials: TOKEN", ""), 7, "secrets of the environment do not reach"),
        (CLUSTER, f"{CLUSTER}        build: [[make]]\n", 13, "the kubernetes provider builds nothing"),
        (CLUSTER, CLUSTER.replace("}\n", ", route: a, ingress: b}\n"), 12, "name one of the two"),
        (PROMETHEUS, "", 11, "does not pass our router"),
        ("blue-green", "canary", 10, "2 instances cannot give 5 % of the traffic"),
    ],
)
def test_a_wrong_word_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    problem = refused(tmp_path, changed(GOOD, old, new))

    assert said in str(problem)
    assert f"orchestrate.yaml:{line}" in str(problem)


def test_a_component_can_be_handed_over(tmp_path: Path) -> None:
    path = tmp_path / "orchestrate.yaml"
    path.write_text(HANDED)

    (api,) = load(path).environment("dev").components

    assert api.kubernetes is not None
    assert api.kubernetes.owner == "the Rollout api of Argo Rollouts"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("rollout: api", "rollout: api, canary: api", 13, "canary: the Rollout api of Argo Rollouts decides"),
        ("rollout: api", "rollout: api, route: api", 13, "route: the Rollout api of Argo Rollouts decides"),
        ("rollout: api", "canary: api, ingress: api", 13, "ingress: the Canary api of Flagger decides that"),
        ("rollout: api", "rollout: api, service: api", 13, "service: the Rollout api of Argo Rollouts"),
        ("instances: 1", "instances: 3", 10, "instances: how many pods there are is said in the Rollout api"),
        ("strategy: rolling", "strategy: canary", 11, "has its own steps|steps are those of the Rollout api"),
        ("strategy: rolling", "strategy: rolling\n        run: [./api]", 12, "run: the Rollout api"),
        ('{kind: prometheus, url: "http://prometheus:9090"}', "{kind: endpoint}", 12, "not asked one by one"),
    ],
)
def test_what_the_owner_decides_is_not_said_twice(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    problem = refused(tmp_path, changed(HANDED, old, new))

    assert re.search(said, str(problem))
    assert f"orchestrate.yaml:{line}" in str(problem)
