"""The guide says what is true."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrate.settings import load
from tools.fetch import Ask
from tools.providers.fleet.redaction import SHORTEST
from tools.providers.fleet.troubles import CRASHES
from tools.systems.haproxy_config import PLACES, SERVERS

GUIDE = Path(__file__).parents[4] / "docs" / "providers" / "process.md"


def test_the_settings_of_the_guide_can_be_used(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    file = tmp_path / "orchestrate.yaml"
    file.write_text(block)

    (part,) = load(file).environment("production").components

    assert (part.drain_seconds, part.health.start_seconds, part.memory_limit) == (30, 30, 512)


def test_the_numbers_of_the_guide_are_those_of_the_code() -> None:
    text = " ".join(GUIDE.read_text().split())

    assert f"{PLACES} slots, {SERVERS} instances each" in text
    assert f"{Ask.cap // 1024} KiB" in text
    assert (CRASHES, "a crash loop (three ends)" in text) == (3, True)
    assert (SHORTEST, "six characters or more" in text) == (6, True)
