"""Gates about the place: reachable, configured, free, roomy, backed up, measured."""

from __future__ import annotations

from orchestrate.backups import is_backed_up
from orchestrate.gates.artifact import artifact
from orchestrate.gates.finding import failed, passed, unknown
from orchestrate.models.abilities import chosen, inability
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import EnvironmentType
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import GateName, GateResult
from orchestrate.models.runtime import Resources
from orchestrate.models.sample import SampleState
from orchestrate.models.thresholds import alerts_of

NO_DATABASE = (
    "demanded, and no component names a database: the configuration alone is copied first; "
    "for a database write `database: {url: …, dialect: postgres}` (or sqlite) below its component"
)


def reachable(evidence: Evidence) -> GateResult:
    """G7: the provider answers."""
    gate = GateName.REACHABLE
    if evidence.running is None:
        return unknown(gate, _why(evidence, "running"), "make the environment reachable")
    live = [one.live.version.name for one in evidence.running if one.live and one.live.version]
    return passed(gate, f"reachable; live: {', '.join(live)}" if live else "reachable; nothing is live yet")


def settings(evidence: Evidence) -> GateResult:
    """G7: every secret that the environment names has a value, and the strategy is one of the provider's."""
    gate, missing = GateName.SETTINGS, evidence.missing_secrets
    if missing is None:
        return unknown(gate, _why(evidence, "missing_secrets"), "make the secrets readable")
    if missing:
        return failed(gate, f"secrets without a value: {', '.join(missing)}", "set them")
    if cannot := _inabilities(evidence):
        return failed(gate, "; ".join(cannot), "ask for a strategy that the provider has")
    return passed(gate, "; ".join(("variables and secrets are set", *_unprobed(evidence))))


def _unprobed(evidence: Evidence) -> list[str]:
    """What a cluster is not told about the health of pods: it takes them for well sooner (W9)."""
    pods = [one for one in evidence.environment.components if one.provider == "kubernetes"]
    return [
        f"{one.name}: no health path, so its readiness probe wants a connection and no answer"
        if one.port
        else f"{one.name}: no port, so its pods have no readiness probe and count as well once they run"
        for one in pods
        if not (one.port and one.health.path)
    ]


def _inabilities(evidence: Evidence) -> list[str]:
    """What the strategies of this deployment want and the providers do not have."""
    environment = evidence.environment
    said = (
        inability(part, chosen(part, environment, evidence.request, evidence.task), environment.canary)
        for part in environment.components
    )
    return [words for words in said if words]


def no_conflict(evidence: Evidence) -> GateResult:
    """G8: no rollout that is not ours is under way; one of ours is waited for, unless told not to."""
    gate = GateName.NO_CONFLICT
    if evidence.holder is not None and not evidence.request.wait:
        cure = f"wait for {evidence.holder}, or run without --no-wait"
        return failed(gate, f"the environment is held by deployment {evidence.holder}", cure)
    is_back = evidence.request.kind is Kind.ROLLBACK  # from a version that crashed, perhaps
    for one in evidence.running or ():
        if one.live is not None and not one.live.instances and not is_back:
            said = f"{one.component}: {one.live.name} should run and has no instance"
            return failed(gate, said, "somebody else's rollout, or a crash: look at it first")
        if one.unknown and not is_back:
            said = f"{one.component}: nobody knows which version {one.unknown[0].name} runs"
            return unknown(gate, said, "see what runs there, and stop it or put back what says its version")
    if evidence.holder is not None:
        return passed(gate, f"deployment {evidence.holder} comes first; this one waits for its turn")
    return passed(gate, "no other deployment is under way")


def resources(evidence: Evidence) -> GateResult:
    """G10: there is room."""
    gate, found = GateName.RESOURCES, evidence.resources
    if found is None:
        return unknown(gate, _why(evidence, "resources"), "make the provider tell")
    limits = evidence.environment.gates
    pairs = (
        ("disk", found.disk, limits.disk),
        ("memory", found.memory, limits.memory),
        ("CPU", found.cpu, limits.cpu),
    )
    full = list(found.lacks)
    full += [
        f"{what} {used:.0f} % (limit {most} %)"
        for what, used, most in pairs
        if used and most and used >= most
    ]
    if full:
        return failed(gate, ", ".join(full), "make room")
    said = [f"{what} {_share(used)}" for what, used, _ in pairs]
    if found.disk_said and found.disk is None:
        said[0] = f"disk {found.disk_said}"
    return passed(gate, ", ".join((*said, _room(found))))


def _share(used: float | None) -> str:
    return f"{used:.0f} %" if used is not None else "unsupported"


def _room(found: Resources) -> str:
    if found.headroom:
        return "room for its instances"
    why = f" ({'; '.join(found.untold)})" if found.untold else ""
    return f"room for its instances unsupported{why}"


def backup(evidence: Evidence) -> GateResult:
    """G11: where a backup is demanded, one can be taken."""
    gate = GateName.BACKUP
    databases = [one.name for one in evidence.environment.components if one.database is not None]
    if not evidence.environment.demands_backup:
        return passed(gate, "no backup is demanded")
    if not is_backed_up(evidence.environment, evidence.request.kind, is_migrated=bool(evidence.verdicts)):
        return passed(gate, "a rollback that applies no migration takes none: it changes no data")
    if not databases:
        return passed(gate, NO_DATABASE)
    if evidence.backup_possible is None:
        return unknown(gate, _why(evidence, "backup_possible"), "make the database reachable")
    if not evidence.backup_possible:
        return failed(gate, _why(evidence, "backup_possible"), "make the database readable")
    return passed(gate, f"will be taken and restored first: {', '.join(databases)}, and the configuration")


def monitoring(evidence: Evidence) -> GateResult:
    """G15: a metric source answers now, and alerts are configured, before production is touched."""
    gate, production = GateName.MONITORING, evidence.environment.type is EnvironmentType.PRODUCTION
    if evidence.metrics is None:
        return unknown(gate, _why(evidence, "metrics"), "make the metric source reachable")
    silent = [f"{name} ({state})" for name, state in evidence.metrics.items() if state is not SampleState.OK]
    if silent and production:
        return failed(gate, f"no samples now from {', '.join(silent)}", "make its metrics readable")
    environment = evidence.environment
    if production and not (environment.monitoring.alerts or alerts_of(environment)):
        cure = "give thresholds under alerts, or name alerts under monitoring.alerts"
        return failed(gate, "no alerts are configured", cure)
    return passed(gate, "metrics answer" if not silent else f"not measured yet: {', '.join(silent)}")


def _why(evidence: Evidence, field: str) -> str:
    return evidence.unread.get(field, f"{field} is not known")


PLACE_GATES = (artifact, reachable, settings, no_conflict, resources, backup, monitoring)
