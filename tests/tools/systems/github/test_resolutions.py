"""Resolutions on GitHub: pull requests of branches of the repository itself."""

from __future__ import annotations

import pytest

from orchestrate.errors import OutsideFailed
from orchestrate.models.conflict import ResolvedFile, ResolveOrder
from tests.tools.systems.github.conftest import Here


async def test_what_a_fork_holds_is_shown_to_nobody_and_not_pushed(here: Here) -> None:
    here.world.fork("fay", "better", {"hello": "from afar\n"})
    here.world.open("From afar", "better", "main", fork="fay", author="fay")
    here.world.repository.write("main", {"hello": "from here\n"}, "Meanwhile")

    conflict = await here.forge.conflict(await here.forge.change("2"))

    assert conflict.beyond == "the head is in a fork"
    file = ResolvedFile(path="hello", text="both\n")
    order = ResolveOrder(change="2", head=conflict.head, base=conflict.base, files=(file,), body="")
    with pytest.raises(OutsideFailed):
        await here.forge.resolve(order)
    assert "orchestrate" not in here.world.repository.git("for-each-ref", "refs/heads")
