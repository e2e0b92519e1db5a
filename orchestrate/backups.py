"""Backups: what is copied before anything changes, and when a rollback goes without."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrate.models.deployment import Kind
from orchestrate.models.environment import Environment
from orchestrate.models.move import Backup


def is_backed_up(environment: Environment, kind: Kind, *, is_migrated: bool) -> bool:
    """Whether a backup comes first; `is_migrated`: a migration is applied.

    A rollback that changes no data takes none: it is in a hurry, and what it needs may be all that answers.
    """
    return environment.demands_backup and (is_migrated or kind is not Kind.ROLLBACK)


def backups(environment: Environment) -> Iterable[Backup]:
    """One for each database, with the configuration; without any, one of the configuration alone."""
    parts = [part for part in environment.components if part.database] or environment.components[:1]
    return (Backup(component=part.name) for part in parts)
