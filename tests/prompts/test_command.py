"""`python -m prompts`: the check that `make check` makes, and the file that Claude Code reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from agents.roles import ROLES, Role
from prompts.__main__ import main
from prompts.claude_code import FILE, deployer_agent

ROOT = Path(__file__).parents[2]


def test_good_prompts_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out == f"{len(Role)} prompts are fine\n"


def test_each_fault_is_told_with_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.md").write_text("Hello")

    assert main(["check", str(tmp_path)]) == 1
    assert re.findall(r"^\w\.md:1: ", capsys.readouterr().err, re.MULTILINE) == ["a.md:1: ", "b.md:1: "]


def test_a_folder_without_prompts_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path)]) == 1
    assert "holds no prompts" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["chekc"], ["check", "a", "b"], ["deployer-agent", "a"]])
def test_what_is_not_understood_shows_the_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_make_check_checks_the_prompts() -> None:
    assert "python -m prompts check" in (ROOT / "Makefile").read_text()


def test_the_kept_file_is_what_the_prompt_gives(capsys: pytest.CaptureFixture[str]) -> None:
    main(["deployer-agent"])

    assert (ROOT / FILE).read_text() == capsys.readouterr().out, "run: make deployer-agent"


def test_claude_code_understands_its_front_matter() -> None:
    head, text = re.fullmatch(r"---\n(.*?\n)---\n(.*)", deployer_agent(), re.DOTALL).groups()  # type: ignore[union-attr]

    front = yaml.safe_load(head)
    assert set(front) == {"name", "description", "tools"}
    assert re.fullmatch(r"[a-z][a-z-]*", front["name"])
    assert re.search(r'^description: "', head, re.MULTILINE)
    assert set(front["tools"].split(", ")) == {"Read", "Grep", "Glob"}
    assert "$" not in text


def test_the_agent_file_has_the_deployers_answer() -> None:
    for field in ROLES[Role.DEPLOYER].output.model_fields:
        assert f"`{field}`" in deployer_agent()
