"""Sign-offs by comment: exact, for one head, by the author the tracker proves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orchestrate.gates.signoff import sign_off
from orchestrate.models.task import Comment

HEAD = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d"


def said(text: str, *, edited: bool = False) -> Comment:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    return Comment(id="1", task="T-1", author="sam", text=text, at=at, edited=edited)


@pytest.mark.parametrize(
    "text", [f"security approved {HEAD}", f"Security approved {HEAD[:10]}.", f"QA approved {HEAD[:12]}\n"]
)
def test_a_comment_that_names_role_and_head_is_a_sign_off(text: str) -> None:
    label = sign_off(said(text))

    assert label is not None
    assert label.by == "sam"
    assert HEAD.startswith(label.sha or "-")


@pytest.mark.parametrize(
    "text",
    [
        "security approved",
        f"security approved {HEAD[:7]}",
        f"> security approved {HEAD}",
        f"`security approved {HEAD}`",
        f"security approved {HEAD} but wait",
        f"sеcurity approved {HEAD}",
        f"boss approved {HEAD}",
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert sign_off(said(text)) is None


def test_an_edited_comment_is_not() -> None:
    assert sign_off(said(f"security approved {HEAD}", edited=True)) is None


def test_a_sign_off_whose_author_nobody_proves_is_none() -> None:
    assert sign_off(said(f"security approved {HEAD}").model_copy(update={"proven": False})) is None
