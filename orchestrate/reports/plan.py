"""The plan for people: everything that its hash covers can be read here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrate.analysis.allowance import USUAL
from orchestrate.models.alert import MEASURED, Alert, Several, Source
from orchestrate.models.change import MergeOrder, Version
from orchestrate.models.deployment import Kind
from orchestrate.models.environment import Monitoring, Triggers
from orchestrate.models.move import (
    Analyse,
    Irreversible,
    Migrate,
    Move,
    Scale,
    SetTraffic,
    Start,
    Stop,
    Verify,
    words,
)
from orchestrate.models.plan import TO_DO, MigrationVerdict, Plan, PlannedMove, Risk
from orchestrate.reports.approval import approval
from orchestrate.reports.exact import code, inline
from orchestrate.reports.markdown import bullets, duration, numbered, page, percent, section, table
from orchestrate.reports.origin import images, proven, rehearsals, signature
from orchestrate.way_back import taken_back

RISKS: Mapping[Risk, str] = {Risk.LOW: "🟢 low", Risk.MEDIUM: "🟡 medium", Risk.HIGH: "🔴 high"}

TITLES: Mapping[Kind, str] = {Kind.DEPLOY: "Plan", Kind.ROLLBACK: "Plan of a rollback"}


def plan_page(plan: Plan) -> str:
    """The whole plan as Markdown, with its hash."""
    return page(
        f"## {TITLES[plan.kind]}: {code(plan.service)} {code(plan.version.name)} to {code(plan.environment)}",
        f"SHA-256 of this plan: {code(plan.hash)}",
        section("What is planned", _facts(plan)),
        section("Risk", risk(plan)),
        section("Pre-deploy checklist", bullets(_check(check) for check in plan.checks)),
        section("Overrides", overrides(plan)),
        section("Approval", approval(plan.approval)),
        section("What ships", ships(plan)),
        section("What the environment before ran", proven(plan.ships)),
        section("The way back, rehearsed", rehearsals(plan.ships)),
        section("Versions", _versions(plan)),
        section("Signature", signature(plan.signature)),
        section("Signatures of images", images(plan.images)),
        section("Migrations", migrations(plan)),
        section("Steps", numbered(_step(step) for step in plan.moves)),
        section("Verification", bullets(inline(name) for name in plan.verification)),
        section("Monitoring", monitoring(plan)),
        section("Going back", rollback(plan)),
        section("Success criteria", bullets(inline(one) for one in plan.success)),
    )


def _check(check: str) -> str:
    return f"{'☐' if check.startswith(TO_DO) else '☑'} {inline(check)}"


def risk(plan: Plan) -> str:
    """How much it could hurt, and why."""
    return f"**{RISKS[plan.risk]}**\n{bullets(inline(reason, 400) for reason in plan.risk_reasons)}"


def ships(plan: Plan) -> str:
    """What each component goes from and to, and how."""
    rows = [
        (
            code(one.component),
            code(one.from_version.name) if one.from_version else "nothing",
            code(one.to_version.name),
            one.strategy.value,
        )
        for one in plan.ships
    ]
    return table(("component", "from", "to", "strategy"), rows) if rows else ""


def overrides(plan: Plan) -> str:
    """Gates that a person passed, and why."""
    return bullets(
        f"{one.gate.replace('_', ' ')}: by {inline(one.by)}: {inline(one.reason)}" for one in plan.overrides
    )


def migrations(plan: Plan) -> str:
    """Each pending migration, and what the linter said."""
    if not plan.migrations:
        return ""
    rows = [_migration(one) for one in plan.migrations]
    kept = "They are kept on rollback: they are additive, and undoing one can lose data."
    if plan.one_way:
        names = ", ".join(code(path) for path in plan.one_way)
        kept = (
            f"They are kept on rollback. {names} is one-way: once the new version has all of the traffic,"
            " nothing goes back by itself, and people are called."
        )
    return f"{table(('file', 'SHA-256', 'verdict', 'reasons'), rows)}\n\n{kept}"


def _migration(one: MigrationVerdict) -> tuple[str, str, str, str]:
    return (
        code(one.path),
        code(one.sha256),
        inline(one.verdict),
        "; ".join(inline(why) for why in one.reasons),
    )


def monitoring(plan: Plan) -> str:
    """What is watched, for how long, and what counts as bad."""
    watched = [
        f"{inline(words(step.move))}{_more(step.move)}"
        for step in plan.moves
        if isinstance(step.move, Analyse)
    ]
    return bullets(
        (
            *watched,
            *_monitoring(plan.monitoring),
            *_alerts(plan.alerts),
            *_triggers(plan.triggers),
        )
    )


def rollback(plan: Plan) -> str:
    """The way back: the undos in reverse, what stays, and how the old version is checked."""
    back = [plan.moves[index] for index in taken_back(plan.moves, plan.ships)]
    undos = [
        f"{inline(words(step.undo), 1000)}{_more(step.undo)}"
        for step in back
        if not isinstance(step.undo, Irreversible)
    ]
    served = ", ".join(
        f"{code(one.component)} {code(one.from_version.name)}" for one in plan.ships if one.from_version
    )
    verified = f"Then verified: {served} answers with all of the traffic, and passes the same checks."
    return "\n".join(
        (
            f"Takes at most about {duration(plan.rollback_seconds)} ({plan.rollback_seconds} s). "
            "What was done is taken back, the newest first, and what rolled in at once:",
            numbered(undos) or "nothing can be taken back by a move",
            "",
            verified if served else "Nothing ran before, so there is no old version to verify.",
        )
    )


def _facts(plan: Plan) -> str:
    where = f"{code(plan.environment)} ({plan.environment_type}), settings {code(plan.settings_digest)}"
    return bullets(
        (
            f"deployment {code(plan.deployment)}, plan format {plan.schema_version}",
            f"environment {where}",
            f"service {code(plan.service)}, task {_maybe(plan.task)}",
            f"change {_maybe(plan.change)}, head {_maybe(plan.head)}",
            f"version {_version(plan.version)}",
            _merge(plan.merge),
            f"made by {inline(plan.made_by)}",
        )
    )


def _maybe(name: str | None) -> str:
    return "none" if name is None else code(name)


def _merge(order: MergeOrder | None) -> str:
    if order is None:
        return "nothing is left to merge"
    return (
        f"{order.method} change {code(order.change)} at {code(order.head)} onto {code(order.base)}, "
        f"which gives tree {code(order.tree)}, as “{inline(order.message)}”"
    )


def _versions(plan: Plan) -> str:
    """Every version that the plan names, so that a name cannot hide another commit."""
    found = {version: None for version in _named(plan)}
    return bullets(_version(version) for version in found)


def _named(plan: Plan) -> Iterator[Version]:
    yield plan.version
    for shipped in plan.ships:
        yield from (one for one in (shipped.from_version, shipped.to_version) if one)
    for step in plan.moves:
        for move in (step.move, step.undo):
            if isinstance(move, Start | Scale | Stop | Migrate | Verify):
                yield move.version


def _version(version: Version) -> str:
    return f"{code(version.name)}: commit {code(version.commit)}, tree {code(version.tree)}"


def _step(step: PlannedMove) -> str:
    did = f"{inline(words(step.move), 1000)}{_more(step.move)}"
    if isinstance(step.undo, Irreversible):
        return f"{did}  \n   no undo: {inline(step.undo.reason)}"
    return f"{did}  \n   undo: {inline(words(step.undo), 1000)}{_more(step.undo)}"


def _more(move: Move) -> str:
    """What the words of a move leave out."""
    match move:
        case SetTraffic():
            was = ", ".join(f"{slot} {share} %" for slot, share in sorted(move.was.items()))
            return f" (was {inline(was) or 'nobody'})"
        case Start() | Scale() | Stop():
            return f" (at {code(move.version.commit[:10])})"
        case Verify():
            return f" (at {code(move.version.commit[:10])})"
        case Migrate():
            texts = ", ".join(code(file.sha256) for file in move.files)
            return f" (for {code(move.version.name)}; texts {texts})"
        case Analyse():
            return f" against {inline(move.baseline)}" if move.baseline else " against fixed thresholds"
        case _:
            return ""


def _monitoring(one: Monitoring) -> Iterator[str]:
    alerts = ", ".join(inline(alert) for alert in one.alerts) or "none"
    yield f"monitoring period {duration(one.period)} ({one.period} s)"
    yield f"a sample every {one.sample} s, a report every {one.report} s"
    yield f"alert only: CPU above {one.alert_cpu} %, memory above {one.alert_memory} %"
    yield f"configured alerts: {alerts}"


def _alerts(alerts: Mapping[str, Mapping[str, Alert]]) -> Iterator[str]:
    """Every threshold beside the triggers, with the series that it is about."""
    for component, own in sorted(alerts.items()):
        for name, alert in sorted(own.items()):
            does = "rolled back" if alert.rollback else "alert only"
            lasting = f" for {alert.window} s" if alert.window else ""
            sides = (("above", alert.above), ("below", alert.below))
            limit = " or ".join(f"{side} {value:f}" for side, value in sides if value is not None)
            unit, instead = (" %", ", not the usual threshold") if name in MEASURED else ("", "")
            crossed = f"{code(name)} is {limit}{unit}{lasting}{instead}"
            yield f"{code(component)}: {does} when {crossed}{_series(alert)}"


def _series(alert: Alert) -> str:
    found = (
        f"metric {code(alert.metric)}" if alert.metric else "",
        f"query {code(alert.query)}" if alert.query else "",
        f"of {alert.source}" if alert.query or alert.source is not Source.PROMETHEUS else "",
        f"at {inline(alert.url)}" if alert.url else "",
        f"with the secret {code(alert.credentials)}" if alert.credentials else "",
        "the worst of several" if alert.instances is Several.WORST else "",
    )
    return f" ({', '.join(one for one in found if one)})" if any(found) else ""


def _triggers(one: Triggers) -> Iterator[str]:
    yield f"rolled back when server errors exceed {percent(one.error_rate)} for {one.window} s"
    yield f"rolled back when p99 exceeds {one.response_time_p99} ms for {one.window} s"
    yield f"rolled back when {one.health_check_failures} health checks fail in a row"
    yield f"rolled back when {one.database_errors} database errors come in {one.window} s"
    compared = "on" if one.comparison else "off"
    learned = f", warm as its releases before were, or after {USUAL} s where these say too little"
    declared = f", warm after {one.warm_up} s" if one.warm_up else ", warm from the start"
    warm = learned if one.warm_up is None else declared
    yield (
        f"comparison of new with old: {compared}, from {one.minimum_requests} requests, "
        f"false alarms at most {percent(one.false_alarms)}{warm}"
    )
    end = "as soon as so many more errors would have shown" if one.smallest_harm else "by the clock"
    yield f"smallest harm {percent(one.smallest_harm)}: a step of a canary ends {end}"
