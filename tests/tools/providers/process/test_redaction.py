from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from tools.providers.fleet.redaction import MARK, Redactor

SECRETS = ("hunter2-hunter2", "hunter2", "aabaab", "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\n-----END KEY-----")
PIECES = some.lists(some.sampled_from([*SECRETS, "hunter", "aab", "a", " ", "\n", "MIIEp", "innocent"]))


@given(PIECES, some.lists(some.integers(0, 60), max_size=8))
def test_no_secret_passes_wherever_the_stream_is_cut(pieces: list[str], cuts: list[int]) -> None:
    stream = "".join(pieces).encode()
    redactor = Redactor(SECRETS)

    passed = b""
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(stream)], strict=True):
        passed += redactor.passed(stream[start:end])
    passed += redactor.rest()

    for secret in SECRETS:
        assert secret.encode() not in passed


def test_what_is_no_secret_passes_unchanged() -> None:
    redactor = Redactor(SECRETS)

    passed = redactor.passed(b"hunting hunter") + redactor.passed(b"s\n") + redactor.rest()

    assert passed == b"hunting hunters\n"


def test_a_secret_is_replaced_by_a_mark() -> None:
    redactor = Redactor(["hunter2"])

    assert redactor.passed(b"password=hun") + redactor.passed(b"ter2\n") == b"password=" + MARK + b"\n"


def test_a_short_word_is_no_secret() -> None:
    assert Redactor(["true"]).passed(b"it is true\n") == b"it is true\n"
