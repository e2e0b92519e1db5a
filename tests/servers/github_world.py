"""What the local GitHub knows: pull requests over a real repository, and what people and CI said of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.servers.git_remote import GitRemote
from tests.servers.github_merges import NotMerged, integrated

OWNER, NAME = "acme", "shop"
QUEUE = "github-merge-queue[bot]"
EVERY_METHOD = ("merge", "squash", "rebase")


@dataclass
class Pull:
    """One pull request; `fork` is whose copy its branch is in."""

    number: int
    title: str
    body: str
    author: str
    branch: str
    base: str
    opened_at: str
    draft: bool = False
    fork: str = ""
    state: str = "open"
    head: str = ""
    merge_commit: str | None = None
    labels: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Said:
    """A review, check run, status, comment, event, push, deployment or run, as the API tells it."""

    of: str  # a pull request's number, a SHA, or an id
    values: Mapping[str, object]


@dataclass(kw_only=True)
class GithubWorld:
    """One repository with its rules, people and history."""

    repository: GitRemote
    tokens: dict[str, str] = field(default_factory=lambda: {"the-token": "ada"})
    writers: set[str] = field(default_factory=lambda: {"ada", "bob", "orchestrate[bot]"})
    methods: tuple[str, ...] = EVERY_METHOD
    rules: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    protected: tuple[str, ...] = ()  # required checks of the classic protection
    pusher: str = "ada"
    sees_pushes: bool = True
    queue: list[int] | None = None  # the numbers in the merge queue, where there is one
    app_key: str | None = None  # the public key of the App that is installed
    app_seconds: float = 3600  # how long its tokens are good
    app_permissions: Mapping[str, str] = field(default_factory=lambda: {"contents": "write"})
    log_signature: str = "0a1b2c"
    clock: Callable[[], float] = lambda: 0.0
    scopes: str | None = None  # those of a classic token, as it is told of them
    hooks: list[dict[str, object]] | None = field(default_factory=list[dict[str, object]])  # None: not shown
    scanning: str = ""  # why code scanning is not to be seen
    refuses: str = ""  # why GitHub will not merge now, in its words

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.pulls: dict[int, Pull] = {}
        self.reviews: list[Said] = []
        self.runs: list[Said] = []
        self.statuses: list[Said] = []
        self.comments: list[Said] = []
        self.events: list[Said] = []
        self.pushes: list[Said] = []
        self.deployments: list[Said] = []
        self.deployment_statuses: list[Said] = []
        self.workflow_runs: list[Said] = []
        self.jobs: list[Said] = []
        self.logs: dict[int, str] = {}
        self.analyses: list[Said] = []  # by ref
        self.alerts: list[Said] = []
        self.removals: list[Said] = []  # from the merge queue
        self._now, self._tips = datetime.now(UTC).replace(microsecond=0), dict[str, str]()

    def now(self) -> str:
        """An instant, a second after the one before, and no earlier than the clock."""
        self._now = max(self._now + timedelta(seconds=1), datetime.fromtimestamp(self.clock(), UTC))
        return self._now.isoformat().replace("+00:00", "Z")

    def id(self) -> int:
        """A number that nothing else has."""
        self._ids = getattr(self, "_ids", 1000) + 1
        return self._ids

    def open(self, title: str, branch: str, base: str, *, body: str = "", **more: object) -> Pull:
        """A new pull request, by the author of `more` or the owner of the token."""
        pull = Pull(len(self.pulls) + 1, title, body, "ada", branch, base, self.now())
        for key, value in more.items():
            setattr(pull, key, value)
        self.pulls[pull.number] = pull
        self.seen()
        return pull

    def fork(self, login: str, branch: str, files: Mapping[str, str | None]) -> None:
        """A commit on a branch of somebody's copy."""
        with self.lock:
            self.repository.write("being-forked", files, "From a fork", since="main")
            tip = self.repository.tip("being-forked")
            self.repository.git("update-ref", f"refs/forks/{login}/{branch}", tip)
            self.repository.git("update-ref", "-d", "refs/heads/being-forked")

    def seen(self) -> None:
        """Notice what was pushed since the last look."""
        shape = "--format=%(refname) %(objectname)"
        listed = self.repository.git("for-each-ref", shape, "refs/heads", "refs/forks").splitlines()
        tips = dict(line.split(" ", 1) for line in listed)
        for name, tip in tips.items():
            if name.startswith("refs/heads/") and self._tips.get(name) != tip:
                self._pushed(name, self._tips.get(name), tip)
        self._tips = tips
        for pull in self.pulls.values():
            self._follow(pull, tips)

    def review(self, number: int, by: str, state: str, sha: str = "") -> None:
        """A verdict on the head, or on `sha`."""
        self.seen()
        values = {"by": by, "state": state, "sha": sha or self.pulls[number].head, "at": self.now()}
        self.reviews.append(Said(str(number), values))

    def check(self, name: str, conclusion: str | None, sha: str, app: int = 15368) -> None:
        """A check run; without a conclusion it is still running."""
        status = "completed" if conclusion else "in_progress"
        values = {"id": self.id(), "name": name, "status": status, "conclusion": conclusion}
        self.runs.append(Said(sha, {**values, "head_sha": sha, "app": {"id": app}}))

    def status(self, context: str, state: str, sha: str) -> None:
        """A commit status."""
        self.statuses.append(Said(sha, {"id": self.id(), "context": context, "state": state}))

    def label(self, number: int, name: str, by: str) -> None:
        """A label, and the event that tells who gave it."""
        self.seen()
        self.pulls[number].labels.append(name)
        event = {"id": self.id(), "event": "labeled", "actor": {"login": by}, "created_at": self.now()}
        self.events.append(Said(str(number), {**event, "label": {"name": name, "color": "ededed"}}))

    def comment(self, number: int, by: str, text: str, *, edited: bool = False) -> dict[str, object]:
        """Words on the thread of a pull request."""
        at = self.now()
        values: dict[str, object] = {"id": self.id(), "user": {"login": by}, "body": text, "created_at": at}
        values["updated_at"] = self.now() if edited else at
        self.comments.append(Said(str(number), values))
        return values

    def workflow(self, name: str, sha: str, conclusion: str | None, log: str = "") -> int:
        """A run of a workflow for a commit, with one job; without a conclusion it still runs."""
        run, job, status = self.id(), self.id(), "completed" if conclusion else "in_progress"
        values = {"status": status, "conclusion": conclusion, "head_sha": sha, "created_at": self.now()}
        self.workflow_runs.append(Said(sha, {**values, "id": run, "name": name, "head_branch": "main"}))
        told = {"id": job, "run_id": run, "name": f"{name} job", "status": status, "conclusion": conclusion}
        self.jobs.append(Said(str(run), {**told, "head_sha": sha, "started_at": self.now()}))
        self.logs[job] = log
        return run

    def scan(self, ref: str, sha: str, *rules: tuple[str, str | None, str | None], error: str = "") -> None:
        """A scan of a commit; `rules` are what it found: id, severity, and how bad it is for security."""
        tool, at = {"name": "CodeQL", "guid": None, "version": "2"}, self.now()
        told = {"id": self.id(), "ref": ref, "commit_sha": sha, "category": "python", "error": error}
        self.analyses.append(Said(ref, {**told, "created_at": at, "tool": tool, "results_count": len(rules)}))
        for id, severity, level in rules:
            rule = {"id": id, "severity": severity, "security_severity_level": level, "name": id}
            self.alerts.append(Said(ref, {"number": self.id(), "state": "open", "rule": rule, "tool": tool}))

    def merge(self, pull: Pull, method: str, message: str, by: str) -> str:
        """Merge as GitHub does. Raises NotMerged with its status and words."""
        self._refuse(pull, method)
        merged = integrated(self.repository, pull.base, pull.head, method, message, by)
        pull.merge_commit, pull.state = merged, "closed"
        self.seen()
        return merged

    def merge_queued(self) -> None:
        """The queue's group is green: each of it is merged onto the one before, in order."""
        for number in list(self.queue or ()):
            self.merge(self.pulls[number], "merge", f"Merge pull request #{number}", QUEUE)
            self.removed(number, "merge", QUEUE)

    def removed(self, number: int, reason: str, by: str = QUEUE) -> None:
        """It is in the queue no more, for a reason that GitHub words."""
        assert self.queue is not None
        self.queue.remove(number)
        values = {"createdAt": self.now(), "reason": reason, "actor": {"login": by}}
        self.removals.append(Said(str(number), values))

    def _refuse(self, pull: Pull, method: str) -> None:
        if pull.state != "open":
            raise NotMerged(405, "Pull Request is not mergeable")
        if pull.draft:
            raise NotMerged(405, "Pull Request is still a draft")
        if method not in self.methods:
            raise NotMerged(405, f"{method.capitalize()} merges are not allowed on this repository.")
        if self.refuses:
            raise NotMerged(405, self.refuses)

    def _pushed(self, name: str, before: str | None, after: str) -> None:
        kind = "branch_creation" if before is None else "push"
        values = {
            "id": self.id(), "node_id": "n", "before": before or "0" * 40, "after": after, "ref": name,
            "timestamp": self.now(), "activity_type": kind, "actor": {"login": self.pusher},
        }  # fmt: skip
        self.pushes.insert(0, Said(name, values))

    def _follow(self, pull: Pull, tips: Mapping[str, str]) -> None:
        """An open pull request is at the end of its branch, as refs/pull/… shows everybody."""
        place = f"refs/forks/{pull.fork}" if pull.fork else "refs/heads"
        tip = tips.get(f"{place}/{pull.branch}", pull.head)
        if pull.state == "open" and tip != pull.head:
            pull.head = tip
            self.repository.git("update-ref", f"refs/pull/{pull.number}/head", tip)


def world(root: Path) -> GithubWorld:
    """A GitHub with one empty repository below `root`."""
    return GithubWorld(repository=GitRemote(root / OWNER / f"{NAME}.git"))
