"""Where Slack is stands in orchestrate.yaml, and what lets us in there never does."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import UnknownSecret
from orchestrate.models.environment import Channel
from orchestrate.models.secret import Secret
from tests.orchestrate.written import loaded, refused

GOOD = """\
service: shop
people: {ada: {slack: U02AB3CD4}}
environments:
  staging:
    type: staging
    components: [{name: web, run: [x]}]
slack:
  channel: C02AB3CD4
  token: ${SLACK_BOT_TOKEN}
"""
SIGNED = GOOD + "  signing_secret: ${SLACK_SIGNING_SECRET}\n"


def test_without_the_section_nobody_is_asked_there(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD.partition("slack:\n")[0]).slack is None


def test_the_keys_are_read_when_they_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(tmp_path, SIGNED)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1-value")

    assert settings.key_of_slack("token") == Secret("xoxb-1-value")
    with pytest.raises(UnknownSecret):
        settings.key_of_slack("app_token")


def test_a_person_is_known_by_the_id_that_slack_proves(tmp_path: Path) -> None:
    ada = loaded(tmp_path, SIGNED).person(Channel.SLACK, "U02AB3CD4")

    assert ada is not None and ada.name == "ada"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (GOOD, 7, "slack: expected a signing_secret, such as"),
        (SIGNED.replace("${SLACK_BOT_TOKEN}", "xoxb-1-value"), 9, "token: expected a reference"),
        (SIGNED.replace("C02AB3CD4\n  token", "general\n  token"), 8, "channel"),
        (SIGNED + "  api: http://slack.test\n", 11, "api: expected https"),
        (SIGNED + "  chanel: C1\n", 11, "chanel"),
        (SIGNED + "  port: 0\n", 11, "port"),
    ],
)
def test_a_mistake_is_answered_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    problem = refused(tmp_path, text)

    assert (problem.line, said in str(problem)) == (line, True), str(problem)
    assert "xoxb-1-value" not in str(problem)
