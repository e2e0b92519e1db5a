"""Gates about rules: windows and freezes, promotion, quarantine, dependencies, the way back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from orchestrate.gates.finding import failed, passed, unknown
from orchestrate.models.change import Version
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import Environment, EnvironmentType, Strategy
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import GateName, GateResult
from orchestrate.models.rehearsed import Trial
from orchestrate.models.windows import CalledFreeze, Freeze, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def window(evidence: Evidence) -> GateResult:
    """G9: inside the window and outside every freeze; a freeze beats a window."""
    gate, environment = GateName.WINDOW, evidence.environment
    if evidence.request.kind is Kind.ROLLBACK:
        return passed(gate, "a rollback needs no window")
    now = datetime.fromtimestamp(evidence.at, UTC)
    freeze = frozen_by(environment, now, evidence.called_freeze)
    if freeze is not None:
        lifted = f", lift it (orchestrate env thaw {environment.name})" if evidence.called_freeze else ""
        return failed(gate, freeze.sentence, f"wait{lifted}, or override with --override window=REASON")
    if environment.window is None or is_open(environment.window, now):
        return passed(gate, "inside the window, and nothing is frozen")
    said = f"closed; open {words(environment.window)}"
    return failed(gate, said, "wait, or override with --override window=REASON")


def frozen_by(environment: Environment, now: datetime, called: CalledFreeze | None) -> Freeze | None:
    """The freeze that covers `now`, if any: one that a person called, or one of the settings."""
    every = (*((called,) if called else ()), *environment.freezes)
    return next((one for one in every if instant(one.start) <= now < instant(one.end)), None)


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


REHEARSES: Mapping[bool | None, str] = {
    None: "",
    True: "; the way back is rehearsed at the end",
    False: "; rehearse_rollback: false: the way back is not rehearsed, as chosen here",
}


def rollback_ready(evidence: Evidence) -> GateResult:
    """G15, R5: production is left in a way that leads back, and that was tried before."""
    gate, environment = GateName.ROLLBACK_READY, evidence.environment
    if environment.type is not EnvironmentType.PRODUCTION:
        return passed(
            gate, f"every move has an undo, or says why not{REHEARSES[environment.rehearse_rollback]}"
        )
    if against := _unrehearsed(evidence):
        return against
    live = _live(evidence)
    tried = "".join(f"; {one.words(live.get(one.component))}" for one in evidence.rehearsals)
    slow = [one.name for one in environment.components if environment.strategy_of(one) is Strategy.RECREATE]
    if slow:
        return passed(gate, f"rolled back by starting the old version again: {', '.join(slow)}{tried}")
    return passed(gate, f"every move has an undo, or says why not; traffic goes back first{tried}")


def _unrehearsed(evidence: Evidence) -> GateResult | None:
    """R5: the way back was tried where the version comes from, wherever it could be."""
    gate, live = GateName.ROLLBACK_READY, _live(evidence)
    if evidence.rehearsals and evidence.running is None:
        return unknown(gate, "what would be gone back to is not known", "make the provider reachable")
    against = [one for one in evidence.rehearsals if one.stands_against and live.get(one.component)]
    if not against:
        return None
    said = "; ".join(one.words(live[one.component]) for one in against)
    cure = (
        f"deploy it to {against[0].environment} again, in the place of the version that is live here; or set"
        " rehearse_rollback: false there, and say why beside it; or override with"
        " --override rollback_ready=REASON"
    )
    if any(one.trial is not Trial.UNTOLD for one in against):
        return failed(gate, said, cure)
    return unknown(gate, said, cure)


def _live(evidence: Evidence) -> dict[str, Version | None]:
    return {one.component: one.live.version if one.live else None for one in evidence.running or ()}


def instant(text: str) -> datetime:
    """An ISO 8601 moment; without a zone it is in UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


RULE_GATES = (dependencies, window, promotion, quarantine, rollback_ready)
