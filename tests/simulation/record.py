"""The record of a run: everything that the invariants look at, and nothing that they could change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrate.models.audit import Entry
from orchestrate.models.deployment import Deployment, Event
from orchestrate.models.effect import Effect
from orchestrate.models.plan import Plan
from orchestrate.models.question import Question
from orchestrate.models.sample import Judgement, Sample
from orchestrate.models.task import Comment, Task
from orchestrate.models.watch import Watch


class Fate(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"
    REFUSED = "refused"  # the outside said no, for a reason of its own
    ERROR = "error"  # an injected one: nothing happened
    LOST = "lost"  # nothing happened, and no answer came
    LOST_ANSWER = "lost_answer"  # it happened, and no answer came
    OPEN = "open"  # whoever asked was gone before the answer


@dataclass(frozen=True)
class Request:
    """One request to the outside that wants to change something, or the look before and after it."""

    number: int
    at: float  # virtual seconds: when it was sent
    worker: str
    system: str
    what: str
    words: str
    is_write: bool
    op: str = ""  # the key of the effect under which it was sent; '' outside of one
    deployment: str = ""
    token: int = 0  # of the lease
    is_told: bool = True  # whether the audit held its intent when it was sent
    fate: Fate = Fate.OPEN
    quiet_until: float = 0.0  # virtual seconds: who was told to wait, asks the same again no sooner
    arrived: int = 0  # its place among all that reached the outside; 0: it never did
    has_changed: bool = False  # whether the outside was another afterwards
    holder: str = ""  # who held the environment when it arrived


@dataclass(frozen=True)
class Merging:
    """What was true in the moment in which a change was merged."""

    at: float
    deployment: str
    change: str
    head: str
    head_then: str  # the branch, as the forge knew it
    plan: str  # hash
    question: str  # the one whose approval was used
    approved_by: tuple[str, ...]  # by answers that were used before, and are not void
    needed: int  # so many persons must approve; 0: nobody is asked
    gates: Mapping[str, str]  # what the forge itself knew of this head: tests, and reviews by others


@dataclass(frozen=True)
class Starting:
    """What was true in the moment in which a version was started for a deployment."""

    deployment: str
    component: str
    tree: str
    is_way_back: bool
    on_base: bool  # whether a commit of the base branch has this tree
    digest: str  # of the artifact


@dataclass(frozen=True)
class Live:
    """What served in an environment at a moment that matters."""

    deployment: str
    component: str
    tree: str
    moment: str  # "before its first change" or "after its way back"


@dataclass(frozen=True)
class Judged:
    """A verdict with everything that it was made from."""

    watch: Watch
    samples: tuple[Sample, ...]
    plan: str
    at: float
    judgement: Judgement


@dataclass(frozen=True)
class Spoken:
    """What a person really said, as the person knows it."""

    at: float
    who: str
    kind: str
    question: str
    plan: str


@dataclass(frozen=True)
class Destroyed:
    """A workspace that was found gone."""

    workspace: str
    deployment: str
    was_proven: bool  # whether the deployment's success was recorded by then
    entitled: str  # the deployment that it was bound to


@dataclass(frozen=True)
class Stopped:
    """From when to when, in virtual seconds, a person had stopped effects."""

    since: float
    until: float
    everything: bool


@dataclass(frozen=True)
class Asked:
    """A deployment that was seen waiting for people, and how many open questions it had."""

    at: float
    deployment: str
    open_questions: int


@dataclass
class Record:
    """What one run left behind."""

    seed: int
    troubles: tuple[str, ...] = ()
    trace: list[str] = field(default_factory=list[str])
    requests: dict[int, Request] = field(default_factory=dict[int, Request])
    merges: list[Merging] = field(default_factory=list[Merging])
    starts: list[Starting] = field(default_factory=list[Starting])
    live: list[Live] = field(default_factory=list[Live])
    judged: list[Judged] = field(default_factory=list[Judged])
    used: dict[str, float] = field(default_factory=dict[str, float])  # question → when its approval was
    spoken: list[Spoken] = field(default_factory=list[Spoken])
    destroyed: list[Destroyed] = field(default_factory=list[Destroyed])
    stopped: list[Stopped] = field(default_factory=list[Stopped])
    jumps: list[tuple[float, float]] = field(
        default_factory=list[tuple[float, float]]
    )  # when, and by how much
    asked: list[Asked] = field(default_factory=list[Asked])
    rows: tuple[Deployment, ...] = ()
    plans: Mapping[str, Plan] = field(default_factory=dict[str, Plan])
    questions: tuple[Question, ...] = ()
    effects: tuple[Effect, ...] = ()
    events: tuple[Event, ...] = ()
    audit: tuple[Entry, ...] = ()
    audit_broken: str = ""
    tasks: tuple[Task, ...] = ()
    comments: tuple[Comment, ...] = ()
    reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    left: tuple[str, ...] = ()  # what should be gone
    faults: tuple[str, ...] = ()  # exceptions of ours
    canaries: tuple[str, ...] = ()  # where a secret was found
    clocks: tuple[str, ...] = ()  # where the source looks at the machine's clock, and should not
    settled: float = 0.0  # virtual seconds from the end of the troubles to the end of everything
    bound: float = 0.0  # at most so many

    @property
    def writes(self) -> list[Request]:
        """Requests that want to change something, in the order in which they were sent."""
        return [one for one in self.requests.values() if one.is_write]

    def note(self, at: float, who: str, text: str) -> None:
        """A line of the trace."""
        self.trace.append(f"{at:10.3f} {who:<12} {text}")
