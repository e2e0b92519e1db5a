"""Settings as a person writes them: a text in a file, good or refused."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from orchestrate.errors import SettingsInvalid
from orchestrate.settings import Settings, load

SMALL = """
    service: shop
    environments:
      production:
        type: prod
        components: [{name: web, run: [python, -m, shop]}]
"""
GOOD = """\
service: shop
people:
  ann: {cli: ann}
environments:
  staging:
    type: staging
    components:
      - name: web
        run: [python, -m, shop]
        port: 8081
  production:
    type: production
    components: [{name: web, run: [x]}]
"""


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


def refused_with(folder: Path, old: str, new: str) -> SettingsInvalid:
    """What is said about the good settings with `new` for `old`."""
    return refused(folder, changed(GOOD, old, new))


def written(folder: Path, text: str) -> Path:
    path = folder / "orchestrate.yaml"
    path.write_text(dedent(text))
    return path


def production(folder: Path, *lines: str, top: str = "") -> Settings:
    """Settings with `lines` added to production, and `top` to the top of the file."""
    added = "".join(f"        {line}\n" for line in lines)
    return load(written(folder, f"{SMALL}{added}    {top}\n"))
