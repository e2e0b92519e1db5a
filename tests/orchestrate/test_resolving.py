"""What a model may be shown of a conflict, and what of its answer is taken."""

from __future__ import annotations

import pytest

from orchestrate.models.conflict import Conflict, ConflictingFile, ResolvedFile
from orchestrate.resolving import LIMIT, MOST, aligned, objection, unfit

HUNK = "<<<<<<< base\nprice = 2\n=======\nprice = 3\n>>>>>>> head\n"
MARKED = f"import shop\n{HUNK}total = price\n"


def conflict(*files: tuple[str, str], beyond: str = "") -> Conflict:
    given = files or (("shop.py", MARKED),)
    texts = tuple(ConflictingFile(path=path, text=text) for path, text in given)
    return Conflict(head="a" * 40, base="b" * 40, files=texts, beyond=beyond)


def objected(text: str, path: str = "shop.py") -> str:
    return objection(conflict(), (ResolvedFile(path=path, text=text),))


def test_a_text_that_differs_only_between_the_marks_is_taken() -> None:
    assert objected("import shop\nprice = 5\ntotal = price\n") == ""


@pytest.mark.parametrize("ending", ["", "\n\n\n"])
def test_line_breaks_at_the_end_are_those_of_the_file(ending: str) -> None:
    said = ResolvedFile(path="shop.py", text=f"import shop\nprice = 5\ntotal = price{ending}")
    assert objection(conflict(), (said,))

    (taken,) = aligned(conflict(), (said,))

    assert taken.text == "import shop\nprice = 5\ntotal = price\n"
    assert objection(conflict(), (taken,)) == ""


@pytest.mark.parametrize(("path", "text"), [("shop.py", ""), ("else.py", "x\n\n")])
def test_what_is_empty_or_of_another_file_stays_as_it_was_said(path: str, text: str) -> None:
    said = ResolvedFile(path=path, text=text)

    assert aligned(conflict(), (said,)) == (said,)


def test_both_sides_may_be_left_out() -> None:
    assert objected("import shop\ntotal = price\n") == ""


def test_several_conflicts_of_one_file_are_told_apart() -> None:
    of = conflict(("shop.py", f"{MARKED}{MARKED}"))
    text = "import shop\nprice = 2\ntotal = price\nimport shop\nprice = 3\ntotal = price\n"

    assert objection(of, (ResolvedFile(path="shop.py", text=text),)) == ""
    assert "did not conflict" in objection(of, (ResolvedFile(path="shop.py", text=text[: len(text) // 2]),))


@pytest.mark.parametrize("path", ["../shop.py", "/etc/passwd", ".github/workflows/ci.yml", "shop.pyc", ""])
def test_a_file_that_does_not_conflict_is_refused(path: str) -> None:
    assert "none of the files that conflict" in objected("x", path)


@pytest.mark.parametrize("mark", ["<<<<<<< base", "=======", ">>>>>>> head", "||||||| before", "<<<<<<<"])
def test_a_text_with_marks_is_refused(mark: str) -> None:
    assert "conflict marks" in objected(f"import shop\n{mark}\ntotal = price\n")


@pytest.mark.parametrize("text", ["", "import os\nprice = 5\ntotal = price\n", "import shop\nprice = 5\n"])
def test_other_lines_stay_as_they_are(text: str) -> None:
    assert "did not conflict" in objected(text)


def test_a_file_that_is_left_out_is_refused() -> None:
    of = conflict(("shop.py", HUNK), ("shelf.py", HUNK))

    assert "'shelf.py' is left unresolved" in objection(of, (ResolvedFile(path="shop.py", text=""),))


def test_a_file_that_is_given_twice_is_refused() -> None:
    twice = (ResolvedFile(path="shop.py", text=""),) * 2

    assert "twice" in objection(conflict(("shop.py", HUNK)), twice)


def test_a_huge_text_is_refused() -> None:
    assert "longer" in objected(f"import shop\n{'x' * 5000}\ntotal = price\n")


def test_characters_that_nobody_sees_are_refused() -> None:
    assert "nobody sees" in objected("import shop\nprice = 5 # \u202e\ntotal = price\n")


def test_without_texts_that_conflict_there_is_nothing_to_resolve() -> None:
    assert objection(conflict(beyond="logo.png is no text"), ()) == "there is no conflict of texts"


def test_a_conflict_of_texts_is_shown() -> None:
    assert unfit(conflict()) == ""


def test_what_is_no_conflict_of_texts_is_a_persons() -> None:
    assert "a person has to decide" in unfit(conflict(beyond="logo.png does not conflict as a text"))


@pytest.mark.parametrize(
    "path",
    [".github/workflows/ci.yml", ".gitlab-ci.yml", "a/.gitattributes", "Jenkinsfile", ".circleci/config.yml",
     "orchestrate.yaml", ".gitmodules", ".GitHub/x"],
)  # fmt: skip
def test_what_decides_what_is_run_is_shown_to_nobody(path: str) -> None:
    assert "nobody but people" in unfit(conflict((path, MARKED), ("shop.py", MARKED)))


@pytest.mark.parametrize(
    "text",
    [MARKED + "x" * LIMIT, MARKED + "password = 'hunter2hunter2'\n", MARKED + "\u202e", MARKED + "a\r\n"],
)
def test_what_cannot_be_shown_whole_and_as_it_is_is_a_persons(text: str) -> None:
    assert "too long to be shown" in unfit(conflict(("shop.py", text)))


def test_no_text_and_too_many_are_a_persons() -> None:
    assert "0 texts" in unfit(Conflict(head="a" * 40, base="b" * 40))
    assert "texts conflict" in unfit(conflict(*((f"{number}.py", HUNK) for number in range(MOST + 1))))


def test_lines_that_look_like_marks_outside_of_the_conflict_are_a_persons() -> None:
    assert "belong to the text" in unfit(conflict(("shop.rst", f"Shop\n=======\n{HUNK}")))
