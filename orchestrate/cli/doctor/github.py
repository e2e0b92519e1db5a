"""GitHub: what our account may do there, checks that nobody reports, and whether its webhooks reach us."""

from __future__ import annotations

from orchestrate.app import App
from orchestrate.cli.doctor.finding import Finding, bad, doubtful, failed, good
from orchestrate.errors import AccessDenied, NotFound, OrchestrateError
from orchestrate.settings.facts import WebhookSettings
from orchestrate.vault import vault_of
from tools.systems.github_forge import GithubForge
from tools.systems.github_hooks import EVENTS, Hook

KINDS = {
    "ghp_": "a classic token, which may whatever its owner may,",
    "github_pat_": "a fine-grained token",
    "ghs_": "an installation's token, which ends within the hour,",
    "gho_": "an OAuth token",
}
"""What the beginning of GitHub's tokens tells of them."""
HOOK = "GitHub webhook"


async def rights(app: App) -> list[Finding]:
    """What our account may do on GitHub, each permission by itself; and whether each check is reported."""
    if not isinstance(app.forge, GithubForge):
        return []
    try:
        found = await app.forge.permissions()
    except OrchestrateError as problem:
        return [failed("GitHub", problem)]
    missing = [
        bad(f"GitHub {one.name}", f"{one.problem}; needed {one.use}", one.cure)
        for one in found
        if one.problem
    ]
    may = ", ".join(one.name for one in found if not one.problem)
    return [
        *(missing or [good("GitHub", f"{_proof(app)} has what is needed: {may}")]),
        *await _checks(app.forge),
    ]


async def _checks(forge: GithubForge) -> list[Finding]:
    what = "GitHub required checks"
    try:
        found = await forge.silence()
    except OrchestrateError as problem:
        return [failed(what, problem)]
    if not found.required or not found.heads:
        return []
    if found.never:
        never = ", ".join(found.never)
        said = f"demanded, and reported at none of the last {found.heads} pull requests: {never}"
        cure = "let a workflow of that name run on pull requests, or take it off the rules: it is waited for"
        return [doubtful(what, said, cure)]
    return [good(what, f"all that are demanded are reported: {', '.join(found.required)}")]


def _proof(app: App) -> str:
    """As whom we come, as far as that can be told."""
    if app.settings.forge.app:
        return f"the App {app.settings.forge.app}"
    token = app.settings.key_of_forge(vault_of(app.settings, app.store).secret).reveal()
    return next((kind for start, kind in KINDS.items() if token.startswith(start)), "our account")


async def sent(forge: GithubForge, said: WebhookSettings, path: str) -> Finding:
    """Whether a webhook of the repository leads to us, sends what we need, and arrived the last time."""
    where = f"{said.url or 'webhooks: {url: …}'}{path}"
    try:
        found = await forge.hooks()
    except (AccessDenied, NotFound):
        cure = (
            "let the token read webhooks (admin:repo_hook, or Webhooks: read), or look at its settings page"
        )
        return doubtful(HOOK, f"our account may not see whether one leads to {where}", cure)
    except OrchestrateError as problem:
        return failed(HOOK, problem)
    ours = [one for one in found if one.config.url == where]
    return (
        _judged(ours[0]) if ours else doubtful(HOOK, f"none leads to {where}", "make one: docs/webhooks.md")
    )


def _judged(hook: Hook) -> Finding:
    at, last = "its settings, Webhooks", hook.last_response
    if not hook.active:
        return bad(HOOK, "it is switched off", f"set it active: {at}")
    if hook.config.content_type != "json":
        return bad(HOOK, f"it sends {hook.config.content_type or 'a form'}", f"choose application/json: {at}")
    if hook.lacking:
        return doubtful(HOOK, f"it does not send {', '.join(hook.lacking)}", f"choose these events: {at}")
    if last.code is not None and last.code >= 300:  # noqa: PLR2004 - what is no success
        cure = f"401: another secret than webhooks: github_secret; else see that its url leads to us: {at}"
        return bad(
            HOOK, f"its last delivery was answered {last.code}: {last.message or 'no more is told'}", cure
        )
    arrived = "nothing was sent yet" if last.code is None else f"its last delivery was answered {last.code}"
    return good(HOOK, f"active, for {', '.join(EVENTS)}; {arrived}")
