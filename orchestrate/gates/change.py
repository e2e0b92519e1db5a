"""Gates about the change: checks, reviews, approvals, mergeability, migrations."""

from __future__ import annotations

from orchestrate.gates.finding import failed, passed, unknown, waiting
from orchestrate.gates.wanted import demanded_checks, demands
from orchestrate.models.change import Change, ChangeState, Check, CheckState, ReviewVerdict
from orchestrate.models.environment import CODE_SCANNING, Channel, Person, Role
from orchestrate.models.evidence import Evidence
from orchestrate.models.gate import GateName, GateResult
from orchestrate.models.task import Label

_NOT_SCANNED = ("skipped", "neutral")  # good enough for other checks, and nothing was looked at


def ci_checks(evidence: Evidence) -> GateResult:
    """G1: every required check passed on the head commit."""
    gate, change = GateName.CI_CHECKS, evidence.change
    if change is None:
        return passed(gate, "no change is shipped, only a version that exists")
    required = dict.fromkeys((*evidence.environment.gates.checks, *demanded_checks(evidence)))
    checks = (one for one in change.checks if not one.name.startswith(CODE_SCANNING))
    reported = {check.name for check in checks if check.sha == change.head}
    names = (*required, *sorted(reported - required.keys()))
    states = {name: _check(change, name).state for name in names}
    bad = [name for name, state in states.items() if state is CheckState.FAILED]
    if bad:
        return failed(gate, f"failed on {change.head[:10]}: {', '.join(bad)}", "make the checks pass")
    running = [name for name, state in states.items() if state is CheckState.PENDING]
    if running:
        return waiting(gate, f"still running: {', '.join(running)}", "wait for the checks")
    missing = [name for name, state in states.items() if state is CheckState.MISSING]
    if missing:
        said = f"not reported for {change.head[:10]}: {', '.join(missing)}"
        return unknown(gate, said, "let CI report these checks for the head commit")
    if not states:
        return passed(gate, "no checks are required, and none reported")
    return passed(gate, f"{len(states)} checks passed on {change.head[:10]}: {', '.join(states)}")


def security_scan(evidence: Evidence) -> GateResult:
    """G2: the named scan passed on the head; a missing scan is unknown."""
    gate, name = GateName.SECURITY_SCAN, evidence.environment.gates.security_scan
    if evidence.change is None or (name is None and not demands(evidence, gate)):
        return passed(gate, "no security scan is required")
    if name is None:
        said = "the task demands a security scan, and its environment names none"
        return unknown(gate, said, "name one: gates: {security_scan: NAME} of the environment")
    scan = _check(evidence.change, name)
    match scan.state:
        case CheckState.PASSED if scan.said in _NOT_SCANNED:
            return unknown(gate, f"{name} was {scan.said} for this head", "run the scan on the head")
        case CheckState.PASSED:
            return passed(gate, f"{name} passed on {evidence.change.head[:10]}")
        case CheckState.FAILED:
            found = f" ({scan.said})" if evidence.environment.gates.scans_at else ""
            return failed(gate, f"{name} failed on {evidence.change.head[:10]}{found}", "fix what it found")
        case CheckState.PENDING:
            return waiting(gate, f"{name} is still running", "wait for it")
        case CheckState.MISSING:
            why = f" ({scan.said})" if scan.said else ""
            return unknown(gate, f"{name} did not report for this head{why}", "run the scan on the head")


def security_approval(evidence: Evidence) -> GateResult:
    """G2: somebody with the role security approved this head."""
    gate = GateName.SECURITY_APPROVAL
    required = evidence.environment.gates.security_approval or demands(evidence, gate)
    return _approval(evidence, gate, Role.SECURITY, required=required)


def qa_approval(evidence: Evidence) -> GateResult:
    """G2: somebody with the role qa approved this head."""
    required = evidence.environment.gates.qa_approval or demands(evidence, GateName.QA_APPROVAL)
    return _approval(evidence, GateName.QA_APPROVAL, Role.QA, required=required)


def _approval(evidence: Evidence, gate: GateName, role: Role, *, required: bool) -> GateResult:
    change = evidence.change
    if not required or change is None:
        return passed(gate, f"no {role} approval is required")
    wanted = f"{role}-approved"
    given = [
        label
        for label in (*change.labels, *(evidence.task.labels if evidence.task else ()))
        if label.name == wanted and _is_for(label, change)
    ]
    by = next((label.by for label in given if _counts(label, role, change, evidence.people)), None)
    if by is not None:
        return passed(gate, f"{by} approved {change.head[:10]}")
    cure = f"somebody with the role {role}, not the author, labels this head {wanted}, or comments " + (
        f"“{role} approved {change.head[:10]}”"
    )
    if given:
        who = ", ".join(label.by for label in given)
        return failed(gate, f"{wanted} by {who} does not count", cure)
    return waiting(gate, f"no {role} approval of {change.head[:10]}", cure)


def _is_for(label: Label, change: Change) -> bool:
    """Whether it was given for this head: by its SHA, or by its first ten digits or more in a comment."""
    return label.sha is not None and len(label.sha) >= 10 and change.head.startswith(label.sha)


def _counts(label: Label, role: Role, change: Change, people: tuple[Person, ...]) -> bool:
    person = next((one for one in people if _is(one, label.by)), None)
    author = next((one for one in people if _is(one, change.author)), None)
    is_other = person != author and label.by != change.author
    return person is not None and not person.bot and role in person.roles and is_other


def _is(person: Person, identity: str) -> bool:
    return any(person.is_known_as(channel, identity) for channel in (Channel.FORGE, Channel.TRACKER))


def reviews(evidence: Evidence) -> GateResult:
    """G3: enough people other than the author approved this head, and nobody asks for changes."""
    gate, change = GateName.REVIEWS, evidence.change
    if change is None or change.state is ChangeState.MERGED:
        return passed(gate, "already merged")
    people = evidence.people
    said = sorted(change.reviews, key=lambda one: one.at)
    latest = {_person(review.by, people): review for review in said}
    against = [by for by, one in latest.items() if one.verdict is ReviewVerdict.CHANGES_REQUESTED]
    if against:
        return failed(gate, f"changes requested by {', '.join(against)}", "settle it with the reviewer")
    others = {_person(change.author, people), *(one.name for one in people if one.bot)}
    given = [by for by, one in latest.items() if one.sha == change.head and by not in others]
    wanted = evidence.environment.gates.reviews
    if change.wants:
        return waiting(gate, f"the forge still wants {', '.join(change.wants)}", "give it what it wants")
    if len(given) >= wanted:
        return passed(gate, f"approved by {', '.join(given)}" if given else "no review is required")
    missing = f"{len(given)} of {wanted} approvals of {change.head[:10]}"
    return waiting(gate, missing, "somebody other than the author approves the head commit")


def _person(account: str, people: tuple[Person, ...]) -> str:
    """Whose account of the forge it is: a person's name, or itself for a stranger."""
    return next((one.name for one in people if one.is_known_as(Channel.FORGE, account)), account)


def mergeable(evidence: Evidence) -> GateResult:
    """G3, G4: it merges without conflict and is no draft, or it was merged already."""
    gate, change = GateName.MERGEABLE, evidence.change
    if change is None or change.state is ChangeState.MERGED:
        return passed(gate, "already merged")
    if change.state is ChangeState.CLOSED:
        return failed(gate, f"change {change.id} is closed", "open it again")
    if change.draft:
        return failed(gate, f"change {change.id} is a draft", "mark it ready for review")
    if evidence.preview is None:
        return unknown(gate, _why(evidence, "preview"), "make the repository reachable")
    if evidence.preview.tree is None:
        files = ", ".join(evidence.preview.conflicts)
        return failed(gate, f"conflicts with {change.base} in {files}", f"rebase it on {change.base}")
    return passed(gate, f"merges cleanly onto {change.base} at {evidence.preview.base[:10]}")


def base_branch(evidence: Evidence) -> GateResult:
    """G3, G4: the version is known, and its base is the expected branch."""
    gate, change = GateName.BASE_BRANCH, evidence.change
    if evidence.version is None and evidence.preview is None:
        return unknown(gate, _why(evidence, "version"), "name a version that exists")
    if change is None:
        return passed(gate, "the version is a commit of the repository")
    return passed(gate, f"its base is {change.base}")


def migrations(evidence: Evidence) -> GateResult:
    """G5: every pending migration is additive, and can be read by the linter."""
    gate, verdicts = GateName.MIGRATIONS, evidence.verdicts
    if verdicts is None and evidence.goes_back:
        said = "those of this version were applied when it ran here"
        return passed(gate, f"{said}; {_why(evidence, 'verdicts')}; a rollback does not wait for this")
    if verdicts is None:
        return unknown(gate, _why(evidence, "verdicts"), "make the target's database readable")
    bad = [verdict for verdict in verdicts if verdict.verdict not in ("ok", "warn")]
    if bad:
        said = "; ".join(f"{one.path}: {', '.join(one.reasons)}" for one in bad)
        return failed(gate, said, "split it: expand first, ship, then contract in a later change")
    warned = [verdict.path for verdict in verdicts if verdict.verdict == "warn"]
    extra = f", with warnings in {', '.join(warned)}" if warned else ""
    return passed(gate, f"{len(verdicts)} pending, all additive{extra}" if verdicts else "none pending")


def _check(change: Change, name: str) -> Check:
    found = [check for check in change.checks if check.name == name and check.sha == change.head]
    return found[-1] if found else Check(name=name, state=CheckState.MISSING, sha=change.head)


def _why(evidence: Evidence, field: str) -> str:
    return evidence.unread.get(field, f"{field} is not known")


CHANGE_GATES = (
    ci_checks,
    security_scan,
    security_approval,
    qa_approval,
    reviews,
    mergeable,
    base_branch,
    migrations,
)
