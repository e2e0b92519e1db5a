"""Calls of AWS in the words of whoever must allow them."""

from __future__ import annotations

import pytest

from tools.systems.aws_calls import Call


@pytest.mark.parametrize(
    ("call", "action"),
    [
        (Call.UPDATE_SERVICE, "ecs:UpdateService"),
        (Call.MODIFY_RULE, "elasticloadbalancing:ModifyRule"),
        (Call.OBJECTS, "s3:ListBucket"),
        (Call.HEAD, "s3:GetObject"),
        (Call.UPDATE_DISTRIBUTION, "cloudfront:UpdateDistribution"),
    ],
)
def test_a_call_is_named_as_policies_name_it(call: Call, action: str) -> None:
    assert call.action == action
