"""The draft of a post-mortem: what is known, and what only people can add."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from orchestrate.models.postmortem import Exposure, Moment, PostMortem, Proof, RootCause
from orchestrate.outside import inline, line
from orchestrate.reports.markdown import bullets, code, duration, instant, page, section
from orchestrate.reports.result import ENDS

BY_PEOPLE = (
    "Why did no check, test or review show it before customers saw it?",
    "What went well, and what was luck?",
    "What will keep it from happening again, who does that, and until when?",
)


def postmortem(about: PostMortem) -> tuple[str, str]:
    """Title and text of the draft."""
    name, meaning = ENDS[about.outcome] if about.outcome else ("Unfinished", "It has not ended.")
    title = line(f"Post-mortem: {about.service} {about.version} in {about.environment}")
    text = page(
        f"Draft, written when deployment {code(about.deployment)} ended. {name}: {meaning}",
        section("Summary", bullets(_summary(about))),
        section("Timeline (UTC)", bullets(_moment(one, about.began) for one in about.timeline)),
        section("Cause", bullets(_causes(about))),
        section("Evidence", bullets(line for one in about.proofs for line in _proof(one))),
        section("What happened to customers", bullets(_customers(about))),
        section("Follow-ups", bullets(inline(one, 600) for one in about.follow_ups)),
        section("To be written by people", bullets(BY_PEOPLE)),
    )
    return title, text


def _summary(about: PostMortem) -> Iterator[str]:
    yield f"version {code(about.version)} of {code(about.service)} to {code(about.environment)}"
    if about.change or about.task:
        named = (("change", about.change), ("task", about.task))
        yield ", ".join(f"{what} {code(id)}" for what, id in named if id)
    yield f"asked for by {inline(about.requested_by)}"
    yield f"from {instant(about.began)} to {instant(about.ended)}: {duration(about.ended - about.began)}"


def _moment(one: Moment, began: float) -> str:
    at = datetime.fromtimestamp(one.at, UTC)
    after = duration(max(0.0, one.at - began))
    return f"{at:%H:%M:%S} (+{after}) {one.kind.replace('_', ' ')}: {inline(one.text, 400)}"


def _causes(about: PostMortem) -> Iterator[str]:
    step = about.failed_step.replace("_", " ")
    yield f"it failed at {step or 'no step that is known'}: {inline(about.error, 800)}"
    yield from (line for one in about.causes for line in _cause(one))


def _cause(one: RootCause) -> Iterator[str]:
    yield inline(one.text, 600)
    if one.guess:
        yield f"a model's guess: {inline(one.guess, 1200)}"


def _proof(one: Proof) -> Iterator[str]:
    yield inline(one.sentence, 600)
    yield from (f"{inline(name)}: {value:g}" for name, value in sorted(one.numbers.items()))


def _customers(about: PostMortem) -> Iterator[str]:
    if not about.exposures:
        yield "no share of the traffic was given to the new version"
    yield from (_exposure(one) for one in about.exposures)
    if about.requests:
        share = 100 * about.errors / about.requests
        yield (
            f"the new version answered {about.requests:,} requests while it was watched, and failed "
            f"{about.errors:,} of them ({share:.2g} %)"
        )


def _exposure(one: Exposure) -> str:
    how_long = duration(one.seconds) if one.until else "until this was written"
    return f"{code(one.component)}: {one.share} % of the traffic for {how_long}"
