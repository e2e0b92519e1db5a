"""Gates about rules: windows and freezes, promotion, quarantine, dependencies, the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from orchestrate.gates.finding import failed, passed, unknown
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import Environment, EnvironmentType, Freeze, Strategy, Window
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import GateName, GateResult

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def window(evidence: Evidence) -> GateResult:
    """G9: inside the window and outside every freeze; a freeze beats a window."""
    gate, environment = GateName.WINDOW, evidence.environment
    if evidence.request.kind is Kind.ROLLBACK:
        return passed(gate, "a rollback needs no window")
    now = datetime.fromtimestamp(evidence.at, UTC)
    freeze = frozen_by(environment, now)
    if freeze is not None:
        said = f"frozen until {freeze.end}: {freeze.reason}"
        return failed(gate, said, "wait, or override with --override window=REASON")
    if environment.window is None or is_open(environment.window, now):
        return passed(gate, "inside the window, and nothing is frozen")
    said = f"closed; open {words(environment.window)}"
    return failed(gate, said, "wait, or override with --override window=REASON")


def frozen_by(environment: Environment, now: datetime) -> Freeze | None:
    """The freeze that covers `now`, if any."""
    return next((one for one in environment.freezes if instant(one.start) <= now < instant(one.end)), None)


def is_open(window: Window, now: datetime) -> bool:
    """Whether `now` falls on a day and hour of the window, in the window's own time zone."""
    local = now.astimezone(ZoneInfo(window.zone))
    clock = f"{local:%H:%M}"
    today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
    if window.start <= window.end:
        return today in window.days and window.start <= clock < window.end
    return (today in window.days and clock >= window.start) or (
        yesterday in window.days and clock < window.end
    )


def words(window: Window) -> str:
    """The window as people say it."""
    return f"{', '.join(window.days)} {window.start}–{window.end} {window.zone}"


def promotion(evidence: Evidence) -> GateResult:
    """G12: the version ran and was verified in the environment before this one."""
    gate, before = GateName.PROMOTION, evidence.environment.gates.promoted_from
    if others := _others(evidence):
        cure = (
            "put that one back, bring a new commit through it, or override with --override promotion=REASON"
        )
        return failed(gate, "; ".join(others), cure)
    if before is None:
        return passed(gate, "no environment comes before this one")
    if evidence.request.kind is Kind.ROLLBACK:
        return passed(gate, "a rollback goes to a version that ran here")
    if evidence.promoted is None:
        return unknown(gate, evidence.unread.get("promoted", "not known"), f"deploy it to {before} first")
    if not evidence.promoted:
        cure = f"deploy it to {before} first, or override with --override promotion=REASON"
        return failed(gate, f"this version was not verified in {before}", cure)
    return passed(
        gate, "; ".join((f"ran and was verified in {before}", *(one.words for one in evidence.proven)))
    )


def _others(evidence: Evidence) -> tuple[str, ...]:
    """What would not be the artifact that the environment before ran."""
    found = [
        one.objection(evidence.digests.get(one.component, one.digest))
        for one in evidence.proven
        if evidence.version is None or not one.is_renamed(evidence.version)
    ]
    return tuple(said for said in found if said)


def quarantine(evidence: Evidence) -> GateResult:
    """R7: the version holds no change that did badly here."""
    gate = GateName.QUARANTINE
    if evidence.request.kind is Kind.ROLLBACK or not evidence.quarantines:
        return passed(gate, "holds nothing that did badly here")
    worst = evidence.quarantines[0]
    said = (
        f"{worst.change or worst.commit[:10]} did badly here: {worst.reason} (deployment {worst.deployment})"
    )
    cure = "revert or fix that change first, or override with --override quarantine=REASON"
    return failed(gate, said, cure)


def dependencies(evidence: Evidence) -> GateResult:
    """The task waits for no other."""
    gate, task = GateName.DEPENDENCIES, evidence.task
    if task is None or not task.depends_on:
        return passed(gate, "depends on nothing that is open")
    return failed(gate, f"depends on {', '.join(task.depends_on)}", "close these tasks first")


def rollback_ready(evidence: Evidence) -> GateResult:
    """G15: production is left in a way that leads back."""
    gate, environment = GateName.ROLLBACK_READY, evidence.environment
    if environment.type is not EnvironmentType.PRODUCTION:
        return passed(gate, "every move has an undo, or says why not")
    live = {one.component: one.live.version if one.live else None for one in evidence.running or ()}
    tried = "".join(f"; {one.way_back(live.get(one.component))}" for one in evidence.proven)
    slow = [one.name for one in environment.components if environment.strategy_of(one) is Strategy.RECREATE]
    if slow:
        return passed(gate, f"rolled back by starting the old version again: {', '.join(slow)}{tried}")
    return passed(gate, f"every move has an undo, or says why not; traffic goes back first{tried}")


def instant(text: str) -> datetime:
    """An ISO 8601 moment; without a zone it is in UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


RULE_GATES = (dependencies, window, promotion, quarantine, rollback_ready)
