"""What is said about a file that is no orchestrate.yaml, or was damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as any_of

from orchestrate.errors import SettingsInvalid
from orchestrate.settings import load
from tests.orchestrate.written import GOOD, refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("# nothing\n\n", "the file is empty"),
        ("- a\n- b\n", "expected keys and values"),
        ("service: shop\n", "environments: expected at least one"),
        (b"service: \xff\n", "is not UTF-8 text"),
        (b"service: a\x07b\n", "holds a control character"),
        ("x: " + "[" * 5000, "nested too deeply"),
        ("x: " + "[" * 60 + "]" * 60, "too many values, or nested too deeply"),
        ("a" * 1_048_577, "larger than 1 MiB"),
        ("? [a, b]\n: c\n", "expected a plain word as a key"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert said in refused(tmp_path, text).problem


def test_a_bomb_of_aliases_does_not_go_off(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]

    assert "too many values" in refused(tmp_path, "\n".join(lines)).problem


def test_an_alias_to_itself_is_refused(tmp_path: Path) -> None:
    assert "nested too deeply" in refused(tmp_path, "a: &a [*a]\n").problem


def test_an_alias_is_read_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "orchestrate.yaml"
    path.write_text(
        GOOD.replace("type: staging\n", "type: staging\n    url: &u http://x\n").replace(
            "type: production\n", "type: production\n    url: *u\n"
        )
    )

    assert load(path).environment("production").url == "http://x"


def test_a_file_that_is_not_there_comes_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="there is no such file") as caught:
        load(tmp_path / "orchestrate.yaml")

    assert "orchestrate demo" in caught.value.cure


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load(tmp_path)


WORDS = any_of.sampled_from(
    [
        *"{}[]:,-?!&*#|>'\"%@` \n\t$",
        "${",
        "$${",
        "null",
        "true",
        "1e9",
        "9" * 30,
        "- ",
        ": ",
        "\n  ",
        "&a ",
        "*a",
        "é",
        "\x00",
    ]
)


@given(place=any_of.integers(0, len(GOOD)), cut=any_of.integers(0, 12), put=any_of.lists(WORDS, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_loads_or_is_refused_by_name(
    tmp_path: Path, place: int, cut: int, put: list[str]
) -> None:
    path = tmp_path / "orchestrate.yaml"
    path.write_text(GOOD[:place] + "".join(put) + GOOD[place + cut :])

    try:
        load(path)
    except SettingsInvalid as fault:
        assert fault.file == str(path)
