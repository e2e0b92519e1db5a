from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import StartFailed, VariableMissing
from orchestrate.models.environment import Environment
from tests.servers.sample_service import component, environment
from tools.providers.fleet.variables import Variables

WORDS = {"PASSWORD": "hunter2"}


def filled(text: str) -> str:
    return text.replace("${PASSWORD}", WORDS["PASSWORD"])


@pytest.fixture
def place(tmp_path: Path) -> Environment:
    given = {"COLOUR": "green", "DATABASE": "postgres://shop:${PASSWORD}@db/shop", "HOME_IS": "${HOME}"}
    return environment(tmp_path, component(), variables=given, secrets=("PASSWORD",))


def test_a_variable_made_of_a_secret_is_for_running_programs_alone(place: Environment) -> None:
    variables = Variables(place, WORDS.__getitem__, filled)

    assert variables.plain() == {"COLOUR": "green", "HOME_IS": "${HOME}"}
    assert variables.secret() == {"DATABASE": "postgres://shop:hunter2@db/shop", "PASSWORD": "hunter2"}


def test_a_secret_that_has_lost_its_value_is_named(place: Environment) -> None:
    def missing(name: str) -> str:
        raise VariableMissing("orchestrate.yaml", 7, "PASSWORD")

    variables = Variables(place, WORDS.__getitem__, missing)

    with pytest.raises(StartFailed, match=r"\$\{PASSWORD\} is not set"):
        variables.plain()
