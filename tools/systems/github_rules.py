"""What a branch of GitHub demands before anything is merged into it: rulesets, and the classic protection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from orchestrate.errors import AccessDenied
from orchestrate.models.change import MergeMethod
from tools.systems.github_api import GithubApi, UnknownPage
from tools.systems.github_shapes import Branch, Protection, Repo, RequiredCheck, Rule


@dataclass(frozen=True)
class Rules:
    """The rules of one branch."""

    required: tuple[RequiredCheck, ...]
    allowed: frozenset[str]  # merge methods
    is_strict: bool  # the head has to contain the base
    has_queue: bool


async def rules_of(api: GithubApi, branch: str) -> Rules:
    """What rulesets and protection demand together; everybody who reads may see both."""
    name = quote(branch, safe="")
    rules = await _rulesets(api, name)
    protection = await _protection(api, name)
    kinds = {rule.type for rule in rules}
    allowed = [one.parameters.allowed_merge_methods for one in rules if one.type == "pull_request"]
    linear = {"merge"} if "required_linear_history" in kinds else frozenset[str]()
    every = frozenset(MergeMethod)
    return Rules(
        required=_required(rules, protection),
        allowed=every.intersection(*(one for one in allowed if one is not None)) - linear,
        is_strict=any(rule.parameters.strict_required_status_checks_policy for rule in rules),
        has_queue="merge_queue" in kinds,
    )


def methods_of(repo: Repo, rules: Rules) -> tuple[MergeMethod, ...]:
    """How the repository lets changes be merged into the branch."""
    ways = {
        MergeMethod.MERGE: repo.allow_merge_commit,
        MergeMethod.SQUASH: repo.allow_squash_merge,
        MergeMethod.REBASE: repo.allow_rebase_merge,
    }
    return tuple(method for method, is_allowed in ways.items() if is_allowed and method in rules.allowed)


async def _rulesets(api: GithubApi, branch: str) -> tuple[Rule, ...]:
    try:
        return await api.every(Rule, f"/rules/branches/{branch}")
    except UnknownPage:  # an Enterprise server before 3.11
        return ()
    except AccessDenied as denied:
        if "Upgrade to" in str(denied):  # a private repository of a plan without rules
            return ()
        raise


async def _protection(api: GithubApi, branch: str) -> Protection:
    found = await api.one(Branch, f"/branches/{branch}")
    return found.protection or Protection()


def _required(rules: Sequence[Rule], protection: Protection) -> tuple[RequiredCheck, ...]:
    ours = [one for rule in rules for one in rule.parameters.required_status_checks]
    classic = protection.required_status_checks
    if classic is not None:
        by_app = {one.context: one.app_id for one in classic.checks}
        names = dict.fromkeys((*classic.contexts, *by_app))
        ours += [RequiredCheck(context=name, integration_id=by_app.get(name)) for name in names]
    return tuple(ours)
