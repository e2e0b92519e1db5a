"""What the cluster is told about the health of pods is what the settings say."""

from __future__ import annotations

import pytest

from orchestrate.models.smoke import HealthCheck
from orchestrate.reports.providers import EXAMPLES
from tools.providers.kubernetes.objects import readiness


@pytest.mark.parametrize(
    ("health", "probe"),
    [
        (HealthCheck(path="/up", timeout=7), {"httpGet": {"path": "/up", "port": 8080}, "timeoutSeconds": 7}),
        (HealthCheck(path=""), {"tcpSocket": {"port": 8080}, "timeoutSeconds": 2}),
    ],
)
def test_a_probe_has_the_path_and_the_time_of_the_settings(
    health: HealthCheck, probe: dict[str, object]
) -> None:
    part = EXAMPLES["kubernetes"].model_copy(update={"health": health})

    assert readiness(part) == {**probe, "periodSeconds": 1, "failureThreshold": 2}
