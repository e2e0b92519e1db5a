from __future__ import annotations

import socket

import pytest

from orchestrate.demo import ports
from orchestrate.demo.story import Line, Tone, gates, shares
from orchestrate.demo.view import clock, plain
from orchestrate.errors import PortTaken
from orchestrate.models.deployment import Event, Stage


def gate(name: str, finding: str, text: str = "fine") -> Event:
    data = {"gate": name, "finding": finding}
    return Event(seq=1, deployment="D", at=0.0, stage=Stage.GATES, kind="gate", text=text, data=data)


def test_gates_that_pass_are_a_number() -> None:
    assert gates([gate("ci_checks", "pass"), gate("reviews", "pass")]) == ("all 2 gates pass", Tone.PLAIN)


def test_a_gate_that_fails_is_named_and_hides_what_is_only_unknown() -> None:
    said, tone = gates(
        [
            gate("reviews", "pass"),
            gate("no_conflict", "fail", "a.py conflicts"),
            gate("migrations", "unknown", "?"),
        ]
    )

    assert said == "1 of 3 gates pass, but no conflict: a.py conflicts"
    assert tone is Tone.BAD


def test_gates_that_are_unknown_are_named_when_none_fails() -> None:
    assert (
        gates([gate("reachable", "unknown", "no answer")])[0] == "0 of 1 gates pass, but reachable: no answer"
    )


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"blue": 90, "green": 10}, "customers: 10 % to green (new), 90 % to blue"),
        ({"green": 100}, "all customers to green (new)"),
        ({"blue": 100}, "all customers to blue"),
    ],
)
def test_shares_say_which_version_is_new(weights: dict[str, int], said: str) -> None:
    assert shares(weights, {"green"}) == said


def test_a_happening_is_one_line_with_the_time_since_the_beginning() -> None:
    line = Line(at=1065.4, who="change 1", where="staging", text="deployed")

    assert plain(line, 1000.0) == " 1:05  change 1  staging     deployed"
    assert clock(600.0) == "10:00"


def test_a_port_that_is_taken_is_an_error_before_anything_is_made() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(PortTaken, match="is taken") as refused,
    ):
        ports.chosen(taken.getsockname()[1])

    assert "--port" in refused.value.cure


def test_any_two_free_ports_can_be_asked_for() -> None:
    production, staging = ports.chosen(0)

    assert production != staging
    for port in (production, staging):
        ports.check_free(port)
