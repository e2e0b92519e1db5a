"""The sections memory and reservations: what they mean, and what is wrong in them, by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import SettingsInvalid, VariableMissing
from orchestrate.settings import Settings, load

FILE = """\
service: shop
environments:
  production:
    type: production
    components: [{name: web, run: [serve]}]
"""
MAIL = "reservations: {kind: agent_mail, url: 'http://127.0.0.1:9/api/', token: '${MAIL_TOKEN}', hold: 10m}\n"


def loaded(folder: Path, more: str = "") -> Settings:
    file = folder / "orchestrate.yaml"
    file.write_text(FILE + more)
    return load(file)


def test_without_a_word_both_are_our_own(tmp_path: Path) -> None:
    settings = loaded(tmp_path)

    assert (settings.memory.kind, settings.reservations.kind) == ("builtin", "builtin")


def test_cm_and_agent_mail_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(tmp_path, f"memory: {{kind: cm, program: /opt/cm}}\n{MAIL}")

    assert settings.memory.program == "/opt/cm"
    assert (settings.reservations.hold, settings.reservations.wait) == (600, 1800)
    assert settings.reservations.project == str(tmp_path)
    with pytest.raises(VariableMissing):
        settings.token_of_reservations()
    monkeypatch.setenv("MAIL_TOKEN", "let-me-in")
    assert settings.token_of_reservations().reveal() == "let-me-in"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("memory: {kind: brain}\n", "kind: expected 'builtin', 'cm' or 'none', found 'brain'"),
        ("memory: {programme: cm}\n", "unknown key 'programme'; did you mean 'program'?"),
        ("memory: {program: cm}\n", "program: is only for kind: cm"),
        ("reservations: {kind: mail}\n", "kind: expected 'builtin', 'agent_mail' or 'none'"),
        ("reservations: {url: 'http://127.0.0.1/'}\n", "url: is only for kind: agent_mail"),
        ("reservations: {kind: agent_mail, url: 'ftp://x/'}\n", "url: "),
        ("reservations: {kind: agent_mail, hold: soon}\n", "hold: expected a duration"),
        ("reservations: {wait: -1}\n", "wait: expected a duration"),
        ("reservations: {kind: agent_mail, token: plain}\n", "token: expected a reference"),
        (MAIL.replace("127.0.0.1:9", "mail.example"), "url: expected https, or an address of this machine"),
    ],
)
def test_the_line_at_fault_is_named(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(SettingsInvalid) as fault:
        loaded(tmp_path, more)

    assert said in str(fault.value)
    assert "orchestrate.yaml:6" in str(fault.value) or fault.value.line == 6
