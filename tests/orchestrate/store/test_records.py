"""Stories, logs, environments, announcements, verified versions and quarantines are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import Refused, UnknownEnvironment, UnknownVersion
from orchestrate.models.change import Version
from orchestrate.models.deployment import Outcome, Stage, Told
from orchestrate.models.environment import Component, Environment, EnvironmentType
from orchestrate.models.smoke import HttpSmoke
from orchestrate.models.windows import Window
from orchestrate.store import Store
from orchestrate.store.logs import Logs
from tests.orchestrate.store.facts import VERSION, Clock, accepted, driven

PRODUCTION = Environment(
    name="production",
    type=EnvironmentType.PRODUCTION,
    service="shop",
    components=(Component(name="web", run=("serve",), smoke=(HttpSmoke(name="root", path="/"),)),),
    variables={"GREETING": "grüß dich"},
    window=Window(),
    root=Path("/srv/shop"),
)
OLDER = Version(commit="a" * 40, tree="b" * 40, name="1.1.0")


def test_a_story_is_told_in_order(any_store: Store) -> None:
    first = any_store.events.add("one", Stage.PLAN, "note", "hello", {"by": "ada"})
    other = any_store.events.add("two", None, "note", "elsewhere")
    last = any_store.events.add("one", None, "note", "nul \x00 gone")

    assert any_store.events.of("one") == (first, last)
    assert any_store.events.of("one", after=first.seq) == (last,)
    assert any_store.events.of("one", limit=1) == (first,)
    assert any_store.events.tail(2) == (other, last)
    assert first.data == {"by": "ada"}


def test_several_lines_are_told_at_once_and_in_order(any_store: Store) -> None:
    told = [Told(kind="gate", text=f"gate {number}", data={"cure": "nul \x00"}) for number in range(3)]

    any_store.events.tell("one", Stage.GATES, told)
    any_store.events.tell("one", Stage.GATES, [])

    assert [one.text for one in any_store.events.of("one")] == ["gate 0", "gate 1", "gate 2"]
    assert any_store.events.of("one")[0].data == {"cure": "nul \ufffd"}


def test_log_lines_are_found_by_source_and_text(any_store: Store) -> None:
    any_store.logs.add("one", "build", "compiling\nerror: no such file\n")
    any_store.logs.add("one", "web/green", "listening\n")
    any_store.logs.add("two", "build", "error: elsewhere\n")
    any_store.logs.add("one", "build", "")

    lines = any_store.logs.read("one")

    assert [line.text for line in lines] == ["compiling", "error: no such file", "listening"]
    assert any_store.logs.read("one", source="web/green") == lines[2:]
    assert any_store.logs.read("one", contains="error") == lines[1:2]
    assert any_store.logs.read("one", limit=1) == lines[2:]


def test_a_long_log_keeps_its_beginning_and_its_end(store: Store) -> None:
    logs = Logs(store._database, kept_bytes=2_000)
    for number in range(200):
        logs.add("one", "build", f"line {number:03} {'x' * 30}\n")

    lines = [line.text for line in logs.read("one")]

    assert lines[0].startswith("line 000") and lines[-1].startswith("line 199")
    assert sum(len(line) for line in lines) < 2_200
    assert [line for line in lines if "left out" in line] == ["… 6000 bytes are left out here …"]


def test_one_huge_text_is_cut_in_the_middle_too(store: Store) -> None:
    store.logs.add("one", "build", "first\n" + "ä" * 3_000_000 + "\nlast\n")

    kept = store.logs.read("one", limit=10_000)

    assert (kept[0].text, kept[-1].text) == ("first", "last")
    assert sum(len(line.text.encode()) for line in kept) <= 1024 * 1024 + 10_000


def test_lines_of_a_long_text_stay_whole(store: Store) -> None:
    text = "".join(f"this is line {number}\n" for number in range(2_000))

    store.logs.add("one", "build", text)

    assert [line.text for line in store.logs.read("one", limit=5_000)] == text.splitlines()


def test_an_environment_read_back_is_the_one_saved(any_store: Store) -> None:
    changed = PRODUCTION.model_copy(update={"url": "https://shop.example"})
    staging = PRODUCTION.model_copy(update={"name": "staging", "type": EnvironmentType.STAGING})

    any_store.environments.save(PRODUCTION)
    any_store.environments.save(changed)
    any_store.environments.save(staging)

    assert any_store.environments.environment("production") == changed
    assert any_store.environments.all() == (changed, staging)


def test_a_deleted_or_unknown_environment_is_refused_with_those_there_are(any_store: Store) -> None:
    any_store.environments.save(PRODUCTION)

    for ask in (any_store.environments.environment, any_store.environments.delete):
        with pytest.raises(UnknownEnvironment, match=r"known: production"):
            ask("prod")
    any_store.environments.delete("production")
    assert any_store.environments.all() == ()


def test_an_announcement_is_made_once(any_store: Store) -> None:
    assert any_store.announcements.add("start/1", "one", "Start", "text")
    assert not any_store.announcements.add("start/1", "one", "Start", "other text")
    assert any_store.announcements.add("end/1", "one", "End", "text")

    latest = any_store.announcements.latest(5)

    assert [(one.marker, one.text) for one in latest] == [("end/1", "text"), ("start/1", "text")]


def test_what_was_verified_is_known_by_its_contents(any_store: Store) -> None:
    any_store.verified.record("staging", "shop", VERSION, "one")

    assert any_store.verified.last("staging", "shop") == VERSION
    assert any_store.verified.has("staging", "shop", VERSION.tree)
    assert not any_store.verified.has("production", "shop", VERSION.tree)
    assert any_store.verified.last("production", "shop") is None


def test_the_version_before_is_what_was_verified_before_that_deployment(
    timed_store: Store, clock: Clock
) -> None:
    first, second = accepted(timed_store).id, accepted(timed_store).id
    timed_store.verified.record("production", "shop", OLDER, first)
    clock.now += 1
    timed_store.verified.record("production", "shop", VERSION, second)

    assert timed_store.verified.before("production", "shop", first) is None
    assert timed_store.verified.before("production", "shop", second) == OLDER
    assert timed_store.verified.before("production", "shop", accepted(timed_store).id) == VERSION


def test_the_version_before_a_failed_deployment_does_not_change_later(
    timed_store: Store, clock: Clock
) -> None:
    timed_store.verified.record("production", "shop", OLDER, "first")
    clock.now += 1
    failed = driven(timed_store)
    timed_store.deployments.finish(failed, Outcome.ROLLED_BACK, "bad")
    clock.now += 1
    timed_store.verified.record("production", "shop", VERSION, "third")

    assert timed_store.verified.before("production", "shop", failed.deployment) == OLDER


def test_a_quarantine_holds_until_somebody_lifts_it(any_store: Store) -> None:
    for reason in ("errors", "again"):
        any_store.quarantine.add("production", "shop", "c" * 40, "7", reason, "one")

    (fault,) = any_store.quarantine.active("production", "shop")
    assert (fault.reason, fault.change, fault.lifted_by) == ("errors", "7", None)
    assert any_store.quarantine.active("production", "bank") == ()
    any_store.quarantine.lift("production", "c" * 40, "ada", "fixed in 8")
    assert any_store.quarantine.active("production", "shop") == ()
    with pytest.raises(UnknownVersion):
        any_store.quarantine.lift("production", "c" * 40, "ada", "again")


def test_a_commit_can_be_quarantined_again_after_it_was_lifted(any_store: Store) -> None:
    any_store.quarantine.add("production", "shop", "c" * 40, None, "errors", "one")
    any_store.quarantine.lift("production", "c" * 40, "ada", "try again")

    any_store.quarantine.add("production", "shop", "c" * 40, None, "still", "two")

    assert [one.reason for one in any_store.quarantine.active("production", "shop")] == ["still"]


def test_a_freeze_has_an_owner_a_reason_and_an_end(any_store: Store) -> None:
    clock = any_store.clock()

    called = any_store.freezes.call("production", "shop", "ada", "database moves", clock + 60)

    assert (called.by, called.reason) == ("ada", "database moves")
    assert any_store.freezes.now("production", "shop") == called
    assert any_store.freezes.now("production", "bank") is None
    assert any_store.freezes.now("staging", "shop") is None


def test_a_freeze_is_over_by_itself(timed_store: Store, clock: Clock) -> None:
    timed_store.freezes.call("production", "shop", "ada", "database moves", clock.now + 60)

    clock.now += 60

    assert timed_store.freezes.now("production", "shop") is None
    with pytest.raises(Refused, match="nobody froze production"):
        timed_store.freezes.lift("production", "shop", "ada")


def test_a_freeze_is_replaced_by_its_owner_and_by_nobody_else(any_store: Store) -> None:
    until = any_store.clock() + 60
    any_store.freezes.call("production", "shop", "ada", "database moves", until)

    with pytest.raises(Refused, match="frozen by ada until .*: database moves"):
        any_store.freezes.call("production", "shop", "rob", "launch", until)
    any_store.freezes.call("production", "shop", "ada", "it takes longer", until + 60)

    assert any_store.freezes.lift("production", "shop", "rob").reason == "it takes longer"
    assert [one.kind.value for one in any_store.audit.entries()] == ["frozen", "frozen", "thawed"]


def test_a_freeze_that_is_over_already_is_refused(any_store: Store) -> None:
    with pytest.raises(Refused, match="has passed"):
        any_store.freezes.call("production", "shop", "ada", "launch", any_store.clock() - 1)
