"""Text that others wrote is bounded, keeps no secret, and has no power over whoever reads it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestrate.outside import ZERO_WIDTH, block, clipped, inline, line, muted, redacted, visible

SECRET = "s3cr3t-v4lue-9"
HOSTILE = (
    "@here", "<!channel>", "<@U1>", "<!-- x -->", "<script>", "<b>", "[a](b)", "![a](b)", "[a]:", "http://e.vil",
    "<http://e.vil>", "www.e.vil", "a@e.vil", "``", "```", "~~~", "**", "__", "_", "*", "|", "#", "##", ">",
    "-", "+", "=", "1.", "2)", "---", "===", "\\", "\\`", "&lt;", "&#64;", "!", "Approved", "Hold",
)  # fmt: skip
UNSEEN = ("\n", "\r", "\t", "    ", "\u200b", "\u202e", "\x1b[31m", "\x00")
PIECES = some.lists(
    some.sampled_from(HOSTILE) | some.sampled_from(UNSEEN) | some.text(max_size=4), max_size=12
).map(" ".join)


def tokens(markdown: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown):
        yield token
        yield from token.children or ()


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f"DB_PASSWORD: {SECRET}",
        f'{{"api_key": "{SECRET}"}}',
        f'{{\\"client_secret\\": \\"{SECRET}\\"}}',
        f"token='two words {SECRET}'",
        f"psql --db-password {SECRET} --host here",
        f"Authorization: Bearer {SECRET}",
        f"postgres://shop:{SECRET}@db:5432/shop",
        f"postgres://shop:p@{SECRET}@db/shop",
        f"\x1b[36mpassword\x1b[0m=\x1b[35m{SECRET}\x1b[0m",
        f"pass\u200bword={SECRET}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
    ],
)
def test_a_secret_is_shown_nowhere(text: str) -> None:
    for shown in (redacted(visible(text)), line(text), inline(text), block(text)):
        assert SECRET not in shown.replace("\\", "")


@pytest.mark.parametrize(
    "token",
    [
        "ghp_0123456789abcdefghij",
        "glpat-0123456789abcdefghij",
        "xoxb-012345678901-abcdef",
        "sk-ant-api03-0123456789",
        "AKIA0123456789ABCDEF",
        "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
    ],
)
def test_a_known_kind_of_token_is_shown_nowhere(token: str) -> None:
    assert redacted(f"sent {token}, refused") == "sent [redacted], refused"


@pytest.mark.parametrize("ticks", ["```", "````", "`````````"])
def test_a_block_is_fenced_with_more_than_it_holds(ticks: str) -> None:
    first, *_, last = block(f"a\n{ticks}\nb\n{ticks}text\nc").splitlines()

    assert (first, last) == (f"{ticks}`text", f"{ticks}`")


def test_what_is_no_secret_stays() -> None:
    text = "3 of 40 requests failed: https://shop:8080/basic/secretary said 500 in tokens.py"

    assert redacted(text) == text


@pytest.mark.parametrize("piece", ["a", "password", "--a-", "://a:", "token=a ", "-----BEGIN ", "api_", '="'])
def test_a_flood_is_read_in_no_time(piece: str) -> None:
    began = time.process_time()

    redacted(piece * (200_000 // len(piece)))

    assert time.process_time() - began < 2


@settings(deadline=None)
@given(some.text(), some.integers(100, 300))
def test_what_is_clipped_keeps_its_limit(text: str, limit: int) -> None:
    assert len(clipped(text * 20, limit).encode(errors="replace")) <= limit


def test_beginning_and_end_stay_and_the_gap_is_named() -> None:
    cut = clipped("first " + "é" * 500 + " last", 200)

    assert cut.startswith("first é") and cut.endswith("é last")
    assert "bytes left out" in cut


def test_a_surrogate_is_no_fault() -> None:
    assert clipped("\udc80" * 500, 100).endswith("?")


@settings(deadline=None)
@given(PIECES)
def test_nothing_hidden_is_left(text: str) -> None:
    assert not set(visible(text)) & set("\x1b\x00\r\u200b\u202e")


@settings(deadline=None)
@given(PIECES)
def test_a_line_is_plain_text_in_markdown(text: str) -> None:
    found = list(tokens(inline(text)))

    assert {token.type for token in found} <= {"paragraph_open", "inline", "text", "paragraph_close"}
    said = "".join(token.content for token in found if token.type == "text")
    assert said.replace(ZERO_WIDTH, "") == line(text).replace(ZERO_WIDTH, "")


@settings(deadline=None)
@given(PIECES)
def test_no_address_becomes_a_link(text: str) -> None:
    assert not re.search(r"://|www\.\w|\w@\w", inline(text))


@settings(deadline=None)
@given(PIECES)
def test_a_block_is_one_block(text: str) -> None:
    assert [token.type for token in tokens(block(text))] == ["fence"]


@settings(deadline=None)
@given(PIECES)
def test_nobody_is_called_and_no_comment_opens(text: str) -> None:
    for shown in (muted(text), line(text), inline(text), block(text)):
        assert not re.search(r"@\w|<!", shown)
