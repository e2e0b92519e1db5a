"""Changes: the branch or pull request that a task ships."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from orchestrate.models.fact import Fact
from orchestrate.models.task import Label


class ChangeState(StrEnum):
    """Whether a change can still be merged."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


class CheckState(StrEnum):
    """What a check says about one commit; a check that never reported is missing, not passed."""

    PASSED = "passed"
    FAILED = "failed"
    PENDING = "pending"
    MISSING = "missing"


class ReviewVerdict(StrEnum):
    """What a reviewer said."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"


class MergeMethod(StrEnum):
    """How a change becomes part of its base."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


class Check(Fact):
    """A result that CI or a scanner reported for a commit."""

    name: str
    state: CheckState
    sha: str
    url: str = ""
    by: str = ""
    said: str = ""  # the forge's own word for it, where it has more words than states


class Review(Fact):
    """A person's verdict on a commit."""

    by: str
    verdict: ReviewVerdict
    sha: str
    at: datetime


class Change(Fact):
    """A branch that wants to become part of its base."""

    id: str
    title: str
    body: str = ""
    author: str
    pushed_by: str | None = None  # who brought the head, where the forge knows
    branch: str
    base: str
    head: str  # commit SHA, 40 hex digits
    state: ChangeState = ChangeState.OPEN
    draft: bool = False
    merge_commit: str | None = None  # when merged, by whomever
    reviews: tuple[Review, ...] = ()
    checks: tuple[Check, ...] = ()
    labels: tuple[Label, ...] = ()
    wants: tuple[str, ...] = ()  # what the forge itself still demands before it merges, in words
    url: str = ""
    opened_at: datetime


class NewChange(Fact):
    """A change to be recorded by the built-in forge; the same non-empty marker gives the same record."""

    title: str
    author: str
    branch: str
    base: str
    body: str = ""
    draft: bool = False
    marker: str = ""


class ChangeRecord(Fact):
    """What people and CI said about a branch; heads and merge states are never here: git tells them."""

    id: str
    title: str
    author: str
    branch: str
    base: str
    body: str = ""
    draft: bool = False
    marker: str = ""
    merge_commit: str | None = None  # set by the forge once it saw the merge on the base
    reviews: tuple[Review, ...] = ()
    checks: tuple[Check, ...] = ()
    labels: tuple[Label, ...] = ()
    opened_at: datetime


class Preview(Fact):
    """What merging a head into a base would give; nothing has been changed."""

    head: str
    base: str  # commit SHA of the base branch when previewed
    tree: str | None  # None: it conflicts
    conflicts: tuple[str, ...] = ()


class MergeOrder(Fact):
    """What an approval allows to be merged: exactly this head onto exactly this base, giving this tree."""

    change: str
    method: MergeMethod
    head: str
    base: str
    tree: str
    message: str


class Merged(Fact):
    """A merge that was seen on the base branch (M2)."""

    commit: str
    tree: str


class FileChange(Fact):
    """One file that a change touches, with its text after the change (None: deleted or binary)."""

    path: str
    status: str  # A added, M modified, D deleted, R renamed
    text: str | None = None
    was: str | None = None  # the path before, where it has another name now


class Commit(Fact):
    """One line of history."""

    sha: str
    subject: str
    author: str
    at: datetime
    email: str = ""  # the author's
    committer: str = ""  # as in `Ada <ada@example.com>`, and so are these:
    co_authors: tuple[str, ...] = ()

    @property
    def written_by(self) -> tuple[str, ...]:
        """Everybody it names, as in `Ada <ada@example.com>`; anybody can write any name there."""
        return tuple(dict.fromkeys((f"{self.author} <{self.email}>", self.committer, *self.co_authors)))


class Version(Fact):
    """What is deployed: a commit, its tree, and the name people use for it."""

    commit: str
    tree: str
    name: str
