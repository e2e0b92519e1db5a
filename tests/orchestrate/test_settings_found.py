"""Where orchestrate.yaml is found, and that a change of it is seen."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from orchestrate.errors import SettingsInvalid
from orchestrate.settings import find, load
from tests.orchestrate.written import SMALL, written


def test_the_file_is_found_from_a_folder_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORCHESTRATE_CONFIG", raising=False)
    path = written(tmp_path, SMALL)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    assert find(below) == path


def test_a_variable_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(dedent(SMALL))
    monkeypatch.setenv("ORCHESTRATE_CONFIG", str(other))

    assert find(tmp_path) == other


def test_a_variable_that_names_no_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATE_CONFIG", str(tmp_path / "gone.yaml"))

    with pytest.raises(
        SettingsInvalid, match=r"gone.yaml: there is no such file; ORCHESTRATE_CONFIG names it"
    ):
        find(tmp_path)


def test_no_file_anywhere_comes_with_a_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORCHESTRATE_CONFIG", raising=False)

    with pytest.raises(SettingsInvalid, match="no such file") as caught:
        find(tmp_path)

    assert "orchestrate demo" in caught.value.cure


def test_settings_know_when_their_file_was_changed(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)

    settings = load(path)

    assert (settings.path, settings.mtime) == (path, path.stat().st_mtime)
