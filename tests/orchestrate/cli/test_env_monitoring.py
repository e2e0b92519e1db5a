"""Monitoring of an environment: files that promtool takes and a real Prometheus reads, the same each time."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.orchestrate.cli.conftest import Command
from tests.orchestrate.cli.world import Shop
from tests.servers.prometheus import asked, prometheus

pytestmark = pytest.mark.prometheus

RULES, TARGETS = "rules-shop-test.yml", "targets-shop-test.json"


@pytest.fixture(autouse=True)
def _promtool() -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")


def exact(alert: str, shop: Shop) -> tuple[str, str]:
    """The expression of an alert, and for how long it must hold."""
    (group,) = yaml.safe_load((shop.folder / "here" / RULES).read_text())["groups"]
    (found,) = [one for one in group["rules"] if one["alert"] == alert]
    return found["expr"], found["for"]


def test_rules_and_targets_are_written_for_each_component(shop: Shop, command: Command) -> None:
    made = command("env", "monitoring", "test", "--into", "here", "--target", "127.0.0.1:9100")

    assert (made.code, made.err) == (0, "")
    assert made.out == f"here/{RULES}: written\nhere/{TARGETS}: written\n"
    job = 'job="shop-test-web"'
    every, failed = f"http_requests_total{{{job}}}", f'http_requests_total{{{job}, status=~"5.*"}}'
    errors = f"sum(rate({failed}[5m])) / sum(rate({every}[5m])) > 0.05"
    assert exact("HighErrorRate", shop) == (errors, "5m")
    steps = f"http_request_duration_seconds_bucket{{{job}}}"
    slow = f"histogram_quantile(0.95, sum by (le) (rate({steps}[5m]))) > 1"
    assert exact("HighResponseTime", shop) == (slow, "5m")
    assert exact("PodDown", shop) == (f"up{{{job}}} == 0 or absent(up{{{job}}})", "1m")
    labels = {"job": "shop-test-web", "__metrics_path__": "/metrics"}
    told = json.loads((shop.folder / "here" / TARGETS).read_text())
    assert told == [{"targets": ["127.0.0.1:9100"], "labels": labels}]


def test_the_same_settings_touch_nothing(shop: Shop, command: Command) -> None:
    words = ("env", "monitoring", "test", "--into", "here", "--target", "127.0.0.1:9100")
    command(*words)
    before = [(shop.folder / "here" / one).stat().st_ino for one in (RULES, TARGETS)]

    again = command(*words, "--json")

    assert again.data["changed"] == []
    assert [(shop.folder / "here" / one).stat().st_ino for one in (RULES, TARGETS)] == before


def test_what_promtool_refuses_is_not_written(shop: Shop, command: Command) -> None:
    words = shop.settings.read_text()
    shop.settings.write_text(words.replace("traffic: builtin", "metrics: {requests: 'requests total{'}"))

    made = command("env", "monitoring", "test", "--into", "here")

    assert made.code == 3
    assert "promtool refuses what was made" in made.err and "parse error" in made.err
    assert not (shop.folder / "here").exists()


@pytest.mark.parametrize("word", ["9100", "mail=127.0.0.1:9100", "web=shop", "127.0.0.1:"])
@pytest.mark.usefixtures("shop")
def test_a_target_that_is_none_is_refused_with_what_is_one(command: Command, word: str) -> None:
    made = command("env", "monitoring", "test", "--into", "here", "--target", word)

    assert made.code == 1
    assert f"--target {word}: nobody can be scraped there" in made.err and "web=HOST:PORT" in made.err


def test_numbers_that_are_elsewhere_make_no_rules(shop: Shop, command: Command) -> None:
    words = shop.settings.read_text()
    shop.settings.write_text(words.replace(f"port: {shop.port}", "port: 0"))

    made = command("env", "monitoring", "test", "--into", "here")

    assert made.code == 1 and "Prometheus can have no numbers of test" in made.err


def test_a_real_prometheus_reads_them_and_calls_when_nobody_answers(
    shop: Shop, command: Command, folder: Path
) -> None:
    here = folder / "here"
    here.mkdir()
    words = ("env", "monitoring", "test", "--into", "here", "--target", "127.0.0.1:1")
    with prometheus(folder, {}, files=here) as url:
        made = command(*words, "--reload", url)

        assert (made.code, made.err) == (0, ""), made.err
        assert made.out.endswith(f"{url} has read them\n")
        (group,) = asked(url, "/api/v1/rules")["groups"]
        assert [one["name"] for one in group["rules"]] == ["HighErrorRate", "HighResponseTime", "PodDown"]
        assert {one["health"] for one in group["rules"]} <= {"ok", "unknown"}
    assert shop.settings.exists()


def fires(shop: Shop, series: dict[str, str], minute: int) -> set[str]:
    """Which alerts fire so many minutes after the beginning of these series, as promtool judges."""
    rules = shop.folder / "here" / RULES
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    names = ("HighErrorRate", "HighResponseTime", "PodDown")
    nobody: list[object] = []
    none = [{"eval_time": f"{minute}m", "alertname": name, "exp_alerts": nobody} for name in names]
    tests: list[object] = [{"interval": "1m", "input_series": inputs, "alert_rule_test": none}]
    file = shop.folder / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "tests": tests}))
    said = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    return {name for name in names if f"alertname: {name}" in said.stdout + said.stderr}


def serving(good: int, bad: int, slow: int = 0) -> dict[str, str]:
    """So many good, failed and slow requests a minute, for half an hour."""
    job, every = 'job="shop-test-web"', good + bad
    return {
        f"up{{{job}}}": "1+0x30",
        f'http_requests_total{{{job}, status="200"}}': f"0+{good}x30",
        f'http_requests_total{{{job}, status="503"}}': f"0+{bad}x30",
        f'http_request_duration_seconds_bucket{{{job}, le="1"}}': f"0+{every - slow}x30",
        f'http_request_duration_seconds_bucket{{{job}, le="2"}}': f"0+{every}x30",
        f'http_request_duration_seconds_bucket{{{job}, le="+Inf"}}': f"0+{every}x30",
    }


def test_each_alert_fires_over_its_threshold_after_its_time_and_not_before(
    shop: Shop, command: Command
) -> None:
    assert command("env", "monitoring", "test", "--into", "here").code == 0
    gone = serving(950, 0) | {'up{job="shop-test-web"}': "1+0x9 0+0x20"}

    assert fires(shop, serving(950, 50), 20) == set()
    assert fires(shop, serving(940, 60), 5) == set()
    assert fires(shop, serving(940, 60), 7) == {"HighErrorRate"}
    assert fires(shop, serving(1000, 0, slow=49), 20) == set()
    assert fires(shop, serving(1000, 0, slow=60), 7) == {"HighResponseTime"}
    assert fires(shop, gone, 10) == set()
    assert fires(shop, gone, 11) == {"PodDown"}
    assert fires(shop, {}, 2) == {"PodDown"}


@pytest.mark.usefixtures("shop")
def test_a_prometheus_that_does_not_read_the_folder_is_no_success(command: Command, folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    with prometheus(folder, {}, files=folder / "elsewhere") as url:
        made = command("env", "monitoring", "test", "--into", "here", "--reload", url)

    assert made.code == 3
    assert "was reloaded and does not know shop-test-web" in made.err and "rule_files" in made.err


@pytest.mark.usefixtures("shop")
def test_a_prometheus_that_nobody_may_reload_says_how(command: Command, folder: Path) -> None:
    with prometheus(folder, {}) as url:
        made = command("env", "monitoring", "test", "--into", "here", "--reload", url)

    assert made.code == 3 and "--web.enable-lifecycle" in made.err
