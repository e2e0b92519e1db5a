"""Finds the distinct causes of a failure in what was logged, and words the task that fixes each."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agents.answers import TriageNotes
from agents.condensed import condensed
from agents.looking import whole_change
from agents.looks import Looks
from agents.model import Brief, Model, NoModel, Quoted
from agents.role import Role
from orchestrate import reports
from orchestrate.errors import ModelFailed
from orchestrate.models.cause import Cause
from orchestrate.models.deployment import Failure
from orchestrate.models.plan import Plan
from orchestrate.models.task import FailureKind, Label, NewTask, Priority, Queue
from orchestrate.outside import clipped, line, redacted, visible
from orchestrate.traces import Trace, masked, new_kinds, traces

__all__ = ["Cause", "PRIORITIES", "Triager", "fix_task"]

MOST = 3
"""Causes that one failure may have; a flood of tasks helps nobody."""

PRIORITIES: Mapping[FailureKind, Priority] = {
    FailureKind.PRE_DEPLOYMENT_CHECKS_FAILED: Priority.P0,
    FailureKind.DEPLOYMENT_FAILED: Priority.P0,
    FailureKind.SMOKE_TESTS_FAILED: Priority.P0,
    FailureKind.HEALTH_CHECKS_FAILED: Priority.P0,
    FailureKind.MONITORING_NOT_CONFIGURED: Priority.P1,
    FailureKind.ROLLBACK_PLAN_FAILED: Priority.P1,
    FailureKind.ROLLBACK_FAILURE: Priority.P0,
    FailureKind.REGRESSION: Priority.P0,
    FailureKind.UNKNOWN: Priority.P1,
}
"""How urgent each kind of failure is (row F1)."""

_BAD = re.compile(r"\b(?:error|fatal|critical|exception|panic|severe|failed|refused|denied)\b", re.IGNORECASE)
_STACK, _EXCERPT, _AROUND = 6000, 4000, 5
_SHOWN = 1200
"""Bytes of a stack that a model sees; the log beside it is condensed."""


@dataclass(frozen=True)
class Triager:
    """Groups stack traces, or else the kinds of lines that the old version did not write."""

    model: Model = NoModel()
    looks: Callable[[str], Looks] | None = None  # what may be seen of a deployment

    async def causes(
        self,
        service: str,
        failure: Failure,
        lines: Sequence[str],
        before: Sequence[str],
        files: Sequence[str] = (),
        deployment: str = "",
    ) -> tuple[Cause, ...]:
        """The distinct causes of `failure`, the most frequent first: at least one, at most three.

        `lines` is what the new version logged, `before` what the previous one did, `files` what the change
        touches. A model, paid by `deployment`, may explain a cause and suspect files; it takes none away.
        """
        found = causes_in(service, failure, lines, before)
        looks = self.looks(deployment) if self.looks and deployment else None
        facts = {
            "diff": await whole_change(looks),
            "service": service,
            "failure": Quoted(f"{failure.kind} at {failure.stage}: {failure.error}"),
            "causes": Quoted(
                "\n\n".join(f"{one.fingerprint} {one.title}\n{clipped(one.stack, _SHOWN)}" for one in found)
            ),
            "log": Quoted(condensed(lines, before)),
            "files": Quoted("\n".join(files)),
        }
        try:
            notes = await self.model.ask(Role.TRIAGER, Brief(deployment, facts, looks), TriageNotes)
        except ModelFailed:
            return found
        return tuple(_noted(cause, notes, files) for cause in found)


def causes_in(
    service: str, failure: Failure, lines: Sequence[str], before: Sequence[str]
) -> tuple[Cause, ...]:
    """What the logs show and the previous version's do not; without any of that, the failure itself."""
    known = {trace.identity for trace in traces(before)}
    new = [trace for trace in traces(lines) if trace.identity not in known]
    if new:
        return _of_traces(service, failure, new, lines)
    kinds = Counter({kind: n for kind, n in new_kinds(lines, before).items() if _BAD.search(kind)})
    return _of_kinds(service, failure, kinds, lines) or (_of_failure(service, failure),)


def fix_task(  # noqa: PLR0913 - a task is about many facts
    cause: Cause,
    failure: Failure,
    plan: Plan,
    task: str | None,
    revert: str = "",
    owner: str | None = None,
) -> NewTask:
    """The task that fixes `cause`; the same cause always gives the same marker."""
    is_emergency = cause.kind is FailureKind.ROLLBACK_FAILURE
    marks = (cause.kind.value, *(("emergency",) if is_emergency else ()))
    return NewTask(
        title=line(f"Fix {plan.service}: {cause.title}", 140),
        description=reports.fix(cause, failure, plan, revert, owner),
        queue=Queue.EXECUTION,
        status="Open",
        priority=cause.priority,
        marker=f"fix/{cause.fingerprint}",
        labels=tuple(Label(name=mark, by="orchestrate") for mark in marks),
        discovered_from=task,
    )


def fingerprint(service: str, exception: str, frames: Sequence[str]) -> str:
    """SHA-256 in hex of what makes a cause the same cause."""
    return hashlib.sha256(json.dumps([service, exception, list(frames)]).encode()).hexdigest()


def _of_traces(
    service: str, failure: Failure, found: Sequence[Trace], lines: Sequence[str]
) -> tuple[Cause, ...]:
    counts = Counter(trace.identity for trace in found)
    first = {trace.identity: trace for trace in reversed(found)}
    kind = _kind(failure)
    return tuple(
        Cause(
            fingerprint=fingerprint(service, trace.exception, trace.frames or (masked(trace.message),)),
            kind=kind,
            title=line(f"{trace.exception.rsplit('.', 1)[-1]}{_where(trace)}: {trace.message}", 120),
            error=line(f"{trace.exception}: {trace.message}", 400),
            stack=clipped(redacted(visible(trace.text)), _STACK),
            excerpt=_around(lines, trace.at),
            count=count,
            priority=PRIORITIES[kind],
        )
        for identity, count in counts.most_common(MOST)
        for trace in [first[identity]]
    )


def _where(trace: Trace) -> str:
    return f" in {trace.frames[0]}" if trace.frames else ""


def _of_kinds(service: str, failure: Failure, kinds: Counter[str], lines: Sequence[str]) -> tuple[Cause, ...]:
    kind = _kind(failure)
    return tuple(
        Cause(
            fingerprint=fingerprint(service, "log", (words,)),
            kind=kind,
            title=line(words, 120),
            error=line(lines[at], 400),
            excerpt=_around(lines, at),
            count=count,
            priority=PRIORITIES[kind],
        )
        for words, count in kinds.most_common(MOST)
        for at in [next(at for at, one in enumerate(lines) if masked(one) == words)]
    )


def _of_failure(service: str, failure: Failure) -> Cause:
    kind = _kind(failure)
    return Cause(
        fingerprint=fingerprint(service, kind, (failure.component or "", masked(failure.error))),
        kind=kind,
        title=line(f"{kind.replace('_', ' ')}: {failure.error}", 120),
        error=line(failure.error, 400),
        excerpt=clipped(redacted(visible(failure.log_excerpt)), _EXCERPT),
        priority=PRIORITIES[kind],
    )


def _kind(failure: Failure) -> FailureKind:
    return FailureKind(failure.kind) if failure.kind in tuple(FailureKind) else FailureKind.UNKNOWN


def _around(lines: Sequence[str], at: int) -> str:
    near = lines[max(0, at - _AROUND) : at + 2 * _AROUND]
    return clipped(redacted(visible("\n".join(near))), _EXCERPT)


def _noted(cause: Cause, notes: TriageNotes, files: Sequence[str]) -> Cause:
    note = next((one for one in notes.notes if one.fingerprint == cause.fingerprint), None)
    if note is None:
        return cause
    suspects = tuple(file for file in note.files if file in files)
    return cause.model_copy(update={"explanation": note.explanation, "suspects": suspects})
