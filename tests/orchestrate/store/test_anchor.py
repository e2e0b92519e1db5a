"""The anchor's file: where it cannot be read or written, nothing is told and nothing is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import AuditUnusable
from orchestrate.models.audit import AuditKind
from orchestrate.store import Store


def anchor_of(store: Store) -> Path:
    anchor = store._database.anchor
    assert anchor is not None
    return anchor.file


def test_an_anchor_that_cannot_be_read_stops_the_audit(store: Store) -> None:
    store.audit.add(AuditKind.PLACE, by="ada", environment="production")
    file = anchor_of(store)
    file.unlink()
    file.mkdir()

    with pytest.raises(AuditUnusable, match="cannot be read"):
        store.audit.add(AuditKind.PLACE, by="ada", environment="staging")


def test_an_anchor_that_was_bent_to_another_file_is_not_written(store: Store, tmp_path: Path) -> None:
    store.audit.add(AuditKind.PLACE, by="ada", environment="production")
    file, elsewhere = anchor_of(store), tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    before = elsewhere.read_bytes()

    with pytest.raises(AuditUnusable, match="cannot be written"):
        store.audit.add(AuditKind.PLACE, by="ada", environment="staging")

    assert elsewhere.read_bytes() == before
    assert len(store.audit.entries()) == 1
