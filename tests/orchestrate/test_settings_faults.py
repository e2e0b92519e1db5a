"""What is said about an orchestrate.yaml that cannot be used, and in which line."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.orchestrate.written import GOOD, loaded, refused, refused_with


def test_the_good_file_is_good(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD).service == "shop"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("service:", "servise:", 1, "unknown key 'servise'; did you mean 'service'?"),
        ("service: shop\n", "", 1, "missing key 'service'"),
        ("service: shop", "service: [shop]", 1, "service: expected text, found a list"),
        ("service: shop", "service: ../shop", 1, "'../shop': expected letters, digits"),
        ("service: shop", "service:", 1, "service: expected text, found nothing"),
        (
            "    type: staging\n",
            "    type: stagin\n",
            6,
            "type: expected 'dev', 'staging' or 'production', found 'stagin'",
        ),
        ("    type: staging\n", "", 5, "missing key 'type'"),
        ("service: shop", "service: shop\nowners: {default: an}", 2, "unknown person 'an'; did you mean"),
        (
            "service: shop",
            "service: shop\nowners:\n  regresion: ann",
            3,
            "unknown key 'regresion'; did you mean 'regression'?",
        ),
        ("service: shop", "service: shop\nowners: {default: [ann]}", 2, "default: expected a person, found"),
        (
            "    type: staging\n",
            "    type: production\n    rehearse_rollback: true\n",
            7,
            "rehearse_rollback: people are served here",
        ),
        ("service: shop", "service: shop\nvault: {file: x}", 2, "unknown key 'file'"),
        ("service: shop", "service: shop\nvault: here", 2, "vault: expected keys and values"),
        ("        run: [python, -m, shop]\n", "", 8, "web: missing key 'run', the words that start it"),
        ("        port: 8081\n", "      - {name: web, run: [y]}\n", 10, "a second component is called 'web'"),
        ("components: [{name: web, run: [x]}]", "components: []", 13, "expected at least one component"),
        ("environments:", "flow: [staging, prodution]\nenvironments:", 4, "did you mean 'production'?"),
        ("environments:", "flow: [staging, staging]\nenvironments:", 4, "flow: 'staging' comes twice"),
        ("environments:", "flow: staging\nenvironments:", 4, "flow: expected a list, found 'staging'"),
        ("{cli: ann}", "{cli: ann}\n  bob: {cli: ann}", 4, "ann and bob are both 'ann' on cli"),
        ("{cli: ann}", "{icq: U1}", 3, "unknown key 'icq'; known here: bot, cli, forge, git, roles"),
        ("{cli: ann}", "{tracker: []}", 3, "tracker: expected an account, or a list of them"),
        ("{cli: ann}", "{tracker: [a, [b]]}", 3, "tracker: expected an account"),
        ("{cli: ann}", "{cli: ann}\n  bob: {cli: [bob, ann]}", 4, "ann and bob are both 'ann' on cli"),
        (
            "{cli: ann}\nenvironments:\n  staging:\n",
            "{bot: true}\nenvironments:\n  staging:\n    approvers: [ann]\n",
            6,
            "approvers: ann is a bot, and only people approve",
        ),
        ("{cli: ann}", "{roles: [boss]}", 3, "roles[0]: expected 'approver', 'security', 'qa' or 'operator'"),
        ("environments:", "store: here\nenvironments:", 4, "store: expected keys and values, found 'here'"),
        (
            "environments:",
            "tracker: {kind: jira}\nenvironments:",
            4,
            "kind: expected 'builtin', 'clickup' or 'beads', found 'jira'",
        ),
        ("environments:", "tracker: {queues: {deploy: x}}\nenvironments:", 4, "the deploy queue's status is"),
        (
            "environments:",
            "forge: {methods: [octopus]}\nenvironments:",
            4,
            "expected 'merge', 'squash' or 'rebase'",
        ),
        ("environments:", "worker: {poll: 5s}\nenvironments:", 4, "unknown key 'poll'"),
        (
            "environments:",
            "roles: {planner: {}}\nenvironments:",
            4,
            "unknown key 'planner'; known here: deployer",
        ),
        (
            "environments:",
            "roles: {deployer: {poll_intervall: 1}}\nenvironments:",
            4,
            "mean 'poll_interval'?",
        ),
        ("{cli: ann}", "!person {cli: ann}", 3, "the tag !person is not used here"),
        ("{cli: ann}", "{<<: {cli: ann}}", 3, "merging with << is not read"),
        ("people:", "people:\n\tx: y", 3, "a tab; YAML is indented with spaces"),
        ("people:", "people: [", 4, "(begun in line 2)"),
        ("people:", "---\npeople:", 2, "a second document (---)"),
    ],
)
def test_the_line_at_fault_is_named(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    fault = refused_with(tmp_path, old, new)

    assert said in fault.problem
    assert fault.line == line


def test_a_value_that_came_from_a_variable_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT_OR_SO", "hunter2")

    fault = refused_with(tmp_path, "port: 8081", "port: ${PORT_OR_SO}\n        drain_seconds: ${PORT_OR_SO}")

    assert "hunter2" not in str(fault)
    assert "${PORT_OR_SO}" in str(fault)


def test_a_second_fault_waits_for_its_turn(tmp_path: Path) -> None:
    text = dedent(GOOD).replace("port: 8081", "port: a").replace("[{name: web, run: [x]}]", "5")

    assert refused(tmp_path, text).line == 10
