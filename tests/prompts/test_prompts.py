"""A prompt is used as it stands in its file, or refused with the file and the line at fault."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from orchestrate.errors import PromptInvalid
from prompts import Tier, handbook, load, names, outlined, problems, render, sha, unfilled

GOOD = """\
---
name: greeter
description: "Says hello"
tier: fast
inputs: [name, day]
output: Draft
---

Hello $name, today is $day. It costs $$5.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "greeter.md").write_text(GOOD)
    return tmp_path


def damaged(folder: Path, old: str, new: str) -> PromptInvalid:
    assert old in GOOD
    (folder / "greeter.md").write_text(GOOD.replace(old, new))
    with pytest.raises(PromptInvalid) as refused:
        load("greeter", folder)
    return refused.value


def test_a_prompt_is_loaded_with_its_front_matter(folder: Path) -> None:
    prompt = load("greeter", folder)

    assert (prompt.name, prompt.tier, prompt.inputs, prompt.output) == (
        "greeter", Tier.FAST, ("name", "day"), "Draft",
    )  # fmt: skip
    assert names(folder) == ("greeter",)


def test_every_input_takes_its_place(folder: Path) -> None:
    assert render("greeter", folder, name="Ann", day="Monday") == "Hello Ann, today is Monday. It costs $5."


def test_a_value_is_not_looked_through_for_inputs(folder: Path) -> None:
    assert "Hello $day $$, today is now." in render("greeter", folder, name="$day $$", day="now")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "Ann"}, r"missing values: \['day'\]"),
        ({}, r"missing values: \['day', 'name'\]"),
        ({"name": "Ann", "day": "now", "mood": "good"}, r"surplus values: \['mood'\]"),
    ],
)
def test_a_missing_or_surplus_value_is_refused(folder: Path, values: dict[str, str], said: str) -> None:
    with pytest.raises(PromptInvalid, match=said):
        render("greeter", folder, **values)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("---\nname", "name", 1, "does not begin with front matter"),
        ("name: greeter", "name: waiter", 2, "the file's is 'greeter'"),
        ('description: "Says hello"', 'description: ""', 3, "description"),
        ('"Says hello"', '"Says hello', 3, "no YAML"),
        ("tier: fast", "tier: cheap", 4, "tier"),
        ("tier: fast\n", "", 1, "tier"),
        ("tier: fast", "tier: fast\nmodel: some", 5, "model"),
        ("tier: fast", "tier: [", 6, "no YAML"),
        ("tier: fast", "tier: !!python/name:os.system", 4, "no YAML"),
        ("tier: fast", "tier: \x07", 1, "no YAML"),
        ("[name, day]", "name", 5, "inputs"),
        ("[name, day]", "[name, day, hour]", 5, "['hour']"),
        ("output: Draft", "output: draft", 6, "output"),
        ("today is $day", "today is\n$dya $day", 10, "$dya is none of the inputs"),
        ("$$5", "\n\n$5", 11, "is written $$"),
        ("output: Draft", "output: Draft\nunfilled: {name: you}", 7, "other keys than the inputs"),
    ],
)
def test_a_damaged_prompt_is_refused_with_its_line(
    folder: Path, old: str, new: str, line: int, said: str
) -> None:
    refused = damaged(folder, old, new)

    assert (refused.file, refused.line) == ("greeter.md", line)
    assert said in refused.problem
    assert str(refused).startswith(f"greeter.md:{line}: ")


def test_front_matter_that_is_no_mapping_is_refused(folder: Path) -> None:
    (folder / "greeter.md").write_text("---\n- a\n---\nHello\n")

    assert problems(folder)[0].line == 2


def test_a_prompt_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(PromptInvalid, match="waiter.md:1: cannot be read"):
        load("waiter", folder)


def test_bytes_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / "greeter.md").write_bytes(b"\xff\xfe")

    with pytest.raises(PromptInvalid, match="cannot be read"):
        load("greeter", folder)


def test_which_words_were_said_can_be_told(folder: Path) -> None:
    assert sha("greeter", folder) == hashlib.sha256(GOOD.encode()).hexdigest()


def test_every_damaged_prompt_is_named(folder: Path) -> None:
    (folder / "a.md").write_text("Hello")
    (folder / "b.md").write_text(GOOD)

    assert [str(one).split(": ")[0] for one in problems(folder)] == ["a.md:1", "b.md:2"]


def test_who_brings_the_facts_along_reads_what_stands_for_them(folder: Path) -> None:
    asked = "output: Draft\nunfilled: {name: whoever, day: the day}"
    (folder / "greeter.md").write_text(GOOD.replace("output: Draft", asked))

    assert unfilled("greeter", folder) == "Hello whoever, today is the day. It costs $5."


def test_a_prompt_that_does_not_say_it_is_not_used_unfilled(folder: Path) -> None:
    with pytest.raises(PromptInvalid, match="nobody fills in"):
        unfilled("greeter", folder)


def test_our_own_prompts_are_fine() -> None:
    assert problems() == ()


@pytest.mark.parametrize("name", names())
def test_a_prompt_file_is_plain_and_no_wider_than_a_page(name: str) -> None:
    text = (Path(__file__).parents[2] / "prompts" / f"{name}.md").read_text()

    assert max(len(line) for line in text.splitlines()) <= 120
    assert text.endswith("\n") and not text.endswith("\n\n") and "\t" not in text


@pytest.mark.parametrize("name", names())
def test_the_part_that_never_changes_names_what_takes_each_place(name: str) -> None:
    text = outlined(name)

    assert all(f"«{one}»" in text for one in load(name).inputs)
    assert text == outlined(name)


def test_the_handbook_is_plain_and_holds_nothing_of_one_moment() -> None:
    text = handbook()

    assert max(len(line) for line in text.splitlines()) <= 120
    assert "$" not in text and "20" not in text
    assert len(text) > 4 * 2000  # a shorter beginning is kept by no cache
