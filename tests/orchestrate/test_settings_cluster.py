"""What is said about a component whose words do not fit the kubernetes provider."""

from __future__ import annotations

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
