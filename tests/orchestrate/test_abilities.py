"""What providers declare: read by gates, plans, settings and people alike."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from orchestrate.models.abilities import DECLARED
from orchestrate.models.environment import Component
from orchestrate.places import PROVIDERS
from orchestrate.reports.providers import EXAMPLES, providers

DOCS = Path(__file__).parents[2] / "docs" / "providers"


def test_every_provider_that_can_be_named_is_declared_made_shown_and_described() -> None:
    names = set(get_args(Component.model_fields["provider"].annotation))

    assert names == set(DECLARED) == set(PROVIDERS)
    assert {one.provider for one in EXAMPLES.values()} == names
    assert [name for name in names if not (DOCS / f"{name}.md").is_file()] == []


def test_the_table_of_the_docs_is_what_they_declare() -> None:
    assert providers() in (DOCS / "README.md").read_text(), "run: python -m orchestrate.reports.providers"
