"""What the local GitHub answers, by operation of its published description."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.servers.github_merges import NotMerged, conflicts
from tests.servers.github_world import NAME, OWNER, GithubWorld, Pull, Said

Json = dict[str, object]


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(message)


@dataclass(frozen=True)
class Call:
    """One request, taken apart; `base` is the address of the API."""

    world: GithubWorld
    login: str
    base: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Json

    @property
    def pull(self) -> Pull:
        found = self.world.pulls.get(int(self.params.get("pull_number") or self.params["issue_number"]))
        if found is None:
            raise Refusal(404, "Not Found")
        return found

    def page(self, found: Sequence[object]) -> list[object]:
        size, page = int(self.query.get("per_page", 30)), int(self.query.get("page", 1))
        return list(found[(page - 1) * size : page * size])


Route = Callable[[Call], tuple[int, object]]


def repository(call: Call) -> tuple[int, object]:
    ways = {f"allow_{one}": name in call.world.methods for one, name in _WAYS.items()}
    may = call.login in call.world.writers
    rights = {"pull": True, "push": may, "admin": False, "maintain": False, "triage": may}
    return 200, {**_repository(call), **ways, "permissions": rights, "default_branch": "main"}


def pull_request(call: Call) -> tuple[int, object]:
    return 200, told(call, call.pull)


def pull_requests(call: Call) -> tuple[int, object]:
    head, state = call.query.get("head", ""), call.query.get("state", "open")
    found = [
        told(call, one)
        for one in call.world.pulls.values()
        if head in ("", f"{OWNER}:{one.branch}") and state in ("all", one.state)
    ]
    return 200, call.page(found)


def opened(call: Call) -> tuple[int, object]:
    if call.login not in call.world.writers:
        raise Refusal(403, "Resource not accessible by personal access token")
    body = call.body
    branch, base = str(body["head"]).rpartition(":")[2], str(body["base"])
    known = any(one.branch == branch and one.state == "open" for one in call.world.pulls.values())
    if known or not call.world.repository.tip(branch):
        raise Refusal(422, "Validation Failed")
    pull = call.world.open(
        str(body["title"]),
        branch,
        base,
        body=str(body.get("body") or ""),
        draft=bool(body.get("draft")),
        author=call.login,
    )
    return 201, told(call, pull)


def merged(call: Call) -> tuple[int, object]:
    pull, body = call.pull, call.body
    if call.login not in call.world.writers:
        raise Refusal(403, "Resource not accessible by personal access token")
    if call.world.queue is not None:
        raise Refusal(405, "Repository rule violations found\n\nChanges must be made through the merge queue")
    if body.get("sha") not in (None, pull.head):
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    title = body.get("commit_title") or f"Merge pull request #{pull.number} from {OWNER}/{pull.branch}"
    message = f"{title}\n\n{body.get('commit_message') or ''}".strip()
    try:
        sha = call.world.merge(pull, str(body.get("merge_method", "merge")), message, call.login)
    except NotMerged as problem:
        raise Refusal(problem.status, problem.message) from None
    return 200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}


def introduced(call: Call) -> tuple[int, object]:
    sha = call.params["commit_sha"]
    return 200, [told(call, one) for one in call.world.pulls.values() if one.merge_commit == sha]


def branch(call: Call) -> tuple[int, object]:
    name, world = call.params["branch"], call.world
    tip = world.repository.tip(name) or _refuse(404, "Branch not found")
    checks = {"enforcement_level": "non_admins", "contexts": list(world.protected), "checks": []}
    protection = {"enabled": bool(world.protected), "required_status_checks": checks}
    values = {"name": name, "commit": {"sha": tip}, "protected": bool(world.protected)}
    return 200, {**values, "protection": protection}


def rules(call: Call) -> tuple[int, object]:
    queue: list[Json] = [{"type": "merge_queue"}] if call.world.queue is not None else []
    return 200, call.page([*call.world.rules, *queue])


def check_runs(call: Call) -> tuple[int, object]:
    found = said_of(call.world.runs, call.params["ref"])
    return 200, {"total_count": len(found), "check_runs": call.page(found)}


def status(call: Call) -> tuple[int, object]:
    sha = call.params["ref"]
    found = said_of(call.world.statuses, sha)
    states = {str(one["state"]) for one in found}
    worst = next((one for one in ("failure", "error", "pending") if one in states), "success")
    combined = "failure" if worst in ("failure", "error") else worst
    values = {"state": combined if found else "pending", "sha": sha, "total_count": len(found)}
    return 200, {**values, "statuses": call.page(found)}


def events(call: Call) -> tuple[int, object]:
    return 200, call.page(said_of(call.world.events, str(call.pull.number)))


def comments(call: Call) -> tuple[int, object]:
    return 200, call.page(said_of(call.world.comments, str(call.pull.number)))


def commented(call: Call) -> tuple[int, object]:
    return 201, call.world.comment(call.pull.number, call.login, str(call.body["body"]))


def activity(call: Call) -> tuple[int, object]:
    if not call.world.sees_pushes:
        raise Refusal(404, "Not Found")
    return 200, call.page(said_of(call.world.pushes, call.query["ref"]))


def user(call: Call) -> tuple[int, object]:
    return 200, {"login": call.login, "type": "User"}


def told(call: Call, pull: Pull) -> Json:
    """A pull request as the API tells it."""
    is_merged, world = pull.merge_commit is not None, call.world
    clean = pull.state == "open" and not conflicts(world.repository, pull.base, pull.head)
    whose = pull.fork or OWNER
    return {
        "number": pull.number,
        "node_id": f"PR_{pull.number}",
        "state": pull.state,
        "title": pull.title,
        "body": pull.body or None,
        "user": {"login": pull.author},
        "draft": pull.draft,
        "merged": is_merged,
        "mergeable": clean if pull.state == "open" else None,
        "mergeable_state": "clean" if clean else "dirty",
        "merge_commit_sha": pull.merge_commit,
        "head": {
            "ref": pull.branch,
            "sha": pull.head,
            "label": f"{whose}:{pull.branch}",
            "repo": _repository(call, whose),
        },
        "base": {"ref": pull.base, "sha": world.repository.tip(pull.base), "repo": _repository(call)},
        "labels": [{"name": one} for one in pull.labels],
        "html_url": f"{call.base}/{OWNER}/{NAME}/pull/{pull.number}",
        "created_at": pull.opened_at,
    }


def _repository(call: Call, owner: str = OWNER) -> Json:
    return {"full_name": f"{owner}/{NAME}", "name": NAME, "fork": owner != OWNER, "owner": {"login": owner}}


def said_of(said: Sequence[Said], of: str) -> list[Mapping[str, object]]:
    """What was said of one thing, oldest first."""
    return [one.values for one in said if one.of == of]


def _refuse(status: int, message: str) -> str:
    raise Refusal(status, message)


_WAYS = {"merge_commit": "merge", "squash_merge": "squash", "rebase_merge": "rebase"}
REPO = "/repos/{owner}/{repo}"
ROUTES: Mapping[tuple[str, str], Route] = {
    ("get", "/user"): user,
    ("get", REPO): repository,
    ("get", f"{REPO}/activity"): activity,
    ("get", f"{REPO}/branches/{{branch}}"): branch,
    ("get", f"{REPO}/commits/{{commit_sha}}/pulls"): introduced,
    ("get", f"{REPO}/commits/{{ref}}/check-runs"): check_runs,
    ("get", f"{REPO}/commits/{{ref}}/status"): status,
    ("get", f"{REPO}/issues/{{issue_number}}/comments"): comments,
    ("post", f"{REPO}/issues/{{issue_number}}/comments"): commented,
    ("get", f"{REPO}/issues/{{issue_number}}/events"): events,
    ("get", f"{REPO}/pulls"): pull_requests,
    ("post", f"{REPO}/pulls"): opened,
    ("get", f"{REPO}/pulls/{{pull_number}}"): pull_request,
    ("put", f"{REPO}/pulls/{{pull_number}}/merge"): merged,
    ("get", f"{REPO}/rules/branches/{{branch}}"): rules,
}
