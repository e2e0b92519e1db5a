"""What is said about a component in an orchestrate.yaml that cannot be used, and in which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrate.written import refused_with

PORT = "        port: 8081\n"


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        ("port: high", 10, "port: expected a whole number, found 'high'"),
        ("port: 70000", 10, "port: expected at most 65535, found '70000'"),
        ("health: {paths: /}", 10, "unknown key 'paths'; did you mean 'path'?"),
        ("smoke:\n          - {kind: http, name: x, paht: /}", 11, "did you mean 'path'?"),
        ("smoke:\n          - {kind: grpc, name: x}", 11, "'kind' to be one of 'http', 'tcp'"),
        ("smoke:\n          - {name: x}", 11, "missing key 'kind'"),
        ("smoke: [{kind: http, name: x, path: /, secret: T}]", 10, "has no secret 'T'"),
        (
            "kubernetes: {image: 'r.test/w:{commit}', namespace: My Shop}",
            10,
            "namespace: expected a name of small letters, digits and dashes, such as shop, found 'My Shop'",
        ),
        (
            "awslambda: {aws: {region: Frankfurt}, function: w, bucket: b, key: '{commit}'}",
            10,
            "region: expected a region such as eu-central-1, found 'Frankfurt'",
        ),
        (
            "cloudrun: {image: 'r.test/w:{commit}', project: shop, region: EU, key: K}",
            10,
            "region: expected text of the form ^[a-z0-9-]+$, found 'EU'",
        ),
        ("build: [make all]", 10, "build[0]: expected a list, found 'make all'"),
        ("database: {url: x}", 10, "missing key 'dialect'"),
        (
            "port: 8081\n      - {name: api, run: [y], port: 8081}",
            11,
            "port 8081 is that of another component",
        ),
    ],
)
def test_the_line_at_fault_is_named(tmp_path: Path, wrong: str, line: int, said: str) -> None:
    fault = refused_with(tmp_path, PORT, f"        {wrong}\n")

    assert said in fault.problem
    assert fault.line == line


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("health: {path: '@evil.test/'}", "path: expected a path that starts with / and has no blanks"),
        ("health: {timeout: 11}", "timeout: expected at most 10, found '11'"),
        ("metrics: {kind: endpoint, path: metrics}", "path: expected a path that starts with /"),
        ("smoke: [{kind: http, name: x, path: x}]", "path: expected a path that starts with /"),
        (
            "smoke: [{kind: http, name: x, path: /, url: 'http://a@b'}]",
            "url: expected an address such as https://pay.example.com:8443, found 'http://a@b'",
        ),
        ("smoke: [{kind: tcp, name: x, host: h, port: 1, within: 11s}]", "within: expected at most 10000"),
        ("smoke: [{kind: cache, name: x, host: h, port: 70000}]", "port: expected at most 65535"),
        ("smoke: [{kind: cache, name: x, host: h, secret: PW}]", "the environment has no secret 'PW'"),
    ],
)
def test_a_check_that_could_lead_elsewhere_or_last_too_long_is_refused(
    tmp_path: Path, line: str, said: str
) -> None:
    fault = refused_with(tmp_path, PORT, f"{PORT}        {line}\n")

    assert fault.line == 11
    assert said in str(fault)
