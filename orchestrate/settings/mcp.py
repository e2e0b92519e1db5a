"""The mcp section: by which token programs with a model are let in over HTTP, and under which names."""

from __future__ import annotations

from collections.abc import Collection

from orchestrate.settings.credentials import read_credential, without_credentials
from orchestrate.settings.facts import McpSettings
from orchestrate.settings.faults import check_keys, parsed
from orchestrate.settings.settings import Template
from orchestrate.settings.tree import Document

TOKEN = "token"  # noqa: S105  its name
CREDENTIALS = (TOKEN,)
LEAST_TOKEN = 32
"""Characters of a token that cannot be guessed."""
_LOC = ("mcp",)


def read_mcp(document: Document, environments: Collection[str]) -> tuple[McpSettings, Template | None]:
    """The names, and where the token is; none where the file says nothing. Raises SettingsInvalid."""
    given = document.keys_at(*_LOC)
    check_keys(document, _LOC, given, [*McpSettings.model_fields, *CREDENTIALS])
    mcp = parsed(document, _LOC, McpSettings, without_credentials(document, _LOC, CREDENTIALS))
    if TOKEN not in given:
        return mcp, None
    return mcp, read_credential(document, (*_LOC, TOKEN), environments, "${ORCHESTRATE_MCP_TOKEN}")
