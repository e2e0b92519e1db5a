"""What the engine is told and what it tells, without one: commands are values."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrate.errors import EffectRefused, Unreachable
from orchestrate.models.hosts import Docker
from orchestrate.models.move import Verify
from tests.servers.sample_service import component, silent, version
from tools.providers.docker.containers import Container, Order, body_of, name_of
from tools.providers.docker.ignored import Ignored
from tools.providers.docker.images import tagged
from tools.providers.docker.outputs import unframed
from tools.providers.docker.provider import ContainerProvider

ONE = version("v1")


def order(**facts: object) -> Order:
    web = component(provider="docker", memory_limit=64, **facts)
    return Order(web, "blue", 1, ONE, "sha256:1", 4711, {"COLOUR": "green"})


def test_a_container_is_limited_known_by_its_labels_and_reached_from_this_machine_alone() -> None:
    words = ("run", "{port}")
    body = body_of(order(run=words, docker=Docker(cpus=150, port=80, user="nobody")), "place")

    host = body["HostConfig"]
    assert isinstance(host, dict)
    assert host["PortBindings"] == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "4711"}]}
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (64 * 2**20, 64 * 2**20, 1_500_000_000)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert (body["Cmd"], body["User"], body["Env"]) == (["run", "80"], "nobody", ["COLOUR=green"])
    assert Container.model_validate({"Id": "x", "Image": "sha256:1", "Config": body}).tree == ONE.tree


def test_an_image_keeps_its_own_words_where_there_are_no_others() -> None:
    assert "Cmd" not in body_of(order(run=()), "place")


def test_a_name_is_one_that_the_engine_takes() -> None:
    assert name_of(order(), "-my shop", "prod/eu") == "my-shop-prod-eu-web-blue-1"


def test_a_container_of_another_image_than_its_label_says_runs_that() -> None:
    body = body_of(order(), "place")

    assert Container.model_validate({"Id": "x", "Image": "sha256:2", "Config": body}).tree == "image sha256:2"


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("registry.example:5000/shop:{version}", "registry.example:5000/shop:v1"),
        ("shop:{tree}-{commit}", f"shop:{ONE.tree}-{ONE.commit}"),
    ],
)
def test_the_tag_of_a_version_is_the_settings_word(image: str, expected: str) -> None:
    assert tagged(component(docker=Docker(image=image)), ONE) == expected


@pytest.mark.parametrize(
    ("lines", "name", "expected"),
    [
        ("*.log", "a.log", True), ("*.log", "deep/a.log", False), ("**/*.log", "deep/a.log", True),
        ("**/*.log", "a.log", True), ("deep", "deep/a/b", True), ("deep/", "deep/a", True),
        ("/deep", "deep/a", True), ("de?p", "deep", True), ("*\n!keep", "keep", False),
        ("*\n!keep", "gone", True),
        ("# deep", "deep", False), ("*", "Dockerfile", False), ("a.c", "abc", False), ("", "a", False),
    ],
)  # fmt: skip
def test_a_dockerignore_hides_what_docker_hides(
    tmp_path: Path, lines: str, name: str, expected: bool
) -> None:
    (tmp_path / ".dockerignore").write_text(lines)

    assert Ignored.of(tmp_path, "Dockerfile").hides(name) is expected


def test_both_streams_of_a_container_are_one() -> None:
    frames = b"\1\0\0\0\0\0\0\3out\2\0\0\0\0\0\0\3err"

    assert unframed(frames) == b"outerr"
    assert unframed(b"a terminal says it plainly") == b"a terminal says it plainly"


async def test_an_engine_that_is_not_there_is_named_with_its_socket(nowhere: ContainerProvider) -> None:
    web = component(provider="docker", docker=nowhere._environment.components[0].docker)

    with pytest.raises(Unreachable, match=r"no Docker engine answers at .*/no\.sock") as told:
        await nowhere.running(web)

    assert "start the Docker engine" in told.value.cure


async def test_only_moves_are_done(nowhere: ContainerProvider) -> None:
    with pytest.raises(EffectRefused, match="it is no move of a provider"):
        await nowhere.apply(component(), Verify(component="web", slot="blue", version=ONE), silent)
