"""What is said about an orchestrate.yaml that cannot be used."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as any_of

from orchestrate.errors import SettingsInvalid
from orchestrate.settings import load
from tests.orchestrate.written import changed, refused

GOOD = """\
service: shop
people:
  ann: {cli: ann}
environments:
  staging:
    type: staging
    components:
      - name: web
        run: [python, -m, shop]
        port: 8081
  production:
    type: production
    components: [{name: web, run: [x]}]
"""


def refused_with(folder: Path, old: str, new: str) -> SettingsInvalid:
    return refused(folder, changed(GOOD, old, new))


def test_the_good_file_is_good(tmp_path: Path) -> None:
    path = tmp_path / "orchestrate.yaml"
    path.write_text(GOOD)

    assert load(path).service == "shop"


STAGING = "    type: staging\n"
PORT = "        port: 8081\n"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("service:", "servise:", 1, "unknown key 'servise'; did you mean 'service'?"),
        ("service: shop\n", "", 1, "missing key 'service'"),
        ("service: shop", "service: [shop]", 1, "service: expected text, found a list"),
        ("service: shop", "service: ../shop", 1, "'../shop': expected letters, digits"),
        ("service: shop", "service:", 1, "service: expected text, found nothing"),
        (STAGING, "    type: stagin\n", 6, "type: expected 'dev', 'staging' or 'production', found 'stagin'"),
        (STAGING, "", 5, "missing key 'type'"),
        (STAGING, "    type: staging\n    name: x\n", 7, "unknown key 'name'; "),
        (
            STAGING,
            "    type: staging\n    stratgy: canary\n",
            7,
            "unknown key 'stratgy'; did you mean 'strategy'?",
        ),
        (
            STAGING,
            "    type: staging\n    strategy: big-bang\n",
            7,
            "strategy: expected 'rolling', 'blue-green', ",
        ),
        (STAGING, "    type: staging\n    type: dev\n", 7, "the key 'type' is there twice (first in line 6)"),
        (
            STAGING,
            "    type: staging\n    move_timeout: 10 x\n",
            7,
            "move_timeout: expected a duration in whole",
        ),
        (
            STAGING,
            "    type: staging\n    move_timeout: 0\n",
            7,
            "move_timeout: expected more than 0, found '0'",
        ),
        (STAGING, "    type: staging\n    move_timeout: -1\n", 7, "move_timeout: expected a duration"),
        (STAGING, "    type: staging\n    move_timeout: 400d\n", 7, "move_timeout: expected a duration"),
        (
            STAGING,
            "    type: staging\n    move_timeout: 1.5s\n",
            7,
            "move_timeout: expected a duration in whole",
        ),
        (
            STAGING,
            "    type: staging\n    triggers:\n      error_rate: lots\n",
            8,
            "error_rate: expected a share",
        ),
        (
            STAGING,
            "    type: staging\n    triggers: {error_rate: 101 %}\n",
            7,
            "error_rate: expected a share",
        ),
        (
            STAGING,
            "    type: staging\n    alerts:\n      orders: {below: 5}\n",
            8,
            "orders: expected either 'metric', a name in its own metrics, or 'query', in PromQL",
        ),
        (
            STAGING,
            "    type: staging\n    alerts:\n      orders: {metric: orders}\n",
            8,
            "orders: expected 'above' or 'below', a threshold",
        ),
        (
            STAGING,
            "    type: staging\n    alerts:\n      orders: {metric: a b, above: 1}\n",
            8,
            "orders: 'a b' is no metric's name",
        ),
        (
            STAGING,
            "    type: staging\n    alerts:\n      orders: {query: up, above: 1}\n",
            8,
            "orders: web has no Prometheus to be asked",
        ),
        (
            STAGING,
            "    type: staging\n    alerts:\n      memory: {above: 90}\n",
            8,
            "memory: web has no memory_limit",
        ),
        (
            STAGING,
            "    type: staging\n    alerts:\n      cpu: {metric: cpu, above: 90}\n",
            8,
            "cpu: is measured by itself",
        ),
        (
            STAGING,
            "    type: staging\n    alerts:\n      cpu:\n        for: 2h\n",
            9,
            "cpu: 7200 s is longer than the monitoring period of 3600 s",
        ),
        (
            STAGING,
            "    type: staging\n    alerts:\n      cpu:\n        for: ever\n",
            9,
            "for: expected a duration",
        ),
        (
            STAGING,
            "    type: staging\n    alerts:\n      cpu:\n        abov: 5\n",
            9,
            "unknown key 'abov'; did you mean 'above'?",
        ),
        (
            STAGING,
            "    type: staging\n    alerts:\n      cpu:\n        above: NaN\n",
            9,
            "above: ",
        ),
        ("service: shop", "service: shop\nowners: {default: an}", 2, "unknown person 'an'; did you mean"),
        (
            "service: shop",
            "service: shop\nowners:\n  regresion: ann",
            3,
            "unknown key 'regresion'; did you mean 'regression'?",
        ),
        ("service: shop", "service: shop\nowners: {default: [ann]}", 2, "default: expected a person, found"),
        (STAGING, "    type: staging\n    triggers: 5\n", 7, "triggers: expected keys and values, found '5'"),
        (
            STAGING,
            "    type: staging\n    monitoring: {perod: 5}\n",
            7,
            "unknown key 'perod'; did you mean 'period'?",
        ),
        (
            STAGING,
            "    type: staging\n    gates: {promoted_from: dev}\n",
            7,
            "promoted_from: unknown environment 'dev'",
        ),
        (
            STAGING,
            "    type: staging\n    gates: {promoted_from: staging}\n",
            7,
            "goes in a circle: staging → staging",
        ),
        (
            STAGING,
            "    type: production\n    rehearse_rollback: true\n",
            7,
            "rehearse_rollback: people are served here",
        ),
        (STAGING, "    type: staging\n    approvers: [an]\n", 7, "unknown person 'an'; did you mean 'ann'?"),
        (
            STAGING,
            "    type: staging\n    canary: {50: 1m, 10: 1m}\n",
            7,
            "canary: expected shares that grow",
        ),
        (
            STAGING,
            "    type: staging\n    canary:\n      10: 1m\n      200: 1m\n",
            9,
            "share: expected a whole share",
        ),
        (
            STAGING,
            "    type: staging\n    window: {start: '9'}\n",
            7,
            "start: expected an hour such as 09:00",
        ),
        (STAGING, "    type: staging\n    window: {zone: Mars}\n", 7, "zone: expected a time zone such as"),
        (STAGING, "    type: staging\n    window: {zone: ../x}\n", 7, "zone: expected a time zone such as"),
        (STAGING, "    type: staging\n    window: {zone: Europe}\n", 7, "zone: expected a time zone such as"),
        (
            STAGING,
            "    type: staging\n    freezes: [{start: x, end: y, reason: z}]\n",
            7,
            "start: expected an instant",
        ),
        (STAGING, "    type: staging\n    window: {days: [moon]}\n", 7, "days: expected mon, tue, wed"),
        (STAGING, "    type: staging\n    triggers: {warm_up: soon}\n", 7, "warm_up: expected a duration"),
        (STAGING, "    type: staging\n    triggers: {smallest_harm: -1}\n", 7, "smallest_harm: expected"),
        (
            STAGING,
            "    type: staging\n    auto_rollback: maybe\n",
            7,
            "auto_rollback: expected true or false",
        ),
        (
            STAGING,
            "    type: staging\n    triggers: {}\n    rollback_triggers: {}\n",
            8,
            "say the same; keep one",
        ),
        (
            STAGING,
            "    type: staging\n    monitoring: {period: 1}\n    monitoring_period: 1\n",
            8,
            "say the same",
        ),
        (
            STAGING,
            "    type: staging\n    secrets: {A: hunter2}\n",
            7,
            "A: expected a reference such as TOKEN:",
        ),
        (STAGING, "    type: staging\n    secrets: [A]\n", 7, "secrets: expected keys and values"),
        (STAGING, "    type: staging\n    secrets: {A: {secrt: a}}\n", 7, "A: expected a reference such as"),
        (
            STAGING,
            "    type: staging\n    secrets: {A: {secret: a b}}\n",
            7,
            "A: expected a reference such as",
        ),
        (STAGING, "    type: staging\n    secrets:\n      A: {secret: [a]}\n", 8, "A: expected a reference"),
        (STAGING, "    type: staging\n    secrets: {A: {secret: a, b: c}}\n", 7, "A: expected a reference"),
        ("service: shop", "service: shop\nvault: {file: x}", 2, "unknown key 'file'"),
        ("service: shop", "service: shop\nvault: here", 2, "vault: expected keys and values"),
        (
            STAGING,
            "    type: staging\n    provider: doker\n",
            7,
            "provider: expected 'process', 'docker'",
        ),
        (STAGING, "    type: staging\n    url: ${a b}\n", 7, "expected ${NAME} or ${NAME:-default}"),
        (PORT, "        port: high\n", 10, "port: expected a whole number, found 'high'"),
        (PORT, "        port: 70000\n", 10, "port: expected at most 65535, found '70000'"),
        (PORT, "        health: {paths: /}\n", 10, "unknown key 'paths'; did you mean 'path'?"),
        (PORT, "        smoke:\n          - {kind: http, name: x, paht: /}\n", 11, "did you mean 'path'?"),
        (
            PORT,
            "        smoke:\n          - {kind: grpc, name: x}\n",
            11,
            "'kind' to be one of 'http', 'tcp'",
        ),
        (PORT, "        smoke:\n          - {name: x}\n", 11, "missing key 'kind'"),
        (PORT, "        smoke: [{kind: http, name: x, path: /, secret: T}]\n", 10, "has no secret 'T'"),
        (PORT, "        build: [make all]\n", 10, "build[0]: expected a list, found 'make all'"),
        (PORT, "        database: {url: x}\n", 10, "missing key 'dialect'"),
        (PORT, "      - {name: web, run: [y]}\n", 10, "a second component is called 'web'"),
        (
            PORT,
            PORT + "      - {name: api, run: [y], port: 8081}\n",
            11,
            "port 8081 is that of another component",
        ),
        ("        run: [python, -m, shop]\n", "", 8, "web: missing key 'run', the words that start it"),
        ("components: [{name: web, run: [x]}]", "components: []", 13, "expected at least one component"),
        ("environments:", "flow: [staging, prodution]\nenvironments:", 4, "did you mean 'production'?"),
        ("environments:", "flow: [staging, staging]\nenvironments:", 4, "flow: 'staging' comes twice"),
        ("environments:", "flow: staging\nenvironments:", 4, "flow: expected a list, found 'staging'"),
        ("{cli: ann}", "{cli: ann}\n  bob: {cli: ann}", 4, "ann and bob are both 'ann' on cli"),
        ("{cli: ann}", "{icq: U1}", 3, "unknown key 'icq'; known here: bot, cli, forge, git, roles"),
        ("{cli: ann}", "{tracker: []}", 3, "tracker: expected an account, or a list of them"),
        ("{cli: ann}", "{tracker: [a, [b]]}", 3, "tracker: expected an account"),
        ("{cli: ann}", "{cli: ann}\n  bob: {cli: [bob, ann]}", 4, "ann and bob are both 'ann' on cli"),
        (STAGING, "    type: staging\n    approvals: 0\n", 7, "approvals: expected at least 1, found '0'"),
        (STAGING, "    type: staging\n    approvals: 2\n", 7, "2 persons must approve, and approvers names"),
        (
            STAGING,
            "    type: staging\n    approvals: 2\n    approvers: [ann, ann]\n",
            7,
            "2 persons must approve, and approvers names",
        ),
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("# nothing\n\n", "the file is empty"),
        ("- a\n- b\n", "expected keys and values"),
        ("service: shop\n", "environments: expected at least one"),
        (b"service: \xff\n", "is not UTF-8 text"),
        (b"service: a\x07b\n", "holds a control character"),
        ("x: " + "[" * 5000, "nested too deeply"),
        ("x: " + "[" * 60 + "]" * 60, "too many values, or nested too deeply"),
        ("a" * 1_048_577, "larger than 1 MiB"),
        ("? [a, b]\n: c\n", "expected a plain word as a key"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert said in refused(tmp_path, text).problem


def test_a_bomb_of_aliases_does_not_go_off(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]

    assert "too many values" in refused(tmp_path, "\n".join(lines)).problem


def test_an_alias_to_itself_is_refused(tmp_path: Path) -> None:
    assert "nested too deeply" in refused(tmp_path, "a: &a [*a]\n").problem


def test_an_alias_is_read_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "orchestrate.yaml"
    path.write_text(
        GOOD.replace("type: staging\n", "type: staging\n    url: &u http://x\n").replace(
            "type: production\n", "type: production\n    url: *u\n"
        )
    )

    assert load(path).environment("production").url == "http://x"


def test_a_file_that_is_not_there_comes_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="there is no such file") as caught:
        load(tmp_path / "orchestrate.yaml")

    assert "orchestrate demo" in caught.value.cure


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load(tmp_path)


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


WORDS = any_of.sampled_from(
    [
        *"{}[]:,-?!&*#|>'\"%@` \n\t$",
        "${",
        "$${",
        "null",
        "true",
        "1e9",
        "9" * 30,
        "- ",
        ": ",
        "\n  ",
        "&a ",
        "*a",
        "é",
        "\x00",
    ]
)


@given(place=any_of.integers(0, len(GOOD)), cut=any_of.integers(0, 12), put=any_of.lists(WORDS, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_loads_or_is_refused_by_name(
    tmp_path: Path, place: int, cut: int, put: list[str]
) -> None:
    path = tmp_path / "orchestrate.yaml"
    path.write_text(GOOD[:place] + "".join(put) + GOOD[place + cut :])

    try:
        load(path)
    except SettingsInvalid as fault:
        assert fault.file == str(path)


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
