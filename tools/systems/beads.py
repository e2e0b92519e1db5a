"""Beads as a tracker: the issues of a workspace, read and written with its own program `bd`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC

from orchestrate.errors import NotFound, UnknownTask
from orchestrate.models.task import Comment, NewTask, Queue, Task
from tools.systems import beads_issues
from tools.systems.beads_answers import Issue, Saying
from tools.systems.beads_issues import MARKER, Vocabulary
from tools.systems.beads_program import Beads
from tools.tasks import BOT, INPUT_STATUS, NO_QUEUES, SETTLED, SUCCEEDED, Readiness, Spoken, check_no_circle

LOOK_SECONDS = 15.0
"""How often the issues are listed to see where something was said; each call opens the database."""
AT_ONCE = 50
"""Issues that are shown by one call."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


@dataclass(kw_only=True)
class BeadsTracker:
    """Tasks, Threads and TaskDesk on a workspace of Beads.

    Who writes there says themselves who they are: their words may hold a deployment, and approve none.
    `statuses`: every word of ours for one.
    """

    beads: Beads
    statuses: Sequence[str]
    bot: str = BOT
    input_status: str = INPUT_STATUS
    succeeded: Collection[str] = SUCCEEDED
    queues: Mapping[Queue, str] = field(default_factory=lambda: NO_QUEUES)
    look_seconds: float = LOOK_SECONDS
    repository: str = ""  # the page of the repository whose pull requests are ours; '': any
    clock: Callable[[], float] = time.time
    _looked_at: float = float("-inf")
    _counts: dict[str, int] = field(default_factory=dict[str, int])
    _news: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        self._rules = Readiness(self.input_status, frozenset(self.succeeded), self.queues)
        words = tuple(dict.fromkeys((self.input_status, *self.statuses)))
        self._vocabulary = Vocabulary(words, self.repository)

    async def ready(self, queue: Queue) -> tuple[Task, ...]:
        word = self._rules.status(queue)
        labels = [*self._vocabulary.labels(word)[0], *([] if queue is Queue.DEPLOY else [queue.value])]
        asked = [f"--label={one}" for one in labels]
        listed = await self._listed("--status=open", *asked, about=f"queue {queue}")
        found = [beads_issues.read(one, self._vocabulary) for one in listed]
        waiting = [one for one in found if (one.queue, one.status) == (queue, word)]
        before = await self._shown({on for one in waiting for on in one.depends_on})
        done = {id for id, one in before.items() if self._succeeded(one)}
        free = [one for one in waiting if done.issuperset(one.depends_on)]
        return tuple(sorted(free, key=lambda one: (one.priority, one.created_at, one.id)))

    async def task(self, id: str) -> Task:
        return self._read(await self._issue(id))

    async def find(self, marker: str) -> Task | None:
        about = f"marker {marker}"
        found = await self._listed("--all", f"--metadata-field={MARKER}={marker}", about=about)
        first = min(found, key=lambda one: (one.created_at, one.id), default=None)
        return await self.task(first.id) if first is not None else None

    async def comments(self, task: str) -> tuple[Comment, ...]:
        _check_id(task)
        try:
            said = await self.beads.ask(Saying, "comments", task, about=f"issue {task}")
        except NotFound:
            raise UnknownTask(task) from None
        return tuple(self._comment(task, one) for one in sorted(said, key=lambda one: (one.at, one.id)))

    async def spoken(self, since: str) -> Spoken:
        """As the port says; between two looks nothing is new. The mark is this machine's time."""
        if time.monotonic() - self._looked_at >= self.look_seconds:
            self._looked_at = time.monotonic()
            await self._look()
        told = tuple(task for task, at in self._news.items() if at > float(since or 0))
        return Spoken(tasks=told, mark=str(self.clock() - SETTLED))

    async def dependents(self, task: str) -> tuple[Task, ...]:
        issue = await self._issue(task)
        waiting = {one.id for one in issue.dependents if one.kind == "blocks"}
        found = [self._read(one) for one in (await self._shown(waiting)).values()]
        return tuple(one for one in found if not one.is_closed)

    async def comment(self, task: str, text: str) -> Comment:
        _check_id(task)
        words = ("comments", "add", task, f"--author={self.bot}", "--file=/dev/stdin")
        try:
            (said,) = await self.beads.ask(Saying, *words, about=f"issue {task}", stdin=text)
        except NotFound:
            raise UnknownTask(task) from None
        return self._comment(task, said)

    async def create(self, new: NewTask) -> Task:
        known = await self.find(new.marker) if new.marker else None
        if known is not None:
            return known
        for on in new.depends_on:
            await self._issue(on)
        words = beads_issues.words_of(new, self._vocabulary)
        text = ("--body-file=-",) if new.description else ()
        about = "a new issue"
        (made,) = await self.beads.ask(
            Issue, "create", *words, *text, about=about, stdin=new.description or None
        )
        status = self._vocabulary.status(new.status)
        if status != "open":
            await self.beads.do("update", made.id, f"--status={status}", about=about)
        return await self.task(made.id)

    async def move(self, task: str, status: str, queue: Queue | None = None) -> None:
        issue = await self._issue(task)
        added, removed = self._vocabulary.labels(status)
        if queue is not None:
            added += [] if queue is Queue.DEPLOY else [queue.value]
            removed += [other.value for other in Queue if other is not queue]
        words = [*_labels(issue, added, removed), f"--status={self._vocabulary.status(status)}"]
        await self.beads.do("update", task, *words, about=f"issue {task}")

    async def close(self, task: str, reason: str, status: str) -> None:
        """`--force`: whether it may end is ours to decide; what waits for it is made to wait for its fix."""
        issue = await self._issue(task)
        changed = _labels(issue, *self._vocabulary.labels(status))
        if changed:
            await self.beads.do("update", task, *changed, about=f"issue {task}")
        await self.beads.do("close", task, f"--reason={reason}", "--force", about=f"issue {task}")

    async def depend(self, task: str, on: str, instead_of: str | None = None) -> None:
        await check_no_circle(task, on, self._waits_for)
        waits_for = await self._waits_for(task)
        about = f"issue {task}"
        if on not in waits_for:
            await self.beads.do("dep", "add", task, on, "--type=blocks", about=about)
        if instead_of in waits_for:
            await self.beads.do("dep", "remove", task, str(instead_of), about=about)

    async def _look(self) -> None:
        """Where the number of comments is another than before, somebody spoke, or we did."""
        listed = await self._listed("--all", about="what was said")
        changed = [one.id for one in listed if one.comment_count != self._counts.get(one.id, 0)]
        for issue in (await self._shown(changed, "--include-comments")).values():
            theirs = [one.at.timestamp() for one in issue.comments if one.author != self.bot]
            if theirs:
                self._news[issue.id] = max(theirs)
        self._counts = {one.id: one.comment_count for one in listed}

    async def _listed(self, *words: str, about: str) -> tuple[Issue, ...]:
        return await self.beads.ask(Issue, "list", *words, "--limit=0", about=about)

    async def _issue(self, id: str) -> Issue:
        _check_id(id)
        try:
            found = await self.beads.ask(Issue, "show", id, "--include-dependents", about=f"issue {id}")
        except NotFound:
            raise UnknownTask(id) from None
        named = [one for one in found if one.id == id]  # a part of an id is taken for it
        if not named:
            raise UnknownTask(id)
        return named[0]

    async def _shown(self, ids: Collection[str], *words: str) -> dict[str, Issue]:
        """Several at once; those that are gone are missing."""
        asked, found = sorted(ids), dict[str, Issue]()
        for start in range(0, len(asked), AT_ONCE):
            some = asked[start : start + AT_ONCE]
            try:
                shown = await self.beads.ask(Issue, "show", *some, *words, about="issues")
            except NotFound:
                continue
            found |= {one.id: one for one in shown}
        return found

    def _read(self, issue: Issue) -> Task:
        return beads_issues.read(issue, self._vocabulary)

    def _succeeded(self, issue: Issue) -> bool:
        task = self._read(issue)
        return task.is_closed and self._rules.is_success(task.status, task.closed_reason or "")

    def _comment(self, task: str, said: Saying) -> Comment:
        at = said.at.astimezone(UTC) if said.at.tzinfo else said.at.replace(tzinfo=UTC)
        text = said.text.rstrip("\n")
        return Comment(id=said.id, task=task, author=said.author, text=text, at=at, proven=False)

    async def _waits_for(self, task: str) -> tuple[str, ...]:
        return (await self._issue(task)).waits_for


def _labels(issue: Issue, added: Sequence[str], removed: Sequence[str]) -> list[str]:
    """The arguments that make it so; none for what is so already."""
    new = [one for one in added if one not in issue.labels]
    old = [one for one in removed if one in issue.labels and one not in added]
    return [*(f"--add-label={one}" for one in new), *(f"--remove-label={one}" for one in old)]


def _check_id(id: str) -> None:
    """Raise UnknownTask for what cannot be an id: it would be read as an option."""
    if not _ID.fullmatch(id):
        raise UnknownTask(id)
