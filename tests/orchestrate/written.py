"""Settings as a person writes them: a text in a file, good or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import SettingsInvalid
from orchestrate.settings import Settings, load


def loaded(folder: Path, text: str) -> Settings:
    """The settings that `text` says."""
    path = folder / "orchestrate.yaml"
    path.write_text(text)
    return load(path)


def refused(folder: Path, text: str | bytes) -> SettingsInvalid:
    """What is said about `text`, which cannot be used; it names the file."""
    path = folder / "orchestrate.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SettingsInvalid) as caught:
        load(path)
    assert caught.value.file == str(path)
    return caught.value


def changed(text: str, old: str, new: str) -> str:
    """`text` with `new` for `old`, which stands in it."""
    assert old in text
    return text.replace(old, new)
