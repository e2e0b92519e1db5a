"""The forge section: where changes are, and what lets us in there."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from orchestrate.settings.credentials import check_private, read_credential, without_credentials
from orchestrate.settings.facts import ForgeSettings
from orchestrate.settings.faults import check_keys, parsed
from orchestrate.settings.settings import Template
from orchestrate.settings.tree import Document

TOKEN, KEY = "token", "key"
CREDENTIALS = (TOKEN, KEY)
_LOC = ("forge",)
_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
_OF_GITHUB = ("repository", "api", "app", "installation", "workflows", "comments", *CREDENTIALS)


def read_forge(document: Document, environments: Collection[str]) -> tuple[ForgeSettings, Template | None]:
    """Where changes are, and where the token or the App's key is.

    A remote that starts with a dot lies beside the file. Raises SettingsInvalid.
    """
    check_keys(document, _LOC, document.keys_at(*_LOC), [*ForgeSettings.model_fields, *CREDENTIALS])
    forge = parsed(document, _LOC, ForgeSettings, without_credentials(document, _LOC, CREDENTIALS))
    if forge.kind == "github":
        return forge, _github(document, forge, environments)
    for name in _OF_GITHUB:
        if name in document.keys_at(*_LOC):
            raise document.fault((*_LOC, name), f"{name}: is only for GitHub", cure="kind: github")
    if not forge.remote.startswith((".", "~")):
        return forge, None
    remote = document.path.parent / Path(forge.remote).expanduser()
    return forge.model_copy(update={"remote": str(remote)}), None


def _github(document: Document, forge: ForgeSettings, environments: Collection[str]) -> Template:
    given = document.keys_at(*_LOC)
    if "remote" in given:
        said = "remote: GitHub's own is used; leave it out"
        raise document.fault((*_LOC, "remote"), said, cure="repository: owner/name")
    if not _REPOSITORY.fullmatch(forge.repository):
        at = (*_LOC, "repository") if "repository" in given else _LOC
        raise document.fault(at, f"repository: expected owner/name, found {forge.repository!r}")
    check_private(document, (*_LOC, "api"), forge.api)
    if TOKEN in given and (KEY in given or forge.app):
        raise document.fault((*_LOC, TOKEN), "token: expected either a token, or an App with its key")
    if forge.app or KEY in given:
        if not forge.app:
            raise document.fault((*_LOC, KEY), "key: expected the id of its App too", cure="app: '12345'")
        return read_credential(document, (*_LOC, KEY), environments, "${GITHUB_APP_KEY}")
    return read_credential(document, (*_LOC, TOKEN), environments, "${GITHUB_TOKEN}")
