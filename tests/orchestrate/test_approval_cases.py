"""What a comment is to a question, case by case: an answer, not counted and why, or nothing to us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.approvals import NOT_EXACT, Matter, Panel, Word, ruling
from orchestrate.models.deployment import DecisionKind
from orchestrate.models.environment import Channel, Person
from orchestrate.models.question import Question
from orchestrate.models.task import Comment

BEGAN, ASKED, EXPIRES = 1_800_000_000.0, 1_800_000_100.0, 1_800_086_500.0
A, H, R = DecisionKind.APPROVED, DecisionKind.HOLD, DecisionKind.ROLL_BACK
TALK = None
"""Nobody is answered: it is our own, older than the deployment, about another question, or just talk."""


def person(name: str, *accounts: str, bot: bool = False) -> Person:
    first, *more = accounts
    return Person(
        name=name,
        identities={Channel.TRACKER: first, Channel.CLI: name, Channel.FORGE: name},
        accounts={Channel.TRACKER: tuple(more)},
        bot=bot,
    )


PEOPLE = (
    person("ada", "101", "102"),  # approves; has two accounts
    person("rob", "201"),  # approves
    person("mira", "301", "302"),  # approves, but not this: she wrote it
    person("eve", "401"),  # known, and no approver
    person("ci", "501", bot=True),
)
BOT, STRANGER = "900", "999"
PANEL = Panel(place="production", approvers=("ada", "rob", "mira", "ci"), barred={"mira": "wrote change 7"})


def asked(id: str = "QABCDE", **news: object) -> Question:
    made = Question(
        id=id,
        deployment="D1",
        gate_kind="approval",
        plan_hash="a" * 64,
        task="T-1",
        opened_at=ASKED,
        expires=EXPIRES,
    )
    return made.model_copy(update=news)


OURS = asked()
OTHER = asked("QFGHJK", gate_kind="go_on/1/0")
VOIDED = asked("Q11111", opened_at=BEGAN, closed="void: ada's comment was edited")


def found(channel: Channel, account: str) -> Person | None:
    return next((one for one in PEOPLE if one.is_known_as(channel, account)), None)


@dataclass(frozen=True)
class Case:
    """One comment, and what it is to the question QABCDE."""

    text: str
    is_what: DecisionKind | str | None
    by: str = "101"  # ada
    at: float = ASKED + 60
    edited: bool = False
    task: str = "T-1"
    asked: tuple[Question, ...] = (OURS,)
    proven: bool = True

    @property
    def comment(self) -> Comment:
        at = datetime.fromtimestamp(self.at, UTC)
        said = Comment(id="C1", task=self.task, author=self.by, text=self.text, at=at, edited=self.edited)
        return said.model_copy(update={"proven": self.proven})


def judged(case: Case) -> Word | None:
    matter = Matter(question=OURS, asked=case.asked, panel=PANEL, person=found, bot=BOT, since=BEGAN)
    return ruling(case.comment, matter)


EXACT = {
    "the word": Case("Approved", A),
    "the verb": Case("approve", A),
    "in capitals": Case("APPROVED", A),
    "with a full stop": Case("Approved.", A),
    "with an exclamation mark": Case("approved!", A),
    "with spaces and line ends around": Case("  Approved \r\n", A),
    "with the question's id": Case("Approved QABCDE", A),
    "with the id in small letters": Case("approved qabcde.", A),
    "a hold": Case("Hold", H),
    "a hold with the id": Case("hold QABCDE!", H),
    "a rollback": Case("Roll back", R),
    "a rollback in one word": Case("rollback QABCDE", R),
}
UNPROVEN = {
    "an approval that nobody proves": Case("Approved", "nobody proves here who wrote it", proven=False),
    "a rollback that nobody proves": Case("Roll back", "nobody proves here who wrote it", proven=False),
    "a hold that nobody proves": Case("Hold", H, proven=False),
    "a stranger's hold that nobody proves": Case("Hold", "nobody in `people`", by=STRANGER, proven=False),
}
WORDING = {
    "quoted": Case("> Approved", NOT_EXACT),
    "quoted, and answered below": Case("> Approved\n\nno", NOT_EXACT),
    "quoted, with the answer below": Case("> may it go?\n\nApproved", NOT_EXACT),
    "code span": Case("`Approved`", NOT_EXACT),
    "code block": Case("```\nApproved\n```", NOT_EXACT),
    "indented code": Case("    Approved\nyes", NOT_EXACT),
    "bold": Case("**Approved**", NOT_EXACT),
    "a list item": Case("- Approved", NOT_EXACT),
    "a heading": Case("# Approved", NOT_EXACT),
    "a link": Case("[Approved](https://example.com)", NOT_EXACT),
    "HTML": Case("<b>Approved</b>", NOT_EXACT),
    "a hidden comment behind it": Case("Approved <!-- not -->", NOT_EXACT),
    "in quotation marks": Case("“Approved”", NOT_EXACT),
    "a mention before it": Case("@orchestrate Approved", NOT_EXACT),
    "negated": Case("not approved", NOT_EXACT),
    "a question": Case("Approved?", NOT_EXACT),
    "a condition": Case("Approved if the tests pass", NOT_EXACT),
    "twice": Case("Approved Approved", NOT_EXACT),
    "two marks": Case("Approved!!", NOT_EXACT),
    "two lines": Case("Approved\nHold", NOT_EXACT),
    "two spaces before the id": Case("Approved  QABCDE", NOT_EXACT),
    "a tab before the id": Case("Approved\tQABCDE", NOT_EXACT),
    "two ids": Case("Approved QABCDE QFGHJK", NOT_EXACT),
    "a misspelt word": Case("Aproved", NOT_EXACT),
    "a hyphen": Case("roll-back", NOT_EXACT),
    "on hold": Case("on hold", NOT_EXACT),
}
LOOK_ALIKES = {
    "a Cyrillic A": Case("Аpproved", NOT_EXACT),
    "a Greek o in Hold": Case("Hοld", NOT_EXACT),
    "a Kelvin sign for the K": Case("Roll bac\u212a", NOT_EXACT),
    "full-width letters": Case("Ａｐｐｒｏｖｅｄ", NOT_EXACT),
    "mathematical letters": Case("𝐀𝐩𝐩𝐫𝐨𝐯𝐞𝐝", NOT_EXACT),
    "a zero-width space inside": Case("Appro\u200bved", NOT_EXACT),
    "a zero-width space behind": Case("Approved\u200b", NOT_EXACT),
    "a soft hyphen behind": Case("Approved\u00ad", NOT_EXACT),
    "a byte order mark before": Case("\ufeffApproved", NOT_EXACT),
    "a no-break space before the id": Case("Approved\u00a0QABCDE", NOT_EXACT),
    "written from right to left": Case("\u202edevorppA", TALK),
    "a combining mark": Case("Approve\u0301d", NOT_EXACT),
    "a NUL": Case("Approved\x00", NOT_EXACT),
    "an emoji behind": Case("Approved ✅", NOT_EXACT),
    "an emoji alone": Case("👍", TALK),
    "a check mark alone": Case("✅", TALK),
    "a shortcode": Case(":approved:", NOT_EXACT),
    "Hold with a stop sign": Case("🛑 Hold", NOT_EXACT),
}
TALKING = {
    "nothing": Case("", TALK),
    "LGTM": Case("LGTM", TALK),
    "plus one": Case("+1", TALK),
    "yes": Case("yes", TALK),
    "ship it": Case("ship it", TALK),
    "a sentence about approving": Case("The board approved the budget for this last week already", TALK),
    "a sign-off is another thing": Case("security approved 0123456789", TALK),
}
WHO = {
    "an approver's second account": Case("Approved", A, by="102"),
    "another approver": Case("Approved", A, by="201"),
    "the author": Case("Approved", "mira wrote change 7 and may not approve it", by="301"),
    "the author's second account": Case("Approved", "mira wrote change 7", by="302"),
    "the author may hold": Case("Hold", H, by="301"),
    "the author may roll back": Case("Roll back", R, by="302"),
    "a known person who is no approver": Case("Approved", "eve is not an approver of production", by="401"),
    "a known person may hold": Case("Hold", H, by="401"),
    "a known person may not roll back": Case("Roll back", "eve is not an approver", by="401"),
    "a stranger": Case("Approved", "nobody in `people` has this identity", by=STRANGER),
    "a stranger's hold": Case("Hold", "nobody in `people`", by=STRANGER),
    "a display name is no account": Case("Approved", "nobody in `people`", by="ada"),
    "an account that looks like another": Case("Approved", "nobody in `people`", by="１０１"),
    "an account with a space": Case("Approved", "nobody in `people`", by="101 "),
    "a robot among the approvers": Case("Approved", "ci is a bot, and only people answer", by="501"),
    "a robot's hold": Case("Hold", "ci is a bot", by="501"),
    "ourselves": Case("Approved", TALK, by=BOT),
    "ourselves, quoting": Case("Answer with `Approved QABCDE`", TALK, by=BOT),
    "a forwarded answer of somebody else": Case("ada: Approved", NOT_EXACT, by="401"),
}
WHEN = {
    "edited": Case("Approved", "it was edited; say it in a new comment", edited=True),
    "a hold that was edited": Case("Hold", "it was edited", edited=True),
    "before the deployment": Case("Approved", TALK, at=BEGAN - 1),
    "before the question": Case("Approved", "before question QABCDE was asked", at=ASKED - 1),
    "in the moment of the question": Case("Approved", A, at=ASKED),
    "in the last moment": Case("Approved", A, at=EXPIRES - 1),
    "when it had expired": Case("Approved", "question QABCDE had expired", at=EXPIRES),
    "for the question before the plan changed": Case(
        "Approved Q11111", "Q11111 is not open; QABCDE is", asked=(VOIDED, OURS)
    ),
    "an old approval of a plan that is asked about again": Case(
        "Approved", "before question QABCDE was asked", at=ASKED - 1, asked=(VOIDED, OURS)
    ),
}
WHERE = {
    "on another thread": Case("Approved", "asked on another thread", task="T-2"),
    "on another thread, with the id": Case("Approved QABCDE", "asked on another thread", task="T-2"),
    "with the id of nothing": Case("Approved QZZZZZ", "QZZZZZ is not open; QABCDE is"),
    "two are open and none is named": Case(
        "Approved", "more than one question is open here; name one", asked=(OURS, OTHER)
    ),
    "two are open and a hold names none": Case("Hold", "more than one question", asked=(OURS, OTHER)),
    "two are open and this is named": Case("Approved QABCDE", A, asked=(OURS, OTHER)),
    "two are open and the other is named": Case("Approved QFGHJK", TALK, asked=(OURS, OTHER)),
    "the other was opened later": Case(
        "Approved", A, asked=(OURS, OTHER.model_copy(update={"opened_at": ASKED + 61}))
    ),
    "the other was closed": Case("Approved", A, asked=(OURS, OTHER.model_copy(update={"closed": "expired"}))),
    "said to the other, before this one was asked": Case(
        "Approved", TALK, at=ASKED - 1, asked=(OURS, OTHER.model_copy(update={"opened_at": BEGAN}))
    ),
}
CASES = {
    f"{about}: {name}": case
    for about, cases in {
        "exact": EXACT,
        "wording": WORDING,
        "look-alike": LOOK_ALIKES,
        "talk": TALKING,
        "who": WHO,
        "when": WHEN,
        "unproven": UNPROVEN,
        "where": WHERE,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_comment_is_what_the_table_says(case: Case) -> None:
    word = judged(case)

    match case.is_what:
        case None:
            assert word is None
        case DecisionKind() as kind:
            assert word is not None and (word.kind, word.why) == (kind, "")
        case why:
            assert word is not None and word.kind is None and why in word.why


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 56


@given(
    st.text(max_size=30) | st.sampled_from(["Approved", "Hold", "Approved QABCDE", "Roll back"]),
    st.sampled_from(["101", "301", "401", "501", BOT, STRANGER]) | st.text(max_size=3),
    st.floats(BEGAN - 10, EXPIRES + 10),
    st.booleans(),
)
def test_the_rule_is_total_and_only_allowed_persons_ever_approve(
    text: str, by: str, at: float, edited: bool
) -> None:
    word = judged(Case(text, None, by=by, at=at, edited=edited))

    assert word is None or (word.kind is None) == bool(word.why)
    if word is not None and word.kind is A:
        assert (word.by, edited, text.isascii()) == ("ada", False, True)
        assert ASKED <= at < EXPIRES
