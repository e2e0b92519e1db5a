"""The vault: whether its master key is there and private, and opens every secret."""

from __future__ import annotations

from contextlib import closing

from orchestrate.cli.doctor.finding import Finding, bad, failed, good
from orchestrate.errors import OrchestrateError
from orchestrate.settings import Settings
from orchestrate.settings.mcp import LEAST_TOKEN
from orchestrate.store import Store
from orchestrate.vault import OURS, vault_of


def vault(settings: Settings) -> Finding:
    """The key and the number of secrets; a key that nobody needed yet is not made."""
    try:
        with closing(Store.open(settings.store.url)) as store:
            opened = vault_of(settings, store)
            rows = opened.check()
            if not rows:
                return good("vault", "keeps nothing; its master key is made on first need")
            count = sum(row.environment != OURS for row in rows)
            return good("vault", f"master key {opened.keys.ids()[0]}; secrets kept: {count}")
    except OrchestrateError as problem:
        return failed("vault", problem)


def mcp(settings: Settings) -> list[Finding]:
    """Whether the token of programs with a model is there, and cannot be guessed; nothing where none is."""
    if settings.mcp_token is None:
        return []
    try:
        with closing(Store.open(settings.store.url)) as store:
            token = settings.token_of_mcp(vault_of(settings, store).secret)
    except OrchestrateError as problem:
        return [failed("mcp", problem)]
    if len(token.reveal()) < LEAST_TOKEN:
        said = f"its token has less than {LEAST_TOKEN} characters, and is refused"
        return [bad("mcp", said, "make another: openssl rand -hex 32")]
    return [good("mcp", "has a token for orchestrate mcp --http")]
