"""GitHub is named in orchestrate.yaml; what lets us in there is referred to."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import UnknownSecret, VariableMissing
from orchestrate.models.secret import Secret
from tests.orchestrate.written import changed, loaded, refused

GOOD = """\
service: shop
environments:
  staging:
    type: staging
    components: [{name: web, run: [x]}]
forge:
  kind: github
  repository: acme/shop
  token: ${GITHUB_TOKEN}
"""
APP = GOOD.replace("token: ${GITHUB_TOKEN}", "app: 12345\n  key: {secret: app-key, environment: staging}")


def test_a_repository_and_a_token_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    settings = loaded(tmp_path, GOOD)

    with pytest.raises(VariableMissing, match=r":9: .*GITHUB_TOKEN"):
        settings.key_of_forge()
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_0123456789abcdef")

    assert (settings.forge.repository, settings.forge.api) == ("acme/shop", "https://api.github.com")
    assert settings.key_of_forge() == Secret("ghp_0123456789abcdef")
    assert "ghp_" not in repr(settings)


def test_an_app_has_a_key_in_the_vault(tmp_path: Path) -> None:
    settings = loaded(tmp_path, APP)

    kept = settings.key_of_forge(lambda place, name: Secret(f"{name} of {place} in the vault"))

    assert (settings.forge.app, settings.forge.installation) == ("12345", None)
    assert kept == Secret("app-key of staging in the vault")


def test_workflows_that_must_end_well_are_named(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD + "  workflows: [image, docs]\n").forge.workflows == ("image", "docs")


def test_what_happens_is_said_on_the_pull_request_where_that_is_wanted(tmp_path: Path) -> None:
    assert not loaded(tmp_path, GOOD).forge.comments
    assert loaded(tmp_path, GOOD + "  comments: true\n").forge.comments


def test_git_needs_no_key(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD.partition("forge:")[0])

    assert settings.forge.kind == "git"
    with pytest.raises(UnknownSecret):
        settings.key_of_forge()


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("kind: github", "kind: gitlab", 7, "expected 'git' or 'github'"),
        ("kind: github", "kind: git", 8, "is only for GitHub"),
        ("acme/shop", "shop", 8, "expected owner/name"),
        ("acme/shop", "../shop", 8, "expected owner/name"),
        ("  repository: acme/shop\n", "", 6, "expected owner/name"),
        ("acme/shop", "acme/shop\n  remote: ../x", 9, "leave it out"),
        ("acme/shop", "acme/shop\n  api: http://ghe.acme.io/api/v3", 9, "expected https"),
        ("acme/shop", "acme/shop\n  app: 1", 10, "either a token, or an App"),
        ("token: ${GITHUB_TOKEN}", "key: ${KEY}", 9, "the id of its App too"),
        ("  token: ${GITHUB_TOKEN}", "  app: 1", 6, "expected a key"),
        ("  token: ${GITHUB_TOKEN}\n", "", 6, "expected a token"),
        ("${GITHUB_TOKEN}", "ghp_in-the-clear", 9, "expected a reference"),
        ("${GITHUB_TOKEN}", "{secret: t, environment: stagging}", 9, "did you mean 'staging'?"),
        ("token: ${", "tocken: ${", 9, "did you mean 'token'?"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    problem = refused(tmp_path, changed(GOOD, old, new))

    assert problem.line == line
    assert said in str(problem)
    assert "in-the-clear" not in str(problem)


def test_code_scanning_is_a_scan_from_a_severity_on(tmp_path: Path) -> None:
    named = GOOD.replace("type: staging", 'type: staging\n    gates: {security_scan: "code-scanning: high"}')

    assert loaded(tmp_path, named).environments["staging"].gates.scans_at == "high"
    problem = refused(tmp_path, named.replace(": high", ": bad"))
    assert "code-scanning: low, medium, high or critical" in str(problem)
    assert ":5: " in str(problem)
