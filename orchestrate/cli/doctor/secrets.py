"""The vault: whether its master key is there and private, and opens every secret."""

from __future__ import annotations

from contextlib import closing

from orchestrate.cli.doctor.finding import Finding, failed, good
from orchestrate.errors import OrchestrateError
from orchestrate.settings import Settings
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
