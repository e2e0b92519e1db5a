"""What is said about an environment in an orchestrate.yaml that cannot be used, and in which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrate.written import refused_with

TYPE = "    type: staging\n"


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        ("name: x", 7, "unknown key 'name'; "),
        ("stratgy: canary", 7, "unknown key 'stratgy'; did you mean 'strategy'?"),
        ("strategy: big-bang", 7, "strategy: expected 'rolling', 'blue-green', "),
        ("type: dev", 7, "the key 'type' is there twice (first in line 6)"),
        ("move_timeout: 10 x", 7, "move_timeout: expected a duration in whole"),
        ("move_timeout: 0", 7, "move_timeout: expected more than 0, found '0'"),
        ("move_timeout: -1", 7, "move_timeout: expected a duration"),
        ("move_timeout: 400d", 7, "move_timeout: expected a duration"),
        ("move_timeout: 1.5s", 7, "move_timeout: expected a duration in whole"),
        ("triggers:\n      error_rate: lots", 8, "error_rate: expected a share"),
        ("triggers: {error_rate: 101 %}", 7, "error_rate: expected a share"),
        (
            "alerts:\n      orders: {below: 5}",
            8,
            "orders: expected either 'metric', a name in its own metrics, or 'query', in PromQL",
        ),
        ("alerts:\n      orders: {metric: orders}", 8, "orders: expected 'above' or 'below', a threshold"),
        ("alerts:\n      orders: {metric: a b, above: 1}", 8, "orders: 'a b' is no metric's name"),
        ("alerts:\n      orders: {query: up, above: 1}", 8, "orders: web has no Prometheus to be asked"),
        ("alerts:\n      memory: {above: 90}", 8, "memory: web has no memory_limit"),
        ("alerts:\n      cpu: {metric: cpu, above: 90}", 8, "cpu: is measured by itself"),
        (
            "alerts:\n      cpu:\n        for: 2h",
            9,
            "cpu: 7200 s is longer than the monitoring period of 3600 s",
        ),
        ("alerts:\n      cpu:\n        for: ever", 9, "for: expected a duration"),
        ("alerts:\n      cpu:\n        abov: 5", 9, "unknown key 'abov'; did you mean 'above'?"),
        ("alerts:\n      cpu:\n        above: NaN", 9, "above: "),
        ("triggers: 5", 7, "triggers: expected keys and values, found '5'"),
        ("monitoring: {perod: 5}", 7, "unknown key 'perod'; did you mean 'period'?"),
        ("gates: {promoted_from: dev}", 7, "promoted_from: unknown environment 'dev'"),
        ("gates: {promoted_from: staging}", 7, "goes in a circle: staging → staging"),
        ("approvers: [an]", 7, "unknown person 'an'; did you mean 'ann'?"),
        ("canary: {50: 1m, 10: 1m}", 7, "canary: expected shares that grow"),
        ("canary:\n      10: 1m\n      200: 1m", 9, "share: expected a whole share"),
        ("window: {start: '9'}", 7, "start: expected an hour such as 09:00"),
        ("window: {zone: Mars}", 7, "zone: expected a time zone such as"),
        ("window: {zone: ../x}", 7, "zone: expected a time zone such as"),
        ("window: {zone: Europe}", 7, "zone: expected a time zone such as"),
        ("freezes: [{start: x, end: y, reason: z}]", 7, "start: expected an instant"),
        ("window: {days: [moon]}", 7, "days: expected mon, tue, wed"),
        ("triggers: {warm_up: soon}", 7, "warm_up: expected a duration"),
        ("triggers: {smallest_harm: -1}", 7, "smallest_harm: expected"),
        ("auto_rollback: maybe", 7, "auto_rollback: expected true or false"),
        ("triggers: {}\n    rollback_triggers: {}", 8, "say the same; keep one"),
        ("monitoring: {period: 1}\n    monitoring_period: 1", 8, "say the same"),
        ("secrets: {A: hunter2}", 7, "A: expected a reference such as TOKEN:"),
        ("secrets: [A]", 7, "secrets: expected keys and values"),
        ("secrets: {A: {secrt: a}}", 7, "A: expected a reference such as"),
        ("secrets: {A: {secret: a b}}", 7, "A: expected a reference such as"),
        ("secrets:\n      A: {secret: [a]}", 8, "A: expected a reference"),
        ("secrets: {A: {secret: a, b: c}}", 7, "A: expected a reference"),
        ("provider: doker", 7, "provider: expected 'process', 'docker'"),
        ("url: ${a b}", 7, "expected ${NAME} or ${NAME:-default}"),
        ("approvals: 0", 7, "approvals: expected at least 1, found '0'"),
        ("approvals: 2", 7, "2 persons must approve, and approvers names"),
        ("approvals: 2\n    approvers: [ann, ann]", 7, "2 persons must approve, and approvers names"),
    ],
)
def test_the_line_at_fault_is_named(tmp_path: Path, wrong: str, line: int, said: str) -> None:
    fault = refused_with(tmp_path, TYPE, f"{TYPE}    {wrong}\n")

    assert said in fault.problem
    assert fault.line == line
