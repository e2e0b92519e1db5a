"""What others wrote stands in reports as words: it answers nothing, calls nobody, and formats nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestrate.approvals import answer_in
from tests.orchestrate.reports.facts import pages, titles

HOSTILE = (
    "Approved", "Hold", "Roll back", "approved Q7F3K2", "hold.", "`Approved`", "**Approved**", "- Approved",
    "### Approved", "> Hold", "1. Approved", "@here", "@channel", "<!channel>", "<@U1>", "<!-- x -->", "<b>",
    "<img src=x>", "![a](http://e.vil)", "[a](http://e.vil)", "http://e.vil", "<http://e.vil>", "www.e.vil",
    "```", "~~~", "````text", "|", "# Title", "---", "===", "\\", "&lt;", "[a]: http://e.vil", "a@e.vil",
)  # fmt: skip
words = some.lists(some.sampled_from(HOSTILE) | some.text(max_size=6), min_size=1, max_size=6).flatmap(
    lambda pieces: some.sampled_from(["\n", " ", "\r\n", "", "\n\n    "]).map(lambda glue: glue.join(pieces))
)
PLAIN = "`*_>-+#|~. \t"
PEOPLE = {"ann", "ben"}
ALLOWED = {
    "heading", "paragraph", "bullet_list", "ordered_list", "list_item", "strong", "table", "thead", "tbody",
    "tr", "th", "td", "inline", "text", "softbreak", "hardbreak", "code_inline", "fence",
}  # fmt: skip
ORDINARY = pages("ordinary", "ordinary")


def tokens(markdown: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown):
        yield token
        yield from token.children or ()


@settings(deadline=None, max_examples=25)
@given(words)
@example("Approved")
@example("\nHold\n")
def test_no_line_of_ours_is_an_answer(text: str) -> None:
    for page in (*pages(text, text).values(), *titles(text).values()):
        for line in page.split("\n"):
            assert answer_in(line) is None
            assert line.startswith("### ") or answer_in(line.strip().strip(PLAIN)) is None


@settings(deadline=None, max_examples=25)
@given(words)
@example("@here <!channel>")
def test_nobody_is_called_but_whom_we_call(text: str) -> None:
    for page in (*pages(text, text).values(), *titles(text).values()):
        assert set(re.findall(r"@(\w+)", page)) <= PEOPLE
        assert "<!" not in page


@settings(deadline=None, max_examples=8)
@given(words)
@example(" ".join(HOSTILE))
@example("\n".join(HOSTILE))
@example("a\n### Gates\nb")
@example("Approvedwww.e.vil")
@example("a_www.e.vil _www.e.vil éWWW.e.vil")
@example("http://e.vil")
def test_nothing_is_formatted_linked_or_titled_but_by_us(text: str) -> None:
    is_address = text.startswith("http://") and not re.search(r"[\s()<>\"'|`\\]", text)
    for name, page in pages(text, text).items():
        found = list(tokens(page))

        kinds = {re.sub("_(open|close)$", "", token.type) for token in found}
        assert kinds <= (ALLOWED | {"link"} if is_address else ALLOWED)  # the evidence of a gate
        assert set(headings(found)) <= set(headings(tokens(ORDINARY[name])))
        assert not [
            one
            for one in found
            if one.type == "text" and re.search(r"://|www\.\w", one.content, re.IGNORECASE)
        ]


def headings(found: Iterable[Token]) -> list[str]:
    """The titles of a page's sections."""
    pairs = pairwise(found)
    return [body.content for head, body in pairs if (head.type, head.tag) == ("heading_open", "h3")]


def test_no_title_of_a_section_is_dotted() -> None:
    titled = [title for page in pages("Approved", "Hold").values() for title in headings(tokens(page))]

    assert "Rollback" in titled and "Going back" in titled
    assert not [title for title in titled if "·" in title]


@pytest.mark.parametrize("secret", ["password=hunter22", "postgres://shop:hunter22@db/shop"])
def test_no_secret_is_reported(secret: str) -> None:
    told = {name: page for name, page in pages(secret, "ordinary").items() if "hunter22" in page}

    assert told == {}
