"""Alert rules: what Prometheus says of a component, and where it finds its numbers (O1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import yaml

from orchestrate.models.environment import Component, Environment

WINDOW = "5m"
OWN = ("proxy", "endpoint", "prometheus")
"""Kinds of metric sources whose numbers Prometheus can have."""

Rule = Mapping[str, object]


def job_of(environment: Environment, part: Component) -> str:
    """What the component's targets are called in Prometheus."""
    return f"{environment.service}-{environment.name}-{part.name}"


def told(environment: Environment) -> tuple[Component, ...]:
    """The components whose numbers Prometheus can have."""
    return tuple(one for one in environment.components if one.port and one.metrics.kind in OWN)


def rules(environment: Environment) -> str:
    """A file of alert rules: a group for each component, the same text every time."""
    groups = [
        {"name": job_of(environment, part), "rules": _rules(environment, part)} for part in told(environment)
    ]
    return yaml.safe_dump({"groups": groups}, sort_keys=False, width=1000)


def targets(environment: Environment, addresses: Mapping[str, Sequence[str]]) -> str:
    """A file of targets for `file_sd_configs`; `addresses` are host:port by component."""
    found = [
        {
            "targets": sorted(addresses[part.name]),
            "labels": {"job": job_of(environment, part), "__metrics_path__": part.metrics.path},
        }
        for part in told(environment)
        if addresses.get(part.name)
    ]
    return json.dumps(found, indent=2) + "\n"


def _rules(environment: Environment, part: Component) -> list[Rule]:
    config, job = part.metrics, f'job="{job_of(environment, part)}"'
    every = _narrowed(config.requests, job)
    failed = _narrowed(config.requests, job, f'{config.status_label}=~"5.*"')
    steps = _narrowed(config.latency, job, suffix="_bucket")
    errors = f"sum(rate({failed}[{WINDOW}])) / sum(rate({every}[{WINDOW}])) > 0.05"
    slow = f"histogram_quantile(0.95, sum by (le) (rate({steps}[{WINDOW}]))) > 1"
    down = f"up{{{job}}} == 0 or absent(up{{{job}}})"
    labels = {"service": environment.service, "environment": environment.name, "component": part.name}
    return [
        _rule("HighErrorRate", errors, WINDOW, labels, f"more than 5 % of {part.name}'s requests fail"),
        _rule("HighResponseTime", slow, WINDOW, labels, f"{part.name}'s p95 is longer than 1 s"),
        _rule("PodDown", down, "1m", labels, f"nobody tells {part.name}'s numbers"),
    ]


def _rule(name: str, expression: str, lasts: str, labels: Mapping[str, str], said: str) -> Rule:
    where = f"{labels['service']} in {labels['environment']}"
    return {
        "alert": name,
        "expr": expression,
        "for": lasts,
        "labels": {**labels, "severity": "page"},
        "annotations": {"summary": f"{where}: {said}"},
    }


def _narrowed(selector: str, *labels: str, suffix: str = "") -> str:
    """The selector with more labels, and its name with `suffix`."""
    name, _, own = selector.strip().partition("{")
    kept = own.rstrip().removesuffix("}").strip().rstrip(",")
    return f"{name.strip()}{suffix}{{{', '.join(one for one in (kept, *labels) if one)}}}"
