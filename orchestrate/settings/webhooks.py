"""The webhooks section: where the worker listens, and by which secrets it knows who sends."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orchestrate.settings.credentials import read_credential, without_credentials
from orchestrate.settings.facts import WebhookSettings
from orchestrate.settings.faults import check_keys, parsed
from orchestrate.settings.settings import Template
from orchestrate.settings.slack import NO_KEYS
from orchestrate.settings.tree import Document

CREDENTIALS = ("clickup_secret", "github_secret")
_LOC = ("webhooks",)
_EXAMPLES = {
    "clickup_secret": "${CLICKUP_WEBHOOK_SECRET}",
    "github_secret": "${GITHUB_WEBHOOK_SECRET}",
}


def read_webhooks(
    document: Document, environments: Collection[str]
) -> tuple[WebhookSettings | None, Mapping[str, Template]]:
    """Where webhooks are heard, and by which secrets; nothing where the file says nothing.

    Whoever has no secret is not heard, so one is demanded. Raises SettingsInvalid.
    """
    found = document.find(*_LOC)
    if found is None or found.value is None:
        return None, NO_KEYS
    given = document.keys_at(*_LOC)
    check_keys(document, _LOC, given, [*WebhookSettings.model_fields, *CREDENTIALS])
    webhooks = parsed(document, _LOC, WebhookSettings, without_credentials(document, _LOC, CREDENTIALS))
    names = [name for name in CREDENTIALS if name in given]
    if not names:
        raise document.fault(_LOC, f"webhooks: expected {' or '.join(CREDENTIALS)}, else nobody is heard")
    return webhooks, {
        name: read_credential(document, (*_LOC, name), environments, _EXAMPLES[name]) for name in names
    }
