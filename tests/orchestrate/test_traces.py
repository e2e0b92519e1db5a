"""What a log says went wrong is told apart by what broke, and never by when, where or for whom."""

from __future__ import annotations

import time
import traceback
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from orchestrate.traces import LONGEST, masked, new_kinds, traces

PYTHON = """\
Traceback (most recent call last):
  File "/srv/shop/releases/{hex}/shop/server.py", line {n}, in serve
    answer = self.route(path)
             ^^^^^^^^^^^^^^^^
  File "/srv/shop/releases/{hex}/shop/{module}.py", line {n}, in {name}
    return rates[code]
  File "/usr/lib/python3.11/json/decoder.py", line {n}, in decode
    raise JSONDecodeError("Expecting value", s, err.value) from None
KeyError: 'order {id} at {address}'"""
JAVA = """\
{time} ERROR [http-{n}] com.shop.Api - request {id} failed
java.lang.IllegalStateException: order {id} of {address} is gone
	at com.shop.Api.serve(Api.java:{n})
	at java.base/java.lang.Thread.run(Thread.java:{n})
Caused by: com.shop.NoRates: no rates at {time} for 0x{hex}
	at com.shop.{module}.{name}(Money.java:{n})
	at com.shop.{module}$$Lambda$14/0x{hex}.call(Unknown Source)
	at com.shop.Api.serve(Api.java:{n})
	... {n} more"""
NODE = """\
TypeError: Cannot read properties of undefined (reading 'rate{n}')
    at {name} (/srv/shop/releases/{hex}/src/{module}.js:{n}:{n})
    at async /srv/shop/releases/{hex}/src/server.js:{n}:{n}
    at process.processTicksAndRejections (node:internal/process/task_queues:{n}:{n})"""
GO = """\
panic: runtime error: index out of range [{n}] with length {n}

goroutine {n} [running]:
main.(*{module}).{name}(0x{hex}, {{0x{hex}, 0x{n}}})
	/srv/shop/releases/{hex}/money.go:{n} +0x{n}
net/http.HandlerFunc.ServeHTTP(0x{hex}, {{0x{hex}, 0x{hex}}}, 0x{hex})
	/usr/local/go/src/net/http/server.go:{n} +0x{n}

goroutine {n} [select]:
main.other()"""
SHAPES = {"python": PYTHON, "java": JAVA, "node": NODE, "go": GO}
circumstances = some.fixed_dictionaries(
    {
        "n": some.integers(1, 999_999_999),
        "hex": some.integers(0x1000000, 0xFFFFFFFFFFFF).map("{:x}0".format),
        "id": some.uuids().map(str),
        "address": some.builds("{}:{}".format, some.ip_addresses(v=4), some.integers(1024, 65_535)),
        "time": some.datetimes(datetime(2000, 1, 1), timezones=some.just(UTC)).map(datetime.isoformat),
    }
)
FIRST: dict[str, object] = {
    "n": 1,
    "hex": "c000012345",
    "id": "6f1ed002-ab55-4d2e-9c29-1f3a1b2c3d4e",
    "address": "10.0.0.1:8080",
    "time": "2026-11-21T03:24:00+00:00",
}


def log(shape: str, facts: dict[str, object], module: str = "Money", name: str = "rate") -> list[str]:
    text = SHAPES[shape].format(**facts, module=module, name=name)
    return ["listening", *text.splitlines(), "", "GET /health 200"]


@pytest.mark.parametrize("shape", SHAPES)
def test_one_trace_is_found_from_its_first_line_to_its_last(shape: str) -> None:
    lines = log(shape, FIRST)

    (found,) = traces(lines)

    assert found.text == "\n".join(lines[found.at : found.at + len(found.text.splitlines())])
    assert "listening" not in found.text and "/health" not in found.text


def test_what_broke_is_named_in_each_language() -> None:
    found = {shape: traces(log(shape, FIRST))[0] for shape in SHAPES}

    assert {shape: (one.exception, one.frames[0]) for shape, one in found.items()} == {
        "python": ("KeyError", "shop/Money.py:rate"),
        "java": ("com.shop.NoRates", "com.shop.Money.rate"),
        "node": ("TypeError", "src/Money.js:rate"),
        "go": ("panic: runtime error: index out of range [<n>] with length <n>", "main.(*Money).rate"),
    }


@pytest.mark.parametrize("shape", SHAPES)
@settings(deadline=None, max_examples=30)
@given(facts=circumstances)
def test_circumstances_change_nothing(shape: str, facts: dict[str, object]) -> None:
    assert traces(log(shape, facts))[0].identity == traces(log(shape, FIRST))[0].identity


@pytest.mark.parametrize("shape", SHAPES)
def test_another_top_frame_is_another_defect(shape: str) -> None:
    ours = traces(log(shape, FIRST))[0].identity

    assert traces(log(shape, FIRST, name="convert"))[0].identity != ours
    assert traces(log(shape, FIRST, module="Tax"))[0].identity != ours


@pytest.mark.parametrize("shape", SHAPES)
def test_a_log_of_many_is_read_in_order(shape: str) -> None:
    lines = [line for one in SHAPES for line in log(one, FIRST)] + log(shape, FIRST, name="convert")

    found = traces(lines)

    assert len(found) == len(SHAPES) + 1
    assert [trace.at for trace in found] == sorted(trace.at for trace in found)


def raised(how: str) -> list[str]:
    try:
        _raise(how)
    except (ValueError, LookupError):
        return traceback.format_exc().splitlines()
    raise AssertionError(how)


def _raise(how: str) -> None:
    try:
        int("x")
    except ValueError as problem:
        if how == "alone":
            raise
        if how == "cause":
            raise LookupError("no rate") from problem
        raise LookupError("no rate")  # noqa: B904 - that is what is tried


@pytest.mark.parametrize(
    ("how", "exception"), [("alone", "ValueError"), ("cause", "ValueError"), ("context", "LookupError")]
)
def test_of_a_chain_the_cause_counts(how: str, exception: str) -> None:
    (found,) = traces(raised(how))

    assert found.exception == exception
    assert found.frames[0] == "orchestrate/test_traces.py:_raise"
    assert found.text.splitlines() == raised(how)


def test_a_trace_that_breaks_off_is_one_still() -> None:
    (found,) = traces(PYTHON.format(**FIRST, module="Money", name="rate").splitlines()[:-1])

    assert found.frames[0] == "shop/Money.py:rate"


def test_an_endless_trace_is_cut() -> None:
    frames = ['  File "a.py", line 1, in again'] * 5 * LONGEST

    found = traces(["Traceback (most recent call last):", *frames, "RecursionError: too deep"])

    assert len(found[0].text.splitlines()) == LONGEST


@pytest.mark.parametrize("text", ["Error: all good", "    at last", "panic: no", "Traceback", "goroutine 1"])
def test_what_only_looks_like_a_trace_is_none(text: str) -> None:
    assert traces([text, "and on it goes", text]) == ()


@settings(deadline=None, max_examples=50)
@given(circumstances)
def test_the_kind_of_a_line_leaves_out_its_circumstances(facts: dict[str, object]) -> None:
    line = "{time} {id} {hex} from {address} took {n} ms, 0.{n}s, rate({n}) = 'x{n}' at 0x{hex}, a.py:{n}"

    assert masked(line.format(**facts)) == masked(line.format(**FIRST))


def test_lines_that_were_there_before_are_no_news() -> None:
    found = new_kinds(["took 5 ms", "no rate for 'EUR'", "no rate for 'CHF'", ""], ["took 7 ms"])

    assert found == {"no rate for <text>": 2}


@pytest.mark.parametrize(
    "line", ["'" * 5000, "a.b" * 2000, "((" * 2000, "panic: x(" * 500, "    at " + "a/" * 2000, "\\'" * 2500]
)
def test_hostile_lines_are_read_in_no_time(line: str) -> None:
    began = time.process_time()

    traces(["panic: x", "goroutine 1", *[line] * 20, "Error", *[line] * 20])
    new_kinds([line] * 20, [])

    assert time.process_time() - began < 2
