"""Names of pull requests: which are ours, and what is nobody's."""

from __future__ import annotations

import pytest

from tools.systems.pull_names import change_in, number_of

OURS = "https://github.com/acme/shop"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"see {OURS}/pull/128.", "128"),
        (f"<{OURS}/pull/128/files>", "128"),
        (f"[PR]({OURS}/pull/128#issuecomment-7)", "128"),
        ("HTTPS://GitHub.com/Acme/Shop/pull/128".replace("HTTPS", "https"), "128"),
        (f"as in https://github.com/acme/other/pull/5, now {OURS}/pull/128", "128"),
        ("https://github.com/acme/other/pull/5", "https://github.com/acme/other/pull/5"),
        (f"{OURS}-evil/pull/5", f"{OURS}-evil/pull/5"),
        (f"{OURS}/pull/../../other/pull/5", f"{OURS}/pull/../../other/pull/5"),
        ("nothing of that kind", None),
        (f"{OURS}/issues/7", None),
    ],
)
def test_an_address_of_our_repository_names_a_change_of_ours(text: str, found: str | None) -> None:
    assert change_in(text, OURS) == found


def test_where_no_repository_is_known_any_address_is_one_of_ours() -> None:
    assert change_in("https://gitlab.com/acme/shop/-/merge_requests/7") == "7"


@pytest.mark.parametrize(
    "name",
    [
        "7",
        "#7",
        " acme/shop#7 ",
        "Acme/Shop#7",
        *(f"{OURS}/pull/7{end}" for end in ("", "/", "/files", "#x")),
    ],
)
def test_a_pull_request_has_many_names(name: str) -> None:
    assert number_of(name, OURS, "acme/shop") == "7"


@pytest.mark.parametrize(
    "name",
    ["", "0", "x7", "7/files", "7 8", "##7", "acme/shop##7", "acme/other#7", "٧", f"{OURS}/pull/", "9" * 11],
)
def test_another_name_means_none(name: str) -> None:
    assert number_of(name, OURS, "acme/shop") is None
