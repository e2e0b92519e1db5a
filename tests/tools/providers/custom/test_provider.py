"""The custom provider: commands that lie, fail, hang or are missing, and words that no shell ever reads."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from orchestrate.errors import CommandFailed, EffectRefused, OutsideFailed, ProgramMissing, StartFailed
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.hosts import Custom
from orchestrate.models.move import Drain, SetTraffic, Start, Stop, Verify
from orchestrate.models.smoke import HealthCheck
from tests.contracts.provider_worlds import in_a_file
from tests.servers.sample_service import component, environment, silent, version
from tools.providers.custom.provider import CustomProvider

ONE, TWO = version("v1"), version("v2")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "place.json"


def provided(place: Path, **commands: tuple[str, ...]) -> tuple[CustomProvider, Component]:
    """A provider on `place`, some of whose commands are others; what is built elsewhere needs no build."""
    usual: dict[str, tuple[str, ...]] = {"build": (), "artifact": ()}
    own = in_a_file(place).model_copy(update=usual | commands)
    web = component(provider="custom", run=(), custom=own, health=HealthCheck(start_seconds=1))
    given = environment(place.parent / "root", web, variables={"TOKEN": "${WORD}"}, secrets=("WORD",))
    return CustomProvider(given, lambda _: "s3cret word", filled=_filled), web


def _filled(text: str) -> str:
    return text.replace("${WORD}", "s3cret word")


def start(slot: str = "blue", version: Version = ONE) -> Start:
    return Start(component="web", slot=slot, version=version, instances=1)


def python(code: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", code, *words)


async def test_no_shell_reads_what_is_filled_in(place: Path) -> None:
    heard = place.with_name("heard")
    code = f"import sys; open({str(heard)!r}, 'w').write(repr(sys.argv[1:])); sys.exit(9)"
    provider, web = provided(place, start=python(code, "{version}", "{slot}-{instances}"))
    strange = Version(commit="c" * 40, tree="t" * 40, name="$(touch x); {slot} 'a\" b")

    with pytest.raises(StartFailed, match="ended with 9"):
        await provider.apply(web, start(version=strange), silent)

    assert heard.read_text() == repr([strange.name, "blue-1"])


async def test_secrets_are_in_the_environment_and_in_no_argument(place: Path) -> None:
    heard = place.with_name("heard")
    code = f"import os, sys; open({str(heard)!r}, 'w').write(repr((sys.argv, dict(os.environ))))"
    provider, web = provided(place, drain=python(code, "{slot}"))

    await provider.apply(web, start(), silent)
    await provider.apply(web, Drain(component="web", slot="blue", seconds=1), silent)

    arguments, _, around = heard.read_text().partition("{")
    assert "s3cret" not in arguments and around.count("s3cret word") == 2


async def test_a_place_without_shares_takes_all_or_nothing(place: Path) -> None:
    provider, web = provided(place, traffic=())
    await provider.apply(web, start(), silent)
    await provider.apply(web, start("green", TWO), silent)

    with pytest.raises(EffectRefused, match="there is no `traffic` command"):
        await provider.apply(web, _traffic({"blue": 50, "green": 50}), silent)


async def test_a_switch_that_half_succeeds_is_seen(place: Path) -> None:
    provider, web = provided(place)
    await provider.apply(web, start(), silent)
    half = web.model_copy(update={"custom": _own(web, traffic=("true",))})

    with pytest.raises(StartFailed, match="`status` shows {}, asked was"):
        await provider.apply(half, _traffic({"blue": 100}), silent)


async def test_what_really_runs_is_what_the_status_says(place: Path) -> None:
    provider, web = provided(place)
    await provider.apply(web, start(), silent)
    found = json.loads(place.read_text())
    found["slots"]["blue"]["version"] = "somebody's"
    place.write_text(json.dumps(found))

    (slot,) = (await provider.running(web)).slots

    assert slot.version == ONE and [one.tree for one in slot.instances] == ["somebody's"]
    with pytest.raises(StartFailed, match="blue runs another version"):
        await provider.apply(web, start(), silent)


async def test_where_the_status_does_not_say_the_version_what_was_started_counts(place: Path) -> None:
    provider, web = provided(place)
    await provider.apply(web, start(), silent)
    _unsay(place)
    with pytest.raises(StartFailed, match="blue runs another version"):
        await provider.apply(web, start("blue", TWO), silent)
    await provider.apply(web, start(), silent)
    _unsay(place)
    (record,) = place.parent.rglob("slots/web/blue.json")
    record.write_text("{")

    with pytest.raises(StartFailed, match=f"which version blue runs .{record} cannot be read") as told:
        await provider.apply(web, start(), silent)

    assert "put back what says" in told.value.cure


def _unsay(place: Path) -> None:
    """The status does not tell which version runs."""
    found = json.loads(place.read_text())
    found["slots"]["blue"]["version"] = ""
    place.write_text(json.dumps(found))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (python("print('all is well')"), "`status` wrote something else: Invalid JSON"),
        (python("print('{}')"), "slots: Field required"),
        (python('print(\'{"slots": {"blue": {"instances": [{}]}}}\')'), "slots.blue.instances.0.id"),
        (python("import sys; sys.exit('no answer')"), "no answer"),
    ],
)
async def test_a_status_that_says_nothing_is_no_status(
    place: Path, status: tuple[str, ...], said: str
) -> None:
    provider, web = provided(place, status=status)

    with pytest.raises(OutsideFailed, match=said.replace(".", r"\.")):
        await provider.running(web)


async def test_a_start_that_never_gets_well_is_taken_back(place: Path) -> None:
    provider, web = provided(place, start=("true",))

    with pytest.raises(StartFailed, match="0 instead of 1 instances run"):
        await provider.apply(web, start(), silent)

    assert (await provider.running(web)).slots == ()


async def test_a_program_that_is_not_there_is_named(place: Path) -> None:
    provider, web = provided(place, stop=("no-such-program",))
    await provider.apply(web, start(), silent)

    with pytest.raises(ProgramMissing, match="no-such-program"):
        await provider.apply(web, Stop(component="web", slot="blue", version=ONE, instances=1), silent)


async def test_a_command_that_hangs_is_ended(place: Path) -> None:
    provider, web = provided(place, start=python("import time; time.sleep(60)"))
    slow = environment(place.parent / "root", web, move_timeout=1)
    provider = CustomProvider(slow, None)

    with pytest.raises(CommandFailed, match="did not end in time"):
        await provider.apply(web, start(), silent)


async def test_only_moves_are_done(place: Path) -> None:
    provider, web = provided(place)

    with pytest.raises(EffectRefused, match="it is no move of a provider"):
        await provider.apply(web, Verify(component="web", slot="blue", version=ONE), silent)


async def test_without_build_and_artifact_the_commit_is_what_there_is(place: Path) -> None:
    provider, web = provided(place)

    found = await provider.artifact(web, ONE)

    assert found is not None and found.digest == ONE.tree


def _own(web: Component, **commands: tuple[str, ...]) -> Custom:
    assert web.custom is not None
    return web.custom.model_copy(update=dict(commands))


def _traffic(weights: dict[str, int]) -> SetTraffic:
    return SetTraffic(component="web", was={}, weights=weights)
