"""What the local GitHub answers about Apps, deployments and workflows."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import jwt

from tests.servers.github_routes import REPO, Call, Json, Refusal, Route, said_of
from tests.servers.github_world import GithubWorld, Said

INSTALLATION = 77


def app_of(world: GithubWorld, token: str) -> str:
    """The App that signed the token, when it is one of the world's, and not out of date."""
    if world.app_key is None:
        return ""
    try:
        claims = jwt.decode(token, world.app_key, algorithms=["RS256"])
    except jwt.PyJWTError:
        return ""
    return f"app:{claims['iss']}"


def installation(call: Call) -> tuple[int, object]:
    _only_app(call)
    return 200, {"id": INSTALLATION, "permissions": dict(call.world.app_permissions)}


def access_token(call: Call) -> tuple[int, object]:
    _only_app(call)
    if int(call.params["installation_id"]) != INSTALLATION:
        raise Refusal(404, "Not Found")
    ends = datetime.now(UTC) + timedelta(seconds=call.world.app_seconds)
    token = f"ghs_{secrets.token_hex(12)}"
    call.world.tokens[token] = "orchestrate[bot]"
    permissions = dict(call.world.app_permissions)
    return 201, {
        "token": token,
        "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "permissions": permissions,
    }


def deployments(call: Call) -> tuple[int, object]:
    asked = {key: value for key, value in call.query.items() if key in ("environment", "sha", "task", "ref")}
    found = [
        one.values
        for one in reversed(call.world.deployments)
        if all(one.values[key] == value for key, value in asked.items())
    ]
    return 200, call.page(found)


def deployed(call: Call) -> tuple[int, object]:
    """The traps of the real one: by itself it merges the base, and demands that every check is green."""
    body = call.body
    ref = str(body["ref"])
    sha = call.world.repository.git("rev-parse", "--verify", f"{ref}^{{commit}}")
    if body.get("auto_merge", True):
        return 202, {"message": "Auto-merged main into the branch on deployment."}
    if body.get("required_contexts") != []:
        raise Refusal(409, "Conflict: Commit status checks failed for the branch.")
    payload: object = body.get("payload") or "{}"
    values: Json = {
        "id": call.world.id(),
        "sha": sha,
        "ref": ref,
        "task": "deploy",
        "environment": body.get("environment", "production"),
        "description": body.get("description"),
        "payload": json.loads(payload) if isinstance(payload, str) else payload,
        "production_environment": body.get("production_environment", False),
        "created_at": call.world.now(),
    }
    call.world.deployments.append(Said(sha, values))
    return 201, values


def deployment_statuses(call: Call) -> tuple[int, object]:
    found = said_of(call.world.deployment_statuses, call.params["deployment_id"])
    return 200, call.page(found[::-1])


def deployment_said(call: Call) -> tuple[int, object]:
    body = call.body
    told = {key: body[key] for key in ("state", "description", "environment_url", "log_url") if key in body}
    values = {**told, "id": call.world.id(), "created_at": call.world.now()}
    call.world.deployment_statuses.append(Said(call.params["deployment_id"], values))
    return 201, values


def workflow_runs(call: Call) -> tuple[int, object]:
    sha = call.query.get("head_sha")
    found = [one.values for one in call.world.workflow_runs if sha in (None, one.of)]
    return 200, {"total_count": len(found), "workflow_runs": call.page(found)}


def jobs(call: Call) -> tuple[int, object]:
    found = said_of(call.world.jobs, call.params["run_id"])
    return 200, {"total_count": len(found), "jobs": call.page(found)}


def job_log(call: Call) -> tuple[int, object]:
    """The log is elsewhere: for a minute, for anybody who has the address."""
    id = int(call.params["job_id"])
    if id not in call.world.logs:
        raise Refusal(404, "Not Found")
    return 302, f"{call.base}/logs/{id}?sig={call.world.log_signature}"


def analyses(call: Call) -> tuple[int, object]:
    """Newest first; GitHub answers 404 where there is none."""
    found = said_of(call.world.analyses, call.query["ref"])
    if not found:
        raise Refusal(404, "no analysis found")
    return 200, call.page(found[::-1])


def alerts(call: Call) -> tuple[int, object]:
    if call.world.scanning:
        raise Refusal(403, call.world.scanning)
    if "ref" not in call.query and not call.world.analyses:
        raise Refusal(404, "no analysis found")
    ref = call.query.get("ref")
    found = [one.values for one in call.world.alerts if ref in (None, one.of)]
    found = [one for one in found if one["state"] == "open"]
    return 200, call.page(found)


def hooks(call: Call) -> tuple[int, object]:
    if call.world.hooks is None:
        raise Refusal(404, "Not Found")
    return 200, call.page(call.world.hooks)


def git_commit(call: Call) -> tuple[int, object]:
    sha = call.params["commit_sha"]
    parents = call.world.repository.git("rev-list", "--no-walk", "--parents", sha).split()[1:]
    return 200, {"sha": sha, "parents": [{"sha": one} for one in parents]}


def _only_app(call: Call) -> None:
    if not call.login.startswith("app:"):
        raise Refusal(401, "A JSON web token could not be decoded")


MORE: Mapping[tuple[str, str], Route] = {
    ("post", "/app/installations/{installation_id}/access_tokens"): access_token,
    ("get", f"{REPO}/code-scanning/alerts"): alerts,
    ("get", f"{REPO}/code-scanning/analyses"): analyses,
    ("get", f"{REPO}/git/commits/{{commit_sha}}"): git_commit,
    ("get", f"{REPO}/hooks"): hooks,
    ("get", f"{REPO}/installation"): installation,
    ("get", f"{REPO}/deployments"): deployments,
    ("post", f"{REPO}/deployments"): deployed,
    ("get", f"{REPO}/deployments/{{deployment_id}}/statuses"): deployment_statuses,
    ("post", f"{REPO}/deployments/{{deployment_id}}/statuses"): deployment_said,
    ("get", f"{REPO}/actions/runs"): workflow_runs,
    ("get", f"{REPO}/actions/runs/{{run_id}}/jobs"): jobs,
    ("get", f"{REPO}/actions/jobs/{{job_id}}/logs"): job_log,
}
