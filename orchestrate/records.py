"""Records: each deployment's report as a file, for people and for other programs (row A3)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestrate import reports
from orchestrate.models.deployment import Deployment, Event, Failure, Outcome
from orchestrate.models.gate import Finding, GateName, GateResult
from orchestrate.models.model_call import spent
from orchestrate.models.owners import Owners
from orchestrate.models.plan import Plan
from orchestrate.models.postmortem import TAKEN_BACK
from orchestrate.outside import inline
from orchestrate.postmortems import postmortem
from orchestrate.redaction import without_secrets, without_secrets_in
from orchestrate.reports.advice import advice
from orchestrate.store import Store


@dataclass(frozen=True)
class Records:
    """Keeps `<id>.json` and `<id>.md` in one folder; writing one again replaces it.

    Beside them stands `<id>.postmortem.md`, where something was taken back.
    """

    store: Store
    folder: Path
    owners: Owners = Owners()

    def write(self, row: Deployment, outcome: Outcome, reason: str) -> Path:
        """The report of a deployment that ends now; the JSON file's path."""
        now = datetime.fromtimestamp(self.store.clock(), UTC)
        at = row.finished_at or now
        ended = row.model_copy(update={"outcome": outcome, "reason": reason, "finished_at": at})
        plan = self.store.plans.plan(row.plan_hash) if row.plan_hash else None
        events = self.store.events.of(row.id)
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{row.id}.json"
        head = str(self.store.audit.head())
        calls = self.store.model_calls.of(row.id)
        report = {**reports.deployment_report(ended, plan, _gates(events)), "audit": head}
        report["models"] = spent(calls).model_dump()
        _replace(file, json.dumps(without_secrets_in(report), indent=2, ensure_ascii=False))
        page = _page(ended, plan, events, self.owners) + f"\nThe audit stood at {head}.\n" + advice(calls)
        _replace(file.with_suffix(".md"), without_secrets(page))
        self._draft(ended, file.with_suffix(".postmortem.md"))
        return file

    def _draft(self, row: Deployment, file: Path) -> None:
        """What people begin with after a deployment that was taken back; what they made of it stays."""
        about = postmortem(self.store, row) if row.outcome in TAKEN_BACK else None
        if about is not None and not file.exists():
            title, text = reports.postmortem(about)
            _replace(file, without_secrets(f"# {title}\n\n{text}\n"))


def _page(row: Deployment, plan: Plan | None, events: tuple[Event, ...], owners: Owners) -> str:
    ended = row.finished_at or row.created_at
    if plan is not None and row.outcome is Outcome.DEPLOYED:
        title, text = reports.success(row, plan, events, ended.timestamp())
    else:
        outcome = row.outcome or Outcome.PARKED
        fixes = [event.data["task"] for event in events if event.kind == "cause"]
        failed = _failure(events)
        owner = owners.after(outcome, failed)
        title, text = reports.failure(
            row.id, row.request, outcome, row.reason, failed, fixes, events=events, owner=owner
        )
    story = "\n".join(f"- {event.stage or ''} {event.kind}: {inline(event.text, 1000)}" for event in events)
    return f"# {title}\n\n{text}\n\n## What happened\n\n{story}\n"


def _failure(events: tuple[Event, ...]) -> Failure | None:
    """What went wrong, as far as the story tells."""
    failed = next((one for one in reversed(events) if one.kind == "failed" and one.stage), None)
    if failed is None or failed.stage is None:
        return None
    return Failure(stage=failed.stage, kind=failed.data.get("failure", "unknown"), error=failed.text)


def _gates(events: tuple[Event, ...]) -> list[GateResult]:
    newest = {event.data["gate"]: event for event in events if event.kind == "gate" and "gate" in event.data}
    return [
        GateResult(gate=GateName(gate), finding=Finding(event.data["finding"]), sentence=event.text)
        for gate, event in newest.items()
    ]


def _replace(file: Path, text: str) -> None:
    fresh = file.with_suffix(f"{file.suffix}.new")
    fresh.write_text(text)
    fresh.replace(file)
