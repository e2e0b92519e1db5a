"""Which models are asked stands in orchestrate.yaml, and the key to them never does."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import VariableMissing
from orchestrate.models.secret import Secret
from orchestrate.settings.facts import ModelBudget
from tests.orchestrate.written import changed, loaded, refused

GOOD = """\
service: shop
environments:
  staging:
    type: staging
    components: [{name: web, run: [x]}]
models:
  key: ${ANTHROPIC_API_KEY}
"""


def test_without_the_section_no_model_is_asked(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD.partition("models:")[0]).models is None


def test_a_key_is_enough_and_the_rest_has_defaults(tmp_path: Path) -> None:
    models = loaded(tmp_path, GOOD).models

    assert models is not None
    assert models.base_url == "https://api.anthropic.com"
    assert {models.fast, models.standard, models.deep} <= set(models.prices)
    assert models.budget == ModelBudget(tokens=200_000, cents=100)


def test_each_part_may_say_otherwise(tmp_path: Path) -> None:
    more = """\
  base_url: http://127.0.0.1:8080
  deep: my-model
  deadline: 2m
  budget: {cents: 5}
  prices: {my-model: {input: 1, output: 2, cache_write: 3, cache_read: 4}}
"""
    models = loaded(tmp_path, GOOD + more).models

    assert models is not None
    assert (models.deep, models.deadline, models.budget.cents, models.budget.tokens) == (
        "my-model", 120, 5, 200_000,
    )  # fmt: skip


def test_the_key_is_read_when_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    settings = loaded(tmp_path, GOOD)

    with pytest.raises(VariableMissing, match=r":7: .*ANTHROPIC_API_KEY"):
        settings.key_of_models()
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test-1234567890")

    assert settings.key_of_models() == Secret("sk-ant-test-1234567890")
    assert "sk-ant" not in repr(settings)


def test_the_key_may_be_in_the_vault(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path, GOOD.replace("${ANTHROPIC_API_KEY}", "{secret: claude, environment: staging}")
    )

    kept = settings.key_of_models(lambda place, name: Secret(f"{name} of {place} in the vault"))

    assert kept == Secret("claude of staging in the vault")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("key: ${", "kee: ${", 7, "did you mean 'key'?"),
        ("  key: ${ANTHROPIC_API_KEY}", "  deadline: 10s", 6, "expected a key"),
        ("${ANTHROPIC_API_KEY}", "sk-ant-in-the-clear", 7, "expected a reference"),
        ("${ANTHROPIC_API_KEY}", "{secret: a}", 7, "expected a reference"),
        ("${ANTHROPIC_API_KEY}", "{secret: a, environment: stagging}", 7, "did you mean 'staging'?"),
        ("API_KEY}", "API_KEY}\n  deadline: soon", 8, "expected a duration"),
        ("API_KEY}", "API_KEY}\n  deep: gpt", 8, "'gpt' has no price"),
        ("API_KEY}", "API_KEY}\n  base_url: http://api.anthropic.com", 8, "expected https"),
        ("API_KEY}", "API_KEY}\n  base_url: ftp://x", 8, "an address such as"),
        ("API_KEY}", "API_KEY}\n  budget: {cents: -1}", 8, "at least 0"),
        ("API_KEY}", "API_KEY}\n  budget: {euros: 1}", 8, "unknown key 'euros'"),
        ("API_KEY}", "API_KEY}\n  prices: {m: {input: 1}}", 8, "output"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    problem = refused(tmp_path, changed(GOOD, old, new))

    assert problem.line == line
    assert said in str(problem)
    assert "in-the-clear" not in str(problem)
