"""Output: words for people cannot steer their terminal, and programs get one document."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from orchestrate.cli.output import Output, columns
from tests.orchestrate.cli.world import Shop, surroundings


def test_words_of_others_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Output().say("good \x1b[31mred\x1b]0;title\x07 \x9b2J end")

    said = capsys.readouterr().out
    assert "\x1b" not in said and "\x9b" not in said and "\x07" not in said


def test_a_cell_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(("what", "why"), [("one", "first\nsecond\x1b[2J")])

    assert capsys.readouterr().out == "what  why\none   first second\n"


def test_columns_stand_below_each_other() -> None:
    assert columns(("a", "b"), [("long", "x"), ("y", "")]) == ["a     b", "long  x", "y"]


def test_programs_get_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(as_json=True)
    out.say("words")
    out.table(("a",), [("b",)])
    out.result({"é": "ü"})

    said = capsys.readouterr().out
    assert json.loads(said) == {"é": "ü"}


@pytest.mark.parametrize(
    ("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_gets_colours_unless_it_says_no(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    is_coloured: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    Output().table(("gate",), [("pass",)])

    assert ("\x1b[32m" in capsys.readouterr().out) is is_coloured


@pytest.mark.parametrize("words", [("--help",), ("deploy", "history")])
def test_a_reader_that_has_gone_is_no_fault(shop: Shop, words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    ran = subprocess.run(
        [sys.executable, "-m", "orchestrate", *words],
        cwd=shop.folder, env=surroundings(), stdout=writing, stderr=subprocess.PIPE, timeout=30,
    )  # fmt: skip

    os.close(writing)
    assert (ran.returncode, ran.stderr) == (141, b"")
