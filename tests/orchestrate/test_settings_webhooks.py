"""Where webhooks are heard stands in orchestrate.yaml, and the secrets that prove them never do."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import UnknownSecret, VariableMissing
from orchestrate.models.secret import Secret
from tests.orchestrate.written import loaded, refused

GOOD = """\
service: shop
environments:
  staging:
    type: staging
    components: [{name: web, run: [x]}]
webhooks:
  port: 8787
  github_secret: ${HOOK_SECRET}
"""


def test_without_the_section_nobody_is_listened_to(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD.partition("webhooks:\n")[0]).webhooks is None


def test_the_secret_is_read_when_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(tmp_path, GOOD)
    with pytest.raises(VariableMissing):
        settings.key_of_webhooks("github_secret")
    monkeypatch.setenv("HOOK_SECRET", "a-secret-value")

    assert settings.key_of_webhooks("github_secret") == Secret("a-secret-value")
    assert settings.webhooks is not None and settings.webhooks.host == "127.0.0.1"
    with pytest.raises(UnknownSecret):
        settings.key_of_webhooks("clickup_secret")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (GOOD.replace("  github_secret: ${HOOK_SECRET}\n", ""), 6, "else nobody is heard"),
        (GOOD.replace("${HOOK_SECRET}", "written-down"), 8, "github_secret: expected a reference"),
        (GOOD.replace("8787", "0"), 7, "port"),
        (GOOD + "  url: ftp://x\n", 9, "url"),
        (GOOD + "  githup_secret: ${X}\n", 9, "githup_secret"),
    ],
)
def test_a_mistake_is_answered_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    problem = refused(tmp_path, text)

    assert problem.line == line
    assert said in str(problem)
