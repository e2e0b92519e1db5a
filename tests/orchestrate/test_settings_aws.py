"""What is said about a component in AWS whose words do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrate.written import changed, refused

AWS = "aws: {region: eu-central-1, profile: deploy}"
ECS = f"""\
service: shop
environments:
  dev:
    type: dev
    secrets: {{KEY: "${{KEY:-x}}"}}
    components:
      - name: web
        provider: ecs
        port: 443
        metrics: {{kind: prometheus, url: "http://127.0.0.1:9090"}}
        ecs:
          {AWS}
          image: "registry.example/shop:{{commit}}"
          cluster: shop
          template: web
          rule: arn:rule
          target_groups: {{blue: arn:a, green: arn:b}}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (AWS, "aws: {region: eu-central-1}", 12, "expected as whom AWS is asked"),
        (AWS, "aws: {region: eu-central-1, access_key: KEY}", 12, "expected as whom AWS is asked"),
        (AWS, "aws: {region: eu-central-1, profile: a, access_key: KEY}", 12, "found both"),
        (AWS, "aws: {region: eu-central-1, access_key: NO, secret_key: KEY}", 12, "no secret 'NO'"),
        (AWS, "aws: {region: Frankfurt, profile: a}", 12, "region"),
        ("{commit}", "latest", 13, "expected {version}, {commit} or {tree} in it"),
        ("          rule: arn:rule\n", "", 11, "a rule of a load balancer and a target group"),
        ("kind: prometheus", "kind: proxy", 11, "does not pass our router"),
        ("        ecs:\n", "        build: [[make]]\n        ecs:\n", 11, "ecs builds nothing"),
        ("          cluster: shop\n", "", 11, "cluster"),
    ],
)
def test_a_wrong_word_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    problem = refused(tmp_path, changed(ECS, old, new))

    assert said in str(problem)
    assert f"orchestrate.yaml:{line}" in str(problem)


ARCHIVE = 'bucket: shop, key: "{commit}.zip"'
LAMBDA = f"""\
service: shop
environments:
  dev:
    type: dev
    strategy: canary
    components:
      - name: prices
        provider: awslambda
        instances: 1
        awslambda: {{{AWS}, function: prices, {ARCHIVE}}}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (ARCHIVE, "bucket: shop", 10, "expected either `image`, or `bucket` and `key`"),
        (ARCHIVE, f'image: "x/y:{{commit}}", {ARCHIVE}', 10, "expected either `image`"),
        (ARCHIVE, "bucket: shop, key: shop.zip", 10, "expected {version}, {commit} or {tree} in it"),
        ("        instances: 1\n", "", 7, "a function has no instances"),
        (
            "strategy: canary",
            "strategy: rolling",
            5,
            "awslambda cannot do rolling (a function has no",
        ),
    ],
)
def test_a_wrong_word_about_a_function_is_told(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    problem = refused(tmp_path, changed(LAMBDA, old, new))

    assert said in str(problem)
    assert f"orchestrate.yaml:{line}" in str(problem)


SITE = f"""\
service: shop
environments:
  dev:
    type: dev
    strategy: blue-green
    components:
      - name: web
        provider: cloudfront
        port: 443
        instances: 1
        metrics: {{kind: prometheus, url: "http://127.0.0.1:9090"}}
        build: [[make]]
        cloudfront:
          {AWS}
          bucket: shop-site
          distribution: E1A2B3C4
"""


LATE = "web's switch may take 900 s, and a move ends after 900 s (move_timeout)"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (AWS, "aws: {region: eu-central-1}", 14, "expected as whom AWS is asked"),
        ("        instances: 1\n", "", 7, "a static site has no instances"),
        ("        port: 443\n", "", 12, "has traffic, and the component no port"),
        ("kind: prometheus", "kind: proxy", 13, "does not pass our router"),
        ("build: [[make]]", "run: [nginx]", 12, "a static site runs nothing"),
        ("          distribution: E1A2B3C4\n", "", 13, "distribution"),
        ("E1A2B3C4", "shop.example", 16, "distribution"),
        ("bucket: shop-site", "bucket: s3://shop", 15, "bucket"),
        ("strategy: blue-green", "strategy: canary", 5, "cloudfront cannot do canary (a distribution shows"),
        ("strategy: blue-green", "strategy: rolling", 5, "cloudfront cannot do rolling"),
        ("strategy: blue-green", "strategy: recreate", 5, "cloudfront cannot do recreate"),
        ("distribution: E1A2B3C4", "distribution: E1\n          switch_seconds: 900", 17, LATE),
        ("strategy: blue-green", "strategy: blue-green\n    move_timeout: 600", 6, "may take 600 s"),
    ],
)
def test_a_wrong_word_about_a_site_is_told(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    problem = refused(tmp_path, changed(SITE, old, new))

    assert said in str(problem)
    assert f"orchestrate.yaml:{line}" in str(problem)


def test_a_site_wants_its_section(tmp_path: Path) -> None:
    problem = refused(tmp_path, SITE[: SITE.index("        cloudfront")])

    assert "web: missing key 'cloudfront'" in str(problem)


def test_cloudwatch_is_asked_about_ecs_alone(tmp_path: Path) -> None:
    problem = refused(
        tmp_path,
        LAMBDA.replace("        awslambda", "        metrics: {kind: cloudwatch}\n        awslambda"),
    )

    assert "target groups of the ecs provider alone" in str(problem)
