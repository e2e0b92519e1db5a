"""Gates for people: the table, and the comment that says what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrate.models.deployment import Request
from orchestrate.models.gate import Finding, Findings, GateResult
from orchestrate.outside import inline, line
from orchestrate.reports.markdown import bullets, called, code, page, section, table

SIGNS: Mapping[Finding, str] = {
    Finding.PASS: "✅ pass",
    Finding.FAIL: "❌ fail",
    Finding.UNKNOWN: "❔ unknown",
    Finding.WAIT: "⏳ wait",
}


def gates_table(results: Iterable[GateResult]) -> str:
    """Every gate, what it found, and the evidence."""
    rows = [(name(one), SIGNS[one.finding], _evidence(one)) for one in results]
    return table(("gate", "finding", "evidence"), rows) if rows else ""


def blocked(
    deployment: str, request: Request, found: Findings, reason: str = "", owner: str | None = None
) -> tuple[str, str]:
    """Title and text of the one comment on a deployment that may not start (G14)."""
    closed = found.that(Finding.FAIL, Finding.UNKNOWN, Finding.WAIT)
    title = line(f"Blocked: {request.environment}")
    text = page(
        f"{called(owner)}**Nothing was deployed to {code(request.environment)}** "
        f"(deployment {code(deployment)}).",
        section("Why", inline(reason, 1000) if reason else ""),
        section("What stands in the way", bullets(_obstacle(one) for one in closed)),
        section("All gates", gates_table(found.results)),
        "The gates run again by themselves when something changed.",
    )
    return title, text


def name(result: GateResult) -> str:
    """The gate in plain words."""
    return result.gate.replace("_", " ")


def _obstacle(result: GateResult) -> str:
    cure = f"  \n  To clear it: {inline(result.cure)}." if result.cure else ""
    return f"**{name(result)}** ({result.finding}): {_evidence(result)}{cure}"


def _evidence(result: GateResult) -> str:
    return f"{inline(result.sentence, 500)}{_link(result.link)}"


def _link(address: str) -> str:
    """A link to the evidence, if it is one and nothing else."""
    is_plain = address.startswith(("https://", "http://")) and not set(address) & set(" \n\t()<>\"'|`\\")
    return f" ([evidence]({address}))" if is_plain else ""
