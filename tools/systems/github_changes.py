"""Pull requests as changes: what people and CI said of the head, and who may be believed."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.errors import AccessDenied, NotFound, UnknownChange, Unreachable
from orchestrate.gates.signoff import sign_off
from orchestrate.models import task
from orchestrate.models.change import Change, ChangeState, Check, Review, ReviewVerdict
from orchestrate.models.environment import CODE_SCANNING
from orchestrate.models.task import Label
from tools.systems.github_api import GithubApi
from tools.systems.github_checks import checks_of
from tools.systems.github_graph_shapes import Opinion, Standing
from tools.systems.github_rules import Rules, rules_of
from tools.systems.github_scanning import scan_of
from tools.systems.github_shapes import Comment, Event, Pull, Push, User
from tools.systems.pull_names import number_of

_STANDING = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewDecision mergeStateStatus isInMergeQueue
      mergeQueueEntry { position state }
      latestOpinionatedReviews(first: 100, after: $after, writersOnly: true) {
        nodes { state submittedAt author { __typename login } commit { oid } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""
_VERDICTS = {"APPROVED": ReviewVerdict.APPROVED, "CHANGES_REQUESTED": ReviewVerdict.CHANGES_REQUESTED}
_GHOST = "ghost"  # what GitHub calls whoever is no longer there


class Changes:
    """Reads pull requests of one repository; `scans`: severities at which code scanning is asked for."""

    def __init__(self, api: GithubApi, scans: Sequence[str] = ()) -> None:
        self._api, self._scans = api, scans

    @property
    def has_scans(self) -> bool:
        """Whether anybody wants to know of code scanning."""
        return bool(self._scans)

    async def pull(self, id: str) -> Pull:
        """The pull request of `id`: a number, #number, owner/name#number, or its address.

        Raises UnknownChange.
        """
        try:
            return await self._api.one(Pull, f"/pulls/{self.number(id)}")
        except NotFound:
            raise UnknownChange(id) from None

    def number(self, id: str) -> str:
        """The number in `id`, of this repository. Raises UnknownChange."""
        account = self._api.account
        number = number_of(id, account.page, account.repository)
        if number is None:
            raise UnknownChange(id)
        return number

    async def change(self, id: str) -> Change:
        """Everything that is said of a pull request."""
        pull = await self.pull(id)
        rules = await rules_of(self._api, pull.base.ref)
        standing, opinions = await self._standing(pull)
        push = await self._push(pull)
        return Change(
            id=str(pull.number),
            title=pull.title,
            body=pull.body or "",
            author=_login(pull.user),
            pushed_by=push.actor.login if push and push.actor else None,
            branch=pull.branch,
            base=pull.base.ref,
            head=pull.head.sha,
            state=_state(pull),
            draft=pull.draft,
            merge_commit=pull.merge_commit_sha if pull.merged else None,
            reviews=tuple(review for one in opinions if (review := _review(one)) is not None),
            checks=await self._checks(pull, rules),
            labels=await self._labels(pull, push),
            wants=_wants(standing, rules),
            url=pull.html_url,
            opened_at=pull.created_at,
        )

    async def _checks(self, pull: Pull, rules: Rules) -> tuple[Check, ...]:
        """What reported, and our own look at code scanning, whose name nobody else's check has."""
        reported = await checks_of(self._api, pull.head.sha, rules.required)
        ours = [await scan_of(self._api, pull, severity) for severity in self._scans]
        return (*(one for one in reported if not one.name.startswith(CODE_SCANNING)), *ours)

    async def standing(self, pull: Pull) -> Standing:
        """What only GraphQL tells."""
        return (await self._standing(pull))[0]

    async def _standing(self, pull: Pull) -> tuple[Standing, Sequence[Opinion]]:
        first = await self._page(pull, None)
        opinions, info = [*first.latestOpinionatedReviews.nodes], first.latestOpinionatedReviews.pageInfo
        while info.hasNextPage:
            page = (await self._page(pull, info.endCursor)).latestOpinionatedReviews
            opinions, info = [*opinions, *page.nodes], page.pageInfo
        return first, opinions

    async def _page(self, pull: Pull, after: str | None) -> Standing:
        owner, _, name = self._api.account.repository.partition("/")
        asked = {"owner": owner, "name": name, "number": pull.number, "after": after}
        data: object = await self._api.ask(_STANDING, **asked)
        for key in ("repository", "pullRequest"):
            data = data.get(key) if isinstance(data, dict) else None  # pyright: ignore[reportUnknownVariableType]
        try:
            return Standing.model_validate(data)
        except ValueError as problem:
            raise Unreachable(f"GitHub does not tell how pull request {pull.number} stands") from problem

    async def _push(self, pull: Pull) -> Push | None:
        """Who brought the head, and when; not told of forks, nor to everybody."""
        if pull.is_fork:
            return None
        try:
            asked = {"ref": f"refs/heads/{pull.head.ref}", "per_page": "100"}
            pushes = await self._api.newest(Push, "/activity", **asked)
        except (NotFound, AccessDenied):
            return None
        return next((one for one in pushes if one.after == pull.head.sha), None)

    async def _labels(self, pull: Pull, push: Push | None) -> tuple[Label, ...]:
        """The labels that it has, by whom; for this head when they were given after it was pushed."""
        comments = await self._api.every(Comment, f"/issues/{pull.number}/comments")
        said = (sign_off(_words(one, pull)) for one in comments)
        names = {one.name for one in pull.labels}
        events = await self._api.every(Event, f"/issues/{pull.number}/events") if names else ()
        given = {
            one.label.name: _label(one.label.name, one, pull, push)
            for one in events
            if one.event == "labeled" and one.label is not None and one.label.name in names
        }
        return (*given.values(), *(one for one in said if one is not None))


def _label(name: str, event: Event, pull: Pull, push: Push | None) -> Label:
    is_for_head = push is not None and push.timestamp < event.created_at
    return Label(name=name, by=_login(event.actor), sha=pull.head.sha if is_for_head else None)


def _words(comment: Comment, pull: Pull) -> task.Comment:
    return task.Comment(
        id=str(comment.id),
        task=str(pull.number),
        author=_login(comment.user),
        text=comment.body,
        at=comment.created_at,
        edited=comment.updated_at != comment.created_at,
    )


def _review(one: Opinion) -> Review | None:
    verdict = _VERDICTS.get(one.state)
    if verdict is None or one.submittedAt is None:
        return None
    sha = one.commit.oid if one.commit else ""  # a commit that a force push took away
    return Review(by=_author(one), verdict=verdict, sha=sha, at=one.submittedAt)


def _author(one: Opinion) -> str:
    """GraphQL leaves out the ending of a bot's name; without it, it would be somebody else's."""
    is_bot = one.author is not None and one.author.typename == "Bot"
    return f"{_login(one.author)}[bot]" if is_bot else _login(one.author)


def _wants(standing: Standing, rules: Rules) -> tuple[str, ...]:
    """What GitHub itself still demands, where it tells."""
    wants: list[str] = []
    if standing.reviewDecision == "REVIEW_REQUIRED":
        wants.append("the reviews that its rules demand (how many, code owners)")
    if standing.reviewDecision == "CHANGES_REQUESTED":
        wants.append("that whoever requested changes is content")
    if standing.mergeStateStatus == "BEHIND" and rules.is_strict:
        wants.append("that the branch is brought up to date with its base")
    return tuple(wants)


def _state(pull: Pull) -> ChangeState:
    if pull.merged:
        return ChangeState.MERGED
    return ChangeState.OPEN if pull.state == "open" else ChangeState.CLOSED


def _login(user: User | None) -> str:
    return user.login if user else _GHOST
