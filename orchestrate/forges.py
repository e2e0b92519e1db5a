"""Forges: where the changes are that the settings name."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrate.settings import Settings
from orchestrate.store import Store
from orchestrate.vault import Vault
from tools.systems.git import Git
from tools.systems.git_forge import GitForge
from tools.systems.github_account import account_of
from tools.systems.github_forge import GithubForge, github_forge

WholeForge = GitForge | GithubForge


def forge_of(settings: Settings, store: Store, vault: Vault) -> tuple[Git, WholeForge]:
    """Where changes are, and git on our own copy of it."""
    forge, mirror = settings.forge, settings.path.parent / ".orchestrate" / "forge.git"
    if forge.kind == "git":
        git = Git(forge.remote, mirror)
        return git, GitForge(git, store.changes, base=forge.base, methods=forge.methods)
    account = account_of(forge, lambda: settings.key_of_forge(vault.secret))
    return github_forge(
        account, mirror, base=forge.base, methods=forge.methods, scans=_scans(settings, store)
    )


def _scans(settings: Settings, store: Store) -> Sequence[str]:
    """The severities at which any environment looks at GitHub's code scanning."""
    places = (*settings.environments.values(), *store.environments.all())
    return sorted({one.gates.scans_at for one in places if one.gates.scans_at})
