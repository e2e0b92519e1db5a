"""GitHub as a forge: pull requests, merged by GitHub, with trees and histories from a mirror of its git."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestrate.errors import MergeRefused, UnknownVersion, Unreachable
from orchestrate.models.change import (
    Change,
    Merged,
    MergeMethod,
    MergeOrder,
    NewChange,
    Preview,
)
from orchestrate.models.conflict import Conflict, ResolveOrder
from tools.systems.git import sha
from tools.systems.git_merges import Merges, Signature
from tools.systems.git_resolutions import Resolutions
from tools.systems.git_reverts import Reverts, title
from tools.systems.git_source import EVERY_METHOD, GitSource
from tools.systems.github_account import Account
from tools.systems.github_api import GithubApi, Rejected
from tools.systems.github_changes import Changes
from tools.systems.github_deployments import GithubDeployments
from tools.systems.github_git import GithubGit
from tools.systems.github_grants import Permission
from tools.systems.github_hooks import Hook, hooks
from tools.systems.github_merging import Merging
from tools.systems.github_permissions import permissions
from tools.systems.github_queue import GithubQueue
from tools.systems.github_rules import methods_of, rules_of
from tools.systems.github_shapes import Pull, PullName, Repo
from tools.systems.github_silence import Silence, silence
from tools.systems.github_workflows import GithubWorkflows
from tools.workflows import Watched

_MOST = 250  # commits of a pull request that are looked for on its base


class GithubForge(GitSource):
    """Forge, Source, Reverts and Conflicts on one repository of GitHub."""

    def __init__(
        self,
        api: GithubApi,
        git: GithubGit,
        *,
        base: str = "main",
        methods: tuple[MergeMethod, ...] = EVERY_METHOD,
        scans: Sequence[str] = (),
        pause: float = 1.0,
    ) -> None:
        super().__init__(git)
        self._api, self._mirror, self._base, self._methods = api, git, base, methods
        self._changes = Changes(api, scans)
        self._merges = Merges(git, self._history, Signature())
        self._merging = Merging(api, git, self._history, self._merges, pause=pause)
        self._reverts = Reverts(git, self._history, self._merges)
        self._resolutions = Resolutions(git, self._history, self._merges)

    async def open(self, new: NewChange) -> Change:
        """A pull request of a branch, by our account; the one that is open for the branch, if there is one.

        Raises UnknownVersion when GitHub has no such branch, MergeRefused when it opens none.
        """
        await self._git.fetch()
        for branch in (new.branch, new.base):
            await self._tip(branch)
        asked = {
            "title": new.title,
            "head": new.branch,
            "base": new.base,
            "body": new.body,
            "draft": new.draft,
        }
        try:
            pull = await self._api.send(Pull, "POST", "/pulls", asked)
        except Rejected as no:
            known = await self._pull_of(new.branch, "open")
            if known is None:
                raise MergeRefused(f"GitHub opens no pull request of {new.branch}: {no.said}") from no
            return await self.change(known)
        return await self.change(str(pull.number))

    async def change(self, id: str) -> Change:
        return await self._changes.change(id)

    async def methods(self) -> tuple[MergeMethod, ...]:
        """What the settings, the repository and its rules allow, the customary one first (M1).

        Raises MergeRefused when that is none.
        """
        await self._git.fetch()
        offered = methods_of(await self._api.one(Repo, ""), await rules_of(self._api, self._base))
        allowed = tuple(one for one in self._methods if one in offered)
        if not allowed:
            there = ", ".join(offered) or "none"
            raise MergeRefused(
                f"GitHub allows {there} into {self._base}, and the settings {', '.join(self._methods)}",
                cure="name a method that the repository allows: forge.methods",
            )
        return await self._customary(allowed, self._base)

    async def preview(self, change: Change, method: MergeMethod) -> Preview:
        await self._seen(change)
        return await self._merges.preview(change.head, await self._tip(change.base), method)

    async def merge(self, order: MergeOrder) -> Merged:
        return await self._merging.merge(order)

    async def merged(self, order: MergeOrder) -> Merged | None:
        return await self._merging.merged(order)

    async def revert(self, commit: str, reason: str, marker: str) -> Change:
        """Raises MergeConflict when a person has to take it back, MergeRefused when nothing is left of it."""
        await self._git.fetch()
        base = await self._tip(self._base)
        before = await self._before_pull(sha(commit))
        branch = await self._reverts.branch(commit, base, reason, marker, before)
        known = await self._pull_of(branch, "all")
        if known is not None:
            return await self.change(known)
        bad = (await self._history.log(None, commit, 1))[0]
        return await self.open(
            NewChange(title=title(bad.subject), author="", branch=branch, base=self._base, body=reason)
        )

    async def conflict(self, change: Change) -> Conflict:
        """Of what a fork holds, nothing is ever pushed into the repository: there a push may run its code."""
        await self._seen(change)
        found = await self._resolutions.conflict(change.head, await self._tip(change.base))
        is_fork = ":" in change.branch
        return found.model_copy(update={"beyond": "the head is in a fork"}) if is_fork else found

    async def resolved(self, order: ResolveOrder) -> Change | None:
        await self._git.fetch()
        branch = await self._resolutions.found(order)
        known = await self._pull_of(branch, "all") if branch else None
        return await self.change(known) if known else None

    async def resolve(self, order: ResolveOrder) -> Change:
        if (known := await self.resolved(order)) is not None:
            return known
        change = await self.change(order.change)
        branch = await self._resolutions.branch(order, change.branch, change.base)
        title = f"Resolve the conflict of #{change.id}"
        return await self.open(
            NewChange(title=title, author="", branch=branch, base=change.base, body=order.body)
        )

    def showcase(self, *, comments: bool = False) -> GithubDeployments:
        """Where deployments are shown at their pull requests; with `comments`, also said there."""
        return GithubDeployments(self._api, comments=comments)

    @property
    def queue(self) -> GithubQueue:
        """GitHub's merge queue."""
        return GithubQueue(self._api)

    def watched(self, names: tuple[str, ...]) -> Watched:
        """The workflows of these names."""
        return Watched(workflows=GithubWorkflows(self._api), names=names)

    async def permissions(self) -> tuple[Permission, ...]:
        """What our account may do here, as far as that can be told without doing it."""
        return await permissions(self._api, self._base, scans=self._changes.has_scans)

    async def hooks(self) -> tuple[Hook, ...]:
        """The repository's webhooks. Raises AccessDenied or UnknownPage where we may not see them."""
        return await hooks(self._api)

    async def silence(self) -> Silence:
        """Which checks the base demands, and nobody reports."""
        return await silence(self._api, self._base)

    def close(self) -> None:
        """Give the connection back."""
        self._api.close()

    async def _pull_of(self, branch: str, state: str) -> str | None:
        """The newest pull request of a branch of the repository itself."""
        head = f"{self._api.account.owner}:{branch}"
        found = await self._api.newest(PullName, "/pulls", head=head, state=state)
        return str(found[0].number) if found else None

    async def _seen(self, change: Change) -> None:
        """Have the head in the mirror, also when it is in a fork, or its branch is gone."""
        await self._git.fetch()
        if await self._history.commit(sha(change.head)) is None:
            await self._mirror.fetch_pull(change.id)
        if await self._history.commit(change.head) is None:
            raise Unreachable(f"GitHub's git does not show {change.head[:12]}, the head of {change.id}, yet")

    async def _before_pull(self, commit: str) -> str:
        """What the base had before the pull request of `commit` came; a rebase brings several commits."""
        if await self._history.commit(commit) is None:
            raise UnknownVersion(commit)
        pulls = await self._api.newest(PullName, f"/commits/{commit}/pulls")
        node = await self._history.node(commit)
        theirs = await self._commits(pulls[0], commit) if pulls else frozenset[object]()
        for _ in range(_MOST):
            if len(node.parents) != 1:
                break
            (line,) = await self._history.log(None, node.sha, 1)
            if (line.subject, line.email, line.at) not in theirs:
                break
            node = await self._history.node(node.parents[0])
        if node.sha != commit:
            return node.sha
        return node.parents[0] if node.parents else ""

    async def _commits(self, pull: PullName, merged: str) -> frozenset[object]:
        """How its commits are known again after a rebase, which keeps who wrote them when."""
        if await self._history.commit(pull.head.sha) is None:
            await self._mirror.fetch_pull(str(pull.number))
        fork = await self._history.common(merged, pull.head.sha)
        lines = await self._history.log(fork, pull.head.sha, _MOST) if fork else ()
        return frozenset((one.subject, one.email, one.at) for one in lines)


def github_forge(
    account: Account,
    mirror: Path,
    *,
    base: str,
    methods: tuple[MergeMethod, ...],
    scans: Sequence[str] = (),
) -> tuple[GithubGit, GithubForge]:
    """The forge of an account, and git on our own copy of its repository in the folder `mirror`.

    `scans`: the severities at which somebody wants to know of code scanning's alerts.
    """
    api = GithubApi(account)
    git = GithubGit(api, mirror)
    return git, GithubForge(api, git, base=base, methods=methods, scans=scans)
