"""The slack section: where people are told and asked, and what lets us in there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from orchestrate.settings.credentials import check_private, read_credential, without_credentials
from orchestrate.settings.facts import SlackSettings
from orchestrate.settings.faults import check_keys, parsed
from orchestrate.settings.settings import Template
from orchestrate.settings.tree import Document

TOKEN, SIGNING_SECRET, APP_TOKEN = "token", "signing_secret", "app_token"  # noqa: S105  names
CREDENTIALS = (TOKEN, SIGNING_SECRET, APP_TOKEN)
NO_KEYS: Mapping[str, Template] = MappingProxyType({})
_LOC = ("slack",)
_EXAMPLES = {
    TOKEN: "${SLACK_BOT_TOKEN}",
    SIGNING_SECRET: "${SLACK_SIGNING_SECRET}",
    APP_TOKEN: "${SLACK_APP_TOKEN}",
}


def read_slack(
    document: Document, environments: Collection[str]
) -> tuple[SlackSettings | None, Mapping[str, Template]]:
    """Where Slack is, and where its tokens are; nothing where the file says nothing.

    With an app token we go to Slack (socket mode); without one it comes to us, signed.
    Raises SettingsInvalid.
    """
    found = document.find(*_LOC)
    if found is None or found.value is None:
        return None, NO_KEYS
    given = document.keys_at(*_LOC)
    check_keys(document, _LOC, given, [*SlackSettings.model_fields, *CREDENTIALS])
    slack = parsed(document, _LOC, SlackSettings, without_credentials(document, _LOC, CREDENTIALS))
    check_private(document, (*_LOC, "api"), slack.api)
    way_in = APP_TOKEN if APP_TOKEN in given else SIGNING_SECRET
    names = {TOKEN, way_in, *(name for name in CREDENTIALS if name in given)}
    return slack, {
        name: read_credential(document, (*_LOC, name), environments, _EXAMPLES[name]) for name in names
    }
