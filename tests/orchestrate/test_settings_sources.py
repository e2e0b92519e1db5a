"""Sources of numbers and alerts in orchestrate.yaml: what is missing is told with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import SettingsInvalid
from orchestrate.models.alert import matchers
from orchestrate.settings import Settings, load

SETTINGS = """\
service: shop
environments:
  production:
    type: production
    secrets: {DD: "${DD}"}
    alerts: {it: ALERT}
    components: [{name: web, port: 8080, run: [x], metrics: METRICS}]
"""
SLOT = "sum:hits{slot:{slot}}.as_count()"
DATADOG = f'{{kind: datadog, requests: "{SLOT}", errors: "{SLOT}", credentials: DD}}'
ALERT = '{source: datadog, query: "p99:x{slot:{slot}}", credentials: DD, above: 1}'
SENTRY = (
    "{source: sentry, url: https://sentry.test/api/0/organizations/acme, query: x, credentials: DD, above: 0}"
)

MATCHERS = 'service="shop", severity=~"page|red"'
FIRING = f"{{source: alertmanager, url: http://alerts.test:9093, query: '{MATCHERS}', above: 0}}"

PROMETHEUS = "{kind: prometheus, url: http://numbers.test:9090, credentials: DD}"
QUERY = '{query: "sum(up)", url: "http://numbers.test:9090", credentials: DD, above: 1}'


def loaded(folder: Path, alert: str = ALERT, metrics: str = DATADOG) -> Settings:
    (folder / "orchestrate.yaml").write_text(SETTINGS.replace("ALERT", alert).replace("METRICS", metrics))
    return load(folder / "orchestrate.yaml")


@pytest.mark.parametrize(("alert", "metrics"), [(ALERT, DATADOG), (SENTRY, DATADOG), (QUERY, PROMETHEUS)])
def test_each_source_is_named_with_a_secret(tmp_path: Path, alert: str, metrics: str) -> None:
    environment = loaded(tmp_path, alert, metrics).environment("production")

    assert environment.alerts["it"].credentials == environment.components[0].metrics.credentials == "DD"


def test_an_alertmanager_needs_no_secret(tmp_path: Path) -> None:
    alert = loaded(tmp_path, FIRING).environment("production").alerts["it"]

    assert matchers(alert.query or "") == ('service="shop"', 'severity=~"page|red"')


WRONG = {
    "no Alertmanager": (FIRING.replace("url: http://alerts.test:9093, ", ""), DATADOG, 6, "wants a 'url'"),
    "PromQL for Alertmanager": (FIRING.replace('service="shop", ', "sum(up), "), DATADOG, 6, "of matchers"),
    "a secret that is not there": (ALERT.replace("DD", "GONE"), DATADOG, 6, "has no secret 'GONE'"),
    "no query": ("{source: datadog, metric: x, above: 1}", DATADOG, 6, "datadog wants a 'query'"),
    "no organisation": (
        SENTRY.replace("url: https://sentry.test/api/0/organizations/acme, ", ""),
        DATADOG,
        6,
        "'url'",
    ),
    "no token": (SENTRY.replace("credentials: DD, ", ""), DATADOG, 6, "'credentials'"),
    "a token for nobody": (
        "{metric: x, credentials: DD, above: 1}",
        PROMETHEUS,
        6,
        "are for who is asked a 'query'",
    ),
    "a token that is not there": (QUERY, PROMETHEUS.replace("DD", "GONE"), 7, "has no secret 'GONE'"),
    "a token of a query that is not there": (
        QUERY.replace("DD", "GONE"),
        PROMETHEUS,
        6,
        "has no secret 'GONE'",
    ),
    "no slot": (ALERT, DATADOG.replace("slot:{slot}", "*"), 7, "requests: datadog wants a query with {slot}"),
    "a key for nobody": (
        FIRING,
        "{kind: endpoint, credentials: DD}",
        7,
        "endpoint shows them to nobody",
    ),
    "no keys of another site": (
        ALERT.replace("credentials: DD", "url: https://api.datadoghq.eu"),
        DATADOG,
        6,
        "datadog wants 'credentials'",
    ),
    "no keys where the numbers come from elsewhere": (
        ALERT.replace("credentials: DD, ", ""),
        PROMETHEUS,
        6,
        "datadog wants 'credentials'",
    ),
    "no keys": (ALERT, DATADOG.replace(", credentials: DD", ""), 7, "expected a secret of the environment"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_missing_is_told_with_its_line(tmp_path: Path, name: str) -> None:
    alert, metrics, line, said = WRONG[name]

    with pytest.raises(SettingsInvalid) as caught:
        loaded(tmp_path, alert, metrics)

    assert said in str(caught.value) and f"orchestrate.yaml:{line}" in str(caught.value)
