"""Sources: what must be said about where a component's numbers come from."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.models.environment import Component
from orchestrate.settings.images import check_credentials
from orchestrate.settings.tree import Document, Loc

CURE = "requests: sum:trace.http.request.hits{service:shop,slot:{slot}}.as_count()"


def check_source(document: Document, loc: Loc, part: Component, secrets: Sequence[str]) -> None:
    """Raise SettingsInvalid where Datadog lacks a query or a key, or a token is no secret or for nobody."""
    config = part.metrics
    if config.kind == "prometheus":
        check_credentials(document, loc, config.credentials, secrets)
    elif config.kind != "datadog" and config.credentials is not None:
        said = f"credentials: are for prometheus and datadog; kind {config.kind} shows them to nobody"
        raise document.fault((*loc, "credentials"), said, cure="take them out, or change the kind")
    if config.kind != "datadog":
        return
    for key, query in (("requests", config.requests), ("errors", config.errors)):
        if "{slot}" not in query or "as_count()" not in query:
            said = f"{key}: datadog wants a query with {{slot}} that ends in .as_count()"
            raise document.fault(loc, said, cure=CURE)
    if config.credentials not in secrets:
        said = f"credentials: expected a secret of the environment, found {config.credentials!r}"
        raise document.fault(loc, said, cure="credentials: the name of a secret with api-key:application-key")
