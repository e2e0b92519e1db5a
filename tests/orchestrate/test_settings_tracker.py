"""ClickUp is named in orchestrate.yaml; what lets us in there is referred to."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphs.steps.crew import Statuses
from orchestrate.errors import SettingsInvalid, UnknownSecret, VariableMissing
from orchestrate.models.secret import Secret
from orchestrate.models.task import Queue
from orchestrate.settings.tracker import words
from tests.orchestrate.written import changed, loaded, refused

GOOD = """\
service: shop
people:
  ada: {tracker: "183"}
environments:
  staging:
    type: staging
    components: [{name: web, run: [x]}]
tracker:
  kind: clickup
  list: 901234
  lists: {announce: 901235}
  statuses: {Deployed: live}
  token: ${CLICKUP_TOKEN}
"""


def test_a_list_and_a_token_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLICKUP_TOKEN", raising=False)
    settings = loaded(tmp_path, GOOD)

    with pytest.raises(VariableMissing, match=r":13: .*CLICKUP_TOKEN"):
        settings.token_of_tracker()
    monkeypatch.setenv("CLICKUP_TOKEN", "pk_1_0123456789abcdef")

    tracker = settings.tracker
    assert (tracker.list, tracker.lists) == ("901234", {Queue.ANNOUNCE: "901235"})
    assert settings.token_of_tracker() == Secret("pk_1_0123456789abcdef")
    assert "pk_1" not in repr(settings)


def test_a_workspace_of_beads_lies_beside_the_settings(tmp_path: Path) -> None:
    beads = "tracker: {kind: beads, folder: work}\n"
    settings = loaded(tmp_path, GOOD.partition("tracker:\n")[0] + beads)

    assert (settings.tracker.folder, settings.tracker.program) == (tmp_path / "work", "bd")
    with pytest.raises(SettingsInvalid, match="folder: is only for kind: beads"):
        loaded(tmp_path, GOOD + "  folder: work\n")


def test_the_built_in_tracker_needs_no_token(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD.partition("tracker:\n")[0])

    assert settings.tracker.kind == "builtin"
    with pytest.raises(UnknownSecret):
        settings.token_of_tracker()


def test_every_status_that_a_task_is_given_can_be_spelled(tmp_path: Path) -> None:
    said = loaded(tmp_path, GOOD).tracker

    assert {*vars(Statuses()).values(), said.input_status, said.output_status} <= {*words(said)}


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("kind: clickup", "kind: clickap", 9, "expected 'builtin', 'clickup' or 'beads'"),
        ("kind: clickup", "kind: builtin", 10, "is only for kind: clickup"),
        ("  list: 901234\n", "", 8, "expected the number of a list"),
        ("list: 901234\n", "list: my list\n", 10, "found 'my list'"),
        ("announce: 901235", "announce: x", 11, "announce: expected the number of a list"),
        ("announce: 901235", "deploy: 901235", 11, "the deploy queue's list is 'list'"),
        ("announce: 901235", "announcements: 1", 11, "announce"),
        ("Deployed: live", "Deployd: live", 12, "did you mean 'Deployed'?"),
        ("${CLICKUP_TOKEN}", "pk_in-the-clear", 13, "expected a reference"),
        ("  token: ${CLICKUP_TOKEN}\n", "", 8, "expected a token"),
        ("${CLICKUP_TOKEN}\n", "${CLICKUP_TOKEN}\n  api: http://clickup.example.com\n", 14, "expected https"),
        ('"183"', "Ada", 3, "expected the number of an account in ClickUp, found 'Ada'"),
        ("token: ${", "tocken: ${", 13, "did you mean 'token'?"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    problem = refused(tmp_path, changed(GOOD, old, new))

    assert said in str(problem)
    assert problem.line == line
    assert "in-the-clear" not in str(problem)


def test_the_stages_at_which_a_task_is_deployed_may_be_called_otherwise(tmp_path: Path) -> None:
    usual = loaded(tmp_path, GOOD)
    ours = loaded(tmp_path, changed(GOOD, "list: 901234", "list: 901234\n  stages: [7, ship]"))

    assert (usual.tracker.stages[0], ours.tracker.stages) == ("6", ("7", "ship"))
