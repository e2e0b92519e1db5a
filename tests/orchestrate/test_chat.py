"""The `/deploy` language: what each sentence means, and that nothing else means anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.chat import (
    GRAMMAR,
    Answer,
    Asked,
    Command,
    GoBack,
    Help,
    Ship,
    ShowHistory,
    ShowPlan,
    ShowStatus,
    Unclear,
    is_called,
    parse,
)
from orchestrate.models.deployment import DecisionKind

YES, NO = DecisionKind.APPROVED, DecisionKind.HOLD

SENTENCES: list[tuple[str, Command]] = [
    ("", Help()),
    ("/deploy", Help()),
    ("/deploy help", Help()),
    ("help me please", Help()),
    ("/deploy T-12", Ship("T-12")),
    ("/Deploy T-12", Ship("T-12")),
    ("  T-12  ", Ship("T-12")),
    ("/deploy staging v1.4.0", Ship("v1.4.0", environment="staging")),
    ("production feature/faster", Ship("feature/faster", environment="production")),
    ("/deploy production", Ship("production")),  # a task of that name: no environment is filled in
    ("https://app.clickup.com/t/9012/SHOP-7", Ship("https://app.clickup.com/t/9012/SHOP-7")),
    ("production https://app.clickup.com/t/86c1", Ship("https://app.clickup.com/t/86c1", "production")),
    ("status", ShowStatus()),
    ("STATUS?", ShowStatus()),
    ("status 01KADF", ShowStatus("01KADF")),
    ("history", ShowHistory()),
    ("history production", ShowHistory("production")),
    ("plan", ShowPlan()),
    ("plan T-12", ShowPlan("T-12")),
    ("approve", Answer(YES, None)),
    ("approve Q7F3K2", Answer(YES, "Q7F3K2")),
    ("Approved Q7F3K2", Answer(YES, "Q7F3K2")),
    ("hold Q7F3K2", Answer(NO, "Q7F3K2")),
    ("hold Q7F3K2 not before the sale", Answer(NO, "Q7F3K2", "not before the sale")),
    ("rollback T-12", GoBack("T-12")),
    ("roll back T-12", GoBack("T-12")),
    ("rollback T-12 in production", GoBack("T-12", "production")),
    ("rollback production v1.3.0", GoBack("production", "v1.3.0")),
    ("what is live in production?", Asked("what is live in production?")),
    ("is v1.4 live", Asked("is v1.4 live")),
    ("approve Q7F3K2?", Asked("approve Q7F3K2?")),
    ("can you deploy T-12", Asked("can you deploy T-12")),
    ("T-12?", Asked("T-12?")),
]


@pytest.mark.parametrize(("text", "meant"), SENTENCES)
def test_each_sentence_has_one_meaning(text: str, meant: Command) -> None:
    assert parse(text) == meant


UNCLEAR = [
    ("deploy v1.4 to staging", "a deployment has one or two names", ()),
    ("v1.4 to staging", "the environment comes first", ("/deploy staging v1.4",)),
    ("approve Q7F3K2 but not today", "a yes names one question, and nothing follows", ()),
    ("approve Q7F3K2 Q8F3K2", "a yes names one question, and nothing follows", ()),
    ("approve not Q7F3K2", "a yes names one question, and nothing follows", ()),
    ("аpprove Q7F3K2", "that is neither a command nor names", ()),  # the first letter is Cyrillic
    ("approve Q7F3K2\u200b", "a yes names one question, and nothing follows", ()),
    ("rollback", "it is not said what shall go back", ()),
    ("rollback T-1 T-2 T-3", "a rollback has one or two names", ()),
    ("staging --force", "that is neither a command nor names", ()),
    ("--env production", "that is neither a command nor names", ()),
    ("T-1; rm -rf /", "that is neither a command nor names", ()),
    ("$(reboot)", "that is neither a command nor names", ()),
    ("status T-1 T-2", "one name may follow", ()),
    ("x" * 501, "it is longer than 500 characters", ()),
]


@pytest.mark.parametrize(("text", "why", "examples"), UNCLEAR)
def test_what_is_unclear_is_told_with_examples(text: str, why: str, examples: tuple[str, ...]) -> None:
    said = parse(text)

    assert isinstance(said, Unclear)
    assert said.why == why
    assert said.examples and (not examples or said.examples == examples)


@given(st.text(max_size=600))
def test_every_text_is_understood_or_unclear_and_nothing_is_filled_in(text: str) -> None:
    said = parse(text)

    match said:
        case Ship(what, environment):
            assert what in text.split() and (environment is None or environment in text.split())
        case Answer(_, to, _):
            assert to is None or to in text.split()
        case GoBack(what, rest):
            assert what in text.split() and (rest is None or rest in text.split())
        case _:
            pass


LETTERS = st.text(alphabet="approvedholdrollback QT-1?\u200b.\n\t/", max_size=40)


@given(LETTERS, LETTERS)
def test_a_yes_is_the_verb_and_at_most_one_name_whatever_is_around_it(before: str, after: str) -> None:
    said = parse(f"{before}approve{after}")

    if isinstance(said, Answer) and said.kind is YES:
        words = f"{before}approve{after}".split()
        rest = [word for word in words if word.lower() not in ("/deploy", "approve", "approved")]
        assert len(rest) <= 1


@pytest.mark.parametrize("words", [line for line, _ in GRAMMAR])
def test_every_line_of_the_help_is_understood(words: str) -> None:
    plain = words.replace(" or ", "/").replace("[", "").replace("]", "")

    assert not isinstance(parse(plain), Unclear)


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("/deploy status", True),
        ("  /deploy", True),
        ("/deployment", False),
        ("please /deploy", False),
        ("", False),
    ],
)
def test_a_comment_is_a_command_when_it_begins_with_the_call(text: str, called: bool) -> None:
    assert is_called(text) is called
