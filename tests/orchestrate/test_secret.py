"""The type of a secret: nothing but `reveal` gives it away."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import reprlib
import traceback
from collections.abc import Callable
from string import Template

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from pydantic import TypeAdapter

from orchestrate.models.secret import MASK, Secret, held

VALUE = "correct-horse-battery"
SECRET = Secret(VALUE)


@dataclasses.dataclass
class Holder:
    """Something that has a secret."""

    secret: Secret


SHOWN: dict[str, Callable[[], object]] = {
    "str": lambda: str(SECRET),
    "repr": lambda: repr(SECRET),
    "ascii": lambda: ascii(SECRET),
    "format": lambda: f"{SECRET:>30}",
    "percent": lambda: "%s %r" % (SECRET, SECRET),  # noqa: UP031
    "template": lambda: Template("$it").substitute(it=SECRET),
    "list": lambda: str([SECRET, {"a": SECRET}]),
    "reprlib": lambda: reprlib.repr(SECRET),
    "dataclass": lambda: f"{Holder(SECRET)} {dataclasses.asdict(Holder(SECRET))}",
    "default of JSON": lambda: json.dumps({"it": SECRET}, default=str),
}
REFUSED: dict[str, Callable[[], object]] = {
    "pickle": lambda: pickle.dumps(SECRET),
    "old pickle": lambda: pickle.dumps(SECRET, protocol=0),
    "JSON": lambda: json.dumps({"it": SECRET}),
    "a position": lambda: JsonPlusSerializer().dumps_typed({"it": SECRET}),
    "pydantic": lambda: TypeAdapter(dict[str, object]).dump_json({"it": SECRET}),
    "join": lambda: "".join([SECRET]),  # pyright: ignore
    "add": lambda: "x" + SECRET,  # pyright: ignore[reportOperatorIssue, reportUnknownLambdaType]
    "bytes": lambda: bytes(SECRET),  # pyright: ignore[reportArgumentType]
    "iterate": lambda: list(SECRET),  # pyright: ignore[reportArgumentType, reportUnknownLambdaType]
    "hash": lambda: {SECRET: 1},  # pyright: ignore[reportUnhashable]
    "state": lambda: SECRET.__getstate__(),
    "variables": lambda: vars(SECRET),
}


@pytest.mark.parametrize("way", SHOWN)
def test_a_shown_secret_is_masked(way: str) -> None:
    assert VALUE not in str(SHOWN[way]())


@pytest.mark.parametrize("way", REFUSED)
def test_a_secret_is_not_stored_joined_or_hashed(way: str) -> None:
    with pytest.raises(Exception) as refused:  # noqa: PT011, B017  each library has its own
        REFUSED[way]()

    assert VALUE not in "".join(traceback.format_exception(refused.value))


def test_a_logged_secret_is_masked(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("shop").warning("it is %s, %r", SECRET, [SECRET])

    assert VALUE not in caplog.text
    assert MASK in caplog.text


def test_a_secret_is_compared_with_secrets_alone() -> None:
    assert Secret(VALUE) == SECRET
    assert Secret("wrong") != SECRET
    assert SECRET != VALUE


def test_a_copy_of_a_secret_is_the_secret() -> None:
    assert copy.copy(SECRET) is SECRET
    assert copy.deepcopy([SECRET])[0] is SECRET


def test_a_secret_does_not_change() -> None:
    with pytest.raises(TypeError):
        SECRET._value = "another"


def test_the_process_knows_its_secrets_and_not_the_texts_they_are_part_of() -> None:
    made, text = Secret("known-value"), Secret.composed("https://known-value@shop")

    assert made.reveal() in held()
    assert text.reveal() not in held()
