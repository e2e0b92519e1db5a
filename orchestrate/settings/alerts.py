"""Alerts: what must hold between a series, its threshold, and the component that tells it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrate.models.alert import MEASURED, USUAL, Alert, Source, matchers
from orchestrate.models.environment import Environment
from orchestrate.models.thresholds import complete, obstacle
from orchestrate.settings.tree import Document, Loc

_METRIC = re.compile(r'[a-zA-Z_:][\w:]*(\{(\s*[a-zA-Z_]\w*\s*=\s*"([^"\\]|\\.)*"\s*,?)*\s*\})?', re.ASCII)
_SIDES = "expected 'above' or 'below', a threshold"
_SERIES = "expected either 'metric', a name in its own metrics, or 'query', in PromQL"
_EXAMPLE = "orders: {metric: orders_total, below: 2, for: 5m}"


def check_alerts(document: Document, environment: Environment) -> None:
    """Raise SettingsInvalid where an alert has no series or threshold, or nobody who could tell it."""
    loc = ("environments", environment.name)
    _check_each(document, (*loc, "alerts"), environment.alerts, environment)
    for name, alert in environment.alerts.items():
        why = [obstacle(name, alert, part) for part in environment.components]
        if all(why):
            raise document.fault((*loc, "alerts", name), f"{name}: {why[0]}")
    for index, part in enumerate(environment.components):
        here = (*loc, "components", index, "alerts")
        _check_each(document, here, part.alerts, environment)
        for name, alert in part.alerts.items():
            if why := obstacle(name, alert, part):
                raise document.fault((*here, name), f"{name}: {why}")


def _check_each(document: Document, loc: Loc, alerts: Mapping[str, Alert], environment: Environment) -> None:
    for name, alert in alerts.items():
        here = (*loc, name)
        if problem := _problem(name, alert):
            raise document.fault(here, f"{name}: {problem}", cure=_EXAMPLE)
        if alert.credentials is not None and alert.credentials not in environment.secrets:
            said = f"{name}: the environment has no secret {alert.credentials!r}"
            raise document.fault((*here, "credentials"), said)
        window, period = complete(name, alert, environment).window, environment.monitoring.period
        if window > period:
            problem = f"{window} s is longer than the monitoring period of {period} s"
            raise document.fault((*here, "for"), f"{name}: {problem}", cure="for: a shorter time")


def _source_problem(alert: Alert) -> str:
    if alert.source is Source.PROMETHEUS:
        return "'credentials' are for who is asked a 'query'" if alert.credentials and not alert.query else ""
    if not alert.query:
        return f"{alert.source} wants a 'query'"
    if alert.source is Source.ALERTMANAGER:
        return _alertmanager_problem(alert)
    if alert.source is Source.SENTRY and not alert.url:
        return "sentry wants a 'url' such as https://sentry.io/api/0/organizations/SLUG"
    if alert.source is Source.SENTRY and not alert.credentials:
        return "sentry wants 'credentials', a secret that holds the token"
    return ""


def _alertmanager_problem(alert: Alert) -> str:
    if not alert.url:
        return "alertmanager wants a 'url' such as http://alertmanager:9093"
    if not matchers((alert.query or "").replace("{slot}", "")):
        return 'alertmanager wants a \'query\' of matchers such as service="shop", severity=~"page|critical"'
    return ""


def _problem(name: str, alert: Alert) -> str:
    if name in MEASURED and (alert.metric or alert.query):
        return "is measured by itself; leave out 'metric' and 'query'"
    if name not in MEASURED and bool(alert.metric) == bool(alert.query):
        return _SERIES
    if alert.metric and not _METRIC.fullmatch(alert.metric.strip()):
        return f"{alert.metric!r} is no metric's name"
    if alert.url and not alert.query:
        return "'url' is of the Prometheus, or other source, that a 'query' is sent to"
    if problem := _source_problem(alert):
        return problem
    if alert.above is not None and alert.below is not None:
        return _SIDES
    is_usual = name in MEASURED or name in USUAL
    return "" if is_usual or alert.above is not None or alert.below is not None else _SIDES
