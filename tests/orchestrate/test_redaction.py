"""Redaction: whatever form a known secret has, no text holds it; innocent texts stay as they are."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.models.deployment import Stage
from orchestrate.models.fact import Fact
from orchestrate.models.secret import MASK, Secret, forget, remember
from orchestrate.redaction import without_secrets, without_secrets_in, without_secrets_json

VALUE = "kN9/x+Tr0ub4dor&3=ü?canary"
MIDDLE = "Tr0ub4dor"

FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda value: value,
    "reversed": lambda value: value[::-1],
    "hex": lambda value: value.encode().hex(),
    "HEX": lambda value: value.encode().hex().upper(),
    "spaced hex": lambda value: value.encode().hex(" "),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "URL-safe base64": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64 with a user": lambda value: base64.b64encode(f"user:{value}".encode()).decode(),
    "base64 inside": lambda value: base64.b64encode(f"a{value}bc".encode()).decode(),
    "wrapped base64": lambda value: base64.encodebytes(f"{'x' * 44}{value}".encode()).decode(),
    "URL": lambda value: quote(value, safe=""),
    "URL path": lambda value: quote(value),
    "url": lambda value: re.sub("%..", lambda found: found[0].lower(), quote(value, safe="")),
    "form": quote_plus,
    "every byte": lambda value: "".join(f"%{one:02x}" for one in value.encode()),
    "JSON": json.dumps,
    "HTML": html.escape,
    "userinfo": lambda value: f"postgresql://shop:{quote(value, safe='')}@db/shop",
    "two lines": lambda value: f"{value[:9]}\n    {value[9:]}",
    "two strings": lambda value: f"'{value[:9]}' + '{value[9:]}'",
    "letter by letter": lambda value: " ".join(value),
    "zero width": lambda value: "\u200b".join(value),
}


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    Secret(VALUE)
    yield
    forget()


@pytest.mark.parametrize("form", FORMS)
def test_a_known_secret_stands_in_no_text(form: str) -> None:
    text = f"before {FORMS[form](VALUE)} after"

    told = without_secrets(text)

    assert MASK in told
    assert told.startswith("before ")
    assert told.endswith(" after")
    assert all(MIDDLE not in one for one in (told, told[::-1], "".join(told.split())))
    assert without_secrets(told) == told


@given(st.text(min_size=6, max_size=30).filter(lambda value: len(value.strip()) >= 6), st.text(max_size=20))
def test_any_secret_is_found_as_it_stands(value: str, around: str) -> None:
    forget()
    remember(value)
    text = f"{around} {value} {around}"

    told = without_secrets(text)

    line = max(value.splitlines(), key=len, default="").strip()
    assert len(line) < 6 or line not in told.replace(MASK, "")


def test_each_line_of_a_long_secret_is_found_by_itself() -> None:
    remember("-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n")

    assert without_secrets("it said MIIEvQIBADANBg and kqhkiG9w0BAQEF") == f"it said {MASK} and {MASK}"


INNOCENT = (
    "an ordinary line, 200 ok, 12 ms",
    "the password of postgres is wrong",
    "Tr0ub4dor alone is only a part",
    "0123456789abcdef0123456789abcdef01234567",
    "+ + + ''' \n\n \\",
)


@pytest.mark.parametrize("text", INNOCENT)
def test_an_innocent_text_stays_as_it_is(text: str) -> None:
    remember("postgres")
    remember("short")

    assert without_secrets(text) == text


def test_values_keep_their_shape() -> None:
    told = {"a": [VALUE, 1, None, (True, f"x{VALUE}")], "stage": Stage.DEPLOY}

    assert without_secrets_in(told) == {"a": [MASK, 1, None, (True, f"x{MASK}")], "stage": Stage.DEPLOY}


class Note(Fact):
    """Words."""

    text: str
    more: tuple[str, ...] = ()


def test_facts_stay_facts() -> None:
    note = Note(text=VALUE, more=("fine", VALUE))

    assert without_secrets_in({"note": note}) == {"note": Note(text=MASK, more=("fine", MASK))}
    assert without_secrets_in(calm := Note(text="calm")) is calm


def test_a_json_document_stays_one() -> None:
    remember("1234567")
    text = json.dumps({"at": 1234567.5, "said": [f"it is {VALUE}", "1234567"]})

    assert json.loads(without_secrets_json(text)) == {"at": 1234567.5, "said": [f"it is {MASK}", MASK]}
    assert without_secrets_json('{"a":1}') == '{"a":1}'
    assert without_secrets_json(f"no JSON: {VALUE}") == f"no JSON: {MASK}"


def test_a_megabyte_takes_no_time() -> None:
    for number in range(20):
        remember(f"{VALUE}-{number}")
    text = "an ordinary line of a log, 200 ok\n" * 30_000

    began = time.perf_counter()
    without_secrets(text)

    assert time.perf_counter() - began < 2.0
