from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrate.errors import BuildFailed, EffectRefused, ProgramMissing
from orchestrate.models.change import Version
from orchestrate.models.environment import Component
from orchestrate.models.runtime import Artifact
from tests.servers.sample_service import component, environment, silent, version
from tools.provider import Say
from tools.providers.fleet.layout import Layout
from tools.providers.fleet.polling import until
from tools.providers.process.identity import identity_of
from tools.providers.process.releases import Releases

V1 = version("v1")
PYTHON = (sys.executable, "-S", "-c")


async def files(version: Version, into: Path) -> None:
    (into / "app").mkdir()
    (into / "app" / "main.txt").write_text("hello\n")
    (into / "run.sh").write_text("#!/bin/sh\n")
    (into / "run.sh").chmod(0o755)
    (into / "link").symlink_to("app")


def releases(root: Path, **facts: object) -> Releases:
    return Releases(Layout(root), environment(root, **facts))


async def build(root: Path, part: Component, say: Say = silent, **facts: object) -> Artifact:
    return await releases(root, **facts).build(part, V1, files, say)


def left(root: Path) -> list[str]:
    return [path.name for path in (root / "releases" / "web").iterdir()]


async def test_a_release_holds_the_files_of_its_version(tmp_path: Path) -> None:
    built = await build(tmp_path, component())

    place = Path(built.location)
    assert (place / "app" / "main.txt").read_text() == "hello\n"
    assert stat.S_IMODE((place / "run.sh").stat().st_mode) == 0o755
    assert left(tmp_path) == [V1.tree]


async def test_the_same_files_have_the_same_digest_everywhere(tmp_path: Path) -> None:
    one = await build(tmp_path / "one", component())
    two = await build(tmp_path / "two", component())

    assert one.digest == two.digest
    assert len(one.digest) == 64


@pytest.mark.parametrize("damage", ["contents", "mode", "missing", "link", "manifest"])
async def test_a_damaged_release_is_no_artifact_and_is_built_again(tmp_path: Path, damage: str) -> None:
    built = await build(tmp_path, component())
    place = Path(built.location)
    match damage:
        case "contents":
            (place / "app" / "main.txt").write_text("hallo\n")
        case "mode":
            (place / "run.sh").chmod(0o644)
        case "missing":
            (place / "run.sh").unlink()
        case "link":
            (place / "link").unlink()
            (place / "link").symlink_to("/etc")
        case _:
            manifest = place.parent / "manifest.json"
            manifest.write_text(manifest.read_text().replace("755 ", "777 "))

    assert await releases(tmp_path).artifact(component(), V1) is None
    assert await build(tmp_path, component()) == built
    assert left(tmp_path) == [V1.tree]


async def test_files_that_a_service_adds_do_not_damage_its_release(tmp_path: Path) -> None:
    built = await build(tmp_path, component())

    (Path(built.location) / "cache.bin").write_bytes(b"1")

    assert await releases(tmp_path).artifact(component(), V1) == built


async def test_build_commands_run_in_the_folder_of_the_component(tmp_path: Path) -> None:
    said: list[str] = []
    part = component(path="app", build=((*PYTHON, "print(open('main.txt').read()); open('made', 'w')"),))

    built = await build(tmp_path, part, said.append)

    assert (Path(built.location) / "app" / "made").exists()
    assert "hello" in said


async def test_a_build_sees_the_variables_and_nothing_else_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_TOKEN", "hush")
    said: list[str] = []
    part = component(build=((*PYTHON, "import os; print(sorted(os.environ))"),))

    await build(tmp_path, part, said.append, variables={"COLOUR": "red"}, secrets=("SECRET_WORD",))

    assert said[-1].replace("'LC_CTYPE', ", "") == "['COLOUR', 'COMMIT', 'HOME', 'LANG', 'PATH', 'VERSION']"


async def test_a_failing_command_ends_the_build_with_the_output_end(tmp_path: Path) -> None:
    part = component(build=((*PYTHON, "print('1 test failed'); raise SystemExit(4)"), ("never", "run")))

    with pytest.raises(BuildFailed, match=r"ended with 4: 1 test failed"):
        await build(tmp_path, part)

    assert left(tmp_path) == []


async def test_a_missing_build_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="no-such-builder is not installed") as caught:
        await build(tmp_path, component(build=(("no-such-builder", "all"),)))

    assert "no-such-builder" in caught.value.cure
    assert left(tmp_path) == []


async def test_a_build_that_takes_too_long_is_ended_with_its_descendants(tmp_path: Path) -> None:
    said: list[str] = []
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {child!r}])"

    with pytest.raises(BuildFailed, match="did not end in time"):
        await build(tmp_path, component(build=((*PYTHON, program),)), said.append, move_timeout=1)

    assert await until(lambda: identity_of(int(said[-1])) is None, 2)
    assert left(tmp_path) == []


async def test_a_build_does_not_wait_for_what_it_left_in_the_background(tmp_path: Path) -> None:
    child = "import time; time.sleep(60)"
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-S', '-c', {child!r}])"

    began = time.monotonic()
    await build(tmp_path, component(build=((*PYTHON, program),)))

    assert time.monotonic() - began < 3


async def test_a_cancelled_build_leaves_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    part = component(build=((*PYTHON, "import os, time; print(os.getpid(), flush=True); time.sleep(60)"),))
    building = asyncio.create_task(build(tmp_path, part, said.append))
    while len(said) < 2:
        await asyncio.sleep(0.02)

    building.cancel()
    await asyncio.gather(building, return_exceptions=True)

    assert await until(lambda: identity_of(int(said[-1])) is None, 2)
    assert left(tmp_path) == []


async def test_endless_output_is_told_up_to_a_bound(tmp_path: Path) -> None:
    said: list[str] = []
    program = "for n in range(20_000): print(n)\nprint('z' * 100_000)\nraise SystemExit(1)"

    with pytest.raises(BuildFailed, match="zzz") as caught:
        await build(tmp_path, component(build=((*PYTHON, program),)), said.append)

    assert len(said) < 5_100
    assert len(str(caught.value)) < 25_000


async def test_two_builders_of_one_version_both_have_it(tmp_path: Path) -> None:
    part = component(build=((*PYTHON, "import time; time.sleep(0.3)"),))

    one, two = await asyncio.gather(build(tmp_path, part), build(tmp_path, part))

    assert one == two
    assert left(tmp_path) == [V1.tree]


async def test_what_a_killed_builder_left_is_removed_by_the_next(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-S", "-c", ""])
    dead.wait()
    abandoned = tmp_path / "releases" / "web" / f".build-{dead.pid}-123-abc"
    (abandoned / "files").mkdir(parents=True)

    await build(tmp_path, component())

    assert left(tmp_path) == [V1.tree]


@pytest.mark.parametrize("path", ["nowhere", "../..", "/etc"])
async def test_a_component_lives_inside_its_release(tmp_path: Path, path: str) -> None:
    with pytest.raises(BuildFailed, match="the repository has no folder"):
        await build(tmp_path, component(path=path))


async def test_no_name_leads_out_of_the_root(tmp_path: Path) -> None:
    with pytest.raises(EffectRefused):
        await build(tmp_path, component(name="../web"))
