"""Stories of thresholds that people are told of, and of those that take a release back."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from orchestrate import reports
from orchestrate.models.alert import Alert
from orchestrate.models.deployment import Deployment, ForApproval, Outcome
from orchestrate.models.environment import Environment
from orchestrate.models.sample import SampleState
from tests.stories.places import WEB, production, quick
from tests.stories.world import World, world

API = WEB.model_copy(update={"name": "api", "port": 8081})
POOL = Alert(metric="pool_in_use")
ORDERS = Alert(query="orders", url="http://127.0.0.1:9090", below=Decimal(100), window=3, rollback=True)


def watched(folder: Path, **alerts: Alert) -> Environment:
    return quick(folder, alerts=alerts)


async def shipped(here: World) -> tuple[Deployment, str]:
    """A good change, as far as it comes; with its task."""
    deployment, task, _ = await here.approved()
    return await here.go(deployment.id), task.id


async def test_a_crossed_threshold_is_told_once_per_watch_and_nothing_is_taken_back(folder: Path) -> None:
    async with world(folder, watched(folder, db_connections=POOL)) as here:
        here.series.levels["db_connections", "green"] = 93.0

        row, task = await shipped(here)

        assert row.outcome is Outcome.DEPLOYED
        (told,) = await here.said(task, "Alert:")
        assert "db_connections of green is at 93 (alert above 80)" in told.replace("\\", "")
        (result,) = await here.said(task, "### Alerts")
        assert "db" in result.partition("### Alerts")[2]
        (watch,) = here.store.watches.of(row.id)
        assert watch.judgement is not None
        assert watch.judgement.numbers["alert_db_connections"] == 93.0


async def test_an_alert_is_told_while_the_release_is_watched(folder: Path) -> None:
    async with world(folder, watched(folder, db_connections=POOL)) as here:
        here.series.levels["db_connections", "green"] = 10.0
        deployment, task, _ = await here.approved()
        await here.runner.drive(deployment.id)
        await here.wait(2)
        here.series.levels["db_connections", "green"] = 93.0
        await here.wait(1)

        assert here.is_due(deployment.id)
        await here.runner.drive(deployment.id)

        assert len(await here.said(task.id, "Alert:")) == 1
        assert here.store.deployments.deployment(deployment.id).outcome is None


async def test_a_series_without_data_is_told_and_is_no_verdict(folder: Path) -> None:
    async with world(folder, watched(folder, db_connections=POOL)) as here:
        here.series.levels["db_connections", "green"] = SampleState.NOT_A_NUMBER

        row, task = await shipped(here)

        assert row.outcome is Outcome.DEPLOYED
        (told,) = await here.said(task, "Alert:")
        assert "no data about db_connections of green: not a number" in told.replace("\\", "")


async def test_a_business_metric_that_stays_low_for_its_window_takes_the_release_back(folder: Path) -> None:
    async with world(folder, watched(folder, orders=ORDERS)) as here:
        old = here.live()
        here.series.levels["orders", ""] = 40.0

        row, _ = await shipped(here)

        assert row.outcome is Outcome.ROLLED_BACK
        said = "orders is at 40, and has been below 100 for 3 s: 0.4 times the threshold, in "
        assert row.reason.startswith(said)
        assert here.live() == old


async def test_a_business_metric_that_is_low_for_a_moment_takes_nothing_back(folder: Path) -> None:
    async with world(folder, watched(folder, orders=ORDERS)) as here:
        here.series.levels["orders", ""] = 40.0
        deployment, _, _ = await here.approved()
        await here.runner.drive(deployment.id)
        await here.wait(1)
        here.series.levels["orders", ""] = 140.0

        assert (await here.go(deployment.id)).outcome is Outcome.DEPLOYED


async def test_a_metric_that_is_as_bad_in_the_old_version_takes_nothing_back(folder: Path) -> None:
    slow = Alert(metric="query_seconds", window=3, rollback=True)
    async with world(folder, production(folder, alerts={"query_time": slow})) as here:
        here.series.levels["query_time", ""] = 0.9

        row, task = await shipped(here)

        assert isinstance(row.waits_for, ForApproval)
        assert await here.said(task, "going back may not help")


async def test_a_rollback_metric_without_data_is_never_a_pass(folder: Path) -> None:
    async with world(folder, watched(folder, orders=ORDERS)) as here:
        row, task = await shipped(here)

        assert isinstance(row.waits_for, ForApproval)
        assert await here.said(task, "samples of orders are usable (no data)")


async def test_a_component_that_does_badly_is_not_waited_out_behind_another(folder: Path) -> None:
    low = WEB.model_copy(update={"alerts": {"orders": ORDERS}})
    async with world(folder, quick(folder, components=(API, low))) as here:
        here.series.levels["orders", ""] = 40.0

        row, task = await shipped(here)

        assert row.outcome is Outcome.ROLLED_BACK
        first, second = here.store.watches.of(row.id)
        assert (first.component, second.component) == ("api", "web")
        assert row.finished_at is not None and row.finished_at.timestamp() < first.until
        assert await here.said(task, "web: watch")


async def test_the_plan_that_is_approved_shows_every_threshold(folder: Path) -> None:
    async with world(folder, watched(folder, orders=ORDERS, db_connections=POOL)) as here:
        row, task, _ = await here.asked()

        (request,) = await here.said(task.id, "Answer on this thread")
        assert "`web`: rolled back when `orders` is below 100 for 3 s (query `orders`" in request
        assert "`web`: alert only when `db_connections` is above 80 (metric `pool_in_use`)" in request
        plan = here.store.plans.plan(row.plan_hash or "")
        assert reports.plan_page(plan) in request


async def test_production_with_thresholds_needs_no_names_of_other_alerts(folder: Path) -> None:
    place = watched(folder, orders=ORDERS)
    place = place.model_copy(update={"monitoring": place.monitoring.model_copy(update={"alerts": ()})})
    async with world(folder, place) as here:
        row, _, _ = await here.asked()

        assert isinstance(row.waits_for, ForApproval)
