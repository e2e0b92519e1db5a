from __future__ import annotations

import asyncio
import gzip
import ssl
import sys
import time
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

import pytest

from orchestrate.errors import Unreachable
from orchestrate.models.smoke import HealthCheck
from tests.servers.answering import Heard, Reply, answering, pages
from tests.servers.raw import answering as saying
from tests.servers.raw import speaking
from tools.fetch import LONGEST, Ask, fetch, json_of
from tools.health import check
from tools.reach import LOOPBACK, Reach

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
HEALTH = HealthCheck(path="/", expect={"status": "ok"}, timeout=1)


async def test_a_host_is_looked_up_once_and_the_connection_is_held_to_it() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    heard: list[Heard] = []
    with answering(lambda one: heard.append(one) or Reply()) as address:
        port = address.partition(":")[2]
        ask = Ask(url=f"http://localhost:{port}/x", reach=Reach(LOOPBACK.hosts, rebinding))
        assert (await fetch(ask)).status == 200

        with pytest.raises(Unreachable, match="leads to 169.254.169.254, inside"):
            await fetch(ask)

    assert asked == ["localhost", "localhost"]
    assert [one.headers["host"] for one in heard] == [f"localhost:{port}"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere this machine has one loopback address")
async def test_the_address_that_was_looked_up_is_the_one_that_is_connected_to() -> None:
    async def second(host: str, port: int) -> list[str]:
        return ["127.0.0.2"]

    reach = Reach(LOOPBACK.hosts, second)
    with answering(pages({"/": Reply()})) as address:
        port = address.partition(":")[2]
        with pytest.raises(Unreachable):
            await fetch(Ask(url=f"http://localhost:{port}/", reach=reach))
        assert not (await check(f"localhost:{port}", HealthCheck(path=""), reach)).ok


async def test_the_name_is_still_what_a_certificate_is_asked_for() -> None:
    asked: list[str | None] = []
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.sni_callback = lambda _, name, __: asked.append(name)

    async def refuse(reader: StreamReader, writer: StreamWriter) -> None:
        await writer.start_tls(secure)

    async with speaking(refuse) as port:
        with pytest.raises(Unreachable):
            await fetch(Ask(url=f"https://localhost:{port}/", reach=LOOPBACK))

    assert asked == ["localhost"]


async def test_the_next_address_is_tried_when_the_first_takes_no_connection() -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["::1", "127.0.0.1"]

    with answering(pages({"/": Reply()})) as address:
        url = f"http://localhost:{address.partition(':')[2]}/"
        assert (await fetch(Ask(url=url, reach=Reach(LOOPBACK.hosts, two)))).status == 200


@pytest.mark.parametrize(
    "path",
    ["@evil.test/", ":80@evil.test/", ".evil.test/", "\\@evil.test/", "//evil.test", "/\r\nHost: evil.test"],
)
async def test_no_path_leads_to_another_host(path: str) -> None:
    with answering(lambda heard: Reply(404)) as address, suppress(Unreachable):
        assert (await fetch(Ask(url=f"http://{address}{path}", reach=LOOPBACK))).status == 404


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://127.0.0.1/", "http:///", "ftp://localhost/", "x"]
)
async def test_only_web_servers_are_asked(url: str) -> None:
    with pytest.raises(Unreachable):
        await fetch(Ask(url=url, reach=LOOPBACK))


async def test_a_redirect_is_an_answer_that_is_not_followed() -> None:
    heard: list[str] = []

    def away(one: Heard) -> Reply:
        heard.append(one.path)
        return Reply(302, headers={"location": "http://169.254.169.254/latest/meta-data"})

    with answering(away) as address:
        answer = await fetch(Ask(url=f"http://{address}/", reach=LOOPBACK))

    assert (answer.status, heard) == (302, ["/"])


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 200 OK\r\n", b"x-slow: 1\r\n"),
        (OK + b"content-length: 100000\r\n\r\n", b"{"),
        (OK + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
        (b"",),
    ],
    ids=["its head", "its body", "its chunks", "everything"],
)
async def test_whoever_says_a_byte_at_a_time_is_not_waited_for(pieces: tuple[bytes, ...]) -> None:
    began = time.monotonic()
    async with speaking(saying(*pieces, every=0.05, again=True)) as port:
        found = await check(f"127.0.0.1:{port}", HEALTH)

    assert not found.ok and "did not answer within 1 s" in found.detail
    assert time.monotonic() - began < 2


async def test_nothing_is_waited_for_longer_than_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.fetch.LONGEST", 0.3)
    dripping = saying(b"HTTP/1.1 200 OK\r\n", b"x-slow: 1\r\n", every=0.05, again=True)
    async with speaking(dripping) as port:
        with pytest.raises(Unreachable, match=r"did not answer within 0\.3 s"):
            await fetch(Ask(url=f"http://127.0.0.1:{port}/", seconds=3))


async def test_no_check_waits_longer_than_ten_seconds() -> None:
    assert LONGEST == 10.0
    with pytest.raises(ValueError, match="less than or equal to 10"):
        HealthCheck(timeout=11)


@pytest.mark.parametrize("length", [b"content-length: 9000000\r\n", b"transfer-encoding: chunked\r\n", b""])
async def test_of_megabytes_no_more_than_64_kib_are_kept(length: bytes) -> None:
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n" if b"chunked" in length else b"x" * 65_536
    sent = [0]

    async def flood(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + length + b"\r\n")
        for _ in range(100):
            writer.write(piece)
            await writer.drain()
            sent[0] += 1

    async with speaking(flood) as port:
        found = await check(f"127.0.0.1:{port}", HEALTH)

    assert not found.ok and "more than 64 KiB" in found.detail
    assert sent[0] < 100


async def test_the_beginning_of_a_long_page_can_be_enough() -> None:
    with answering(pages({"/": Reply(body="x" * 200_000)})) as address:
        answer = await fetch(Ask(url=f"http://{address}/", is_enough_begun=True))

    assert (len(answer.body), answer.is_cut) == (65_536, True)
    with pytest.raises(Unreachable, match="more than 64 KiB"):
        json_of(answer)


async def test_elsewhere_a_long_page_is_no_answer() -> None:
    with answering(pages({"/": Reply(body="x" * 200_000)})) as address:
        long = fetch(Ask(url=f"http://{address}/"))
        with pytest.raises(Unreachable, match="longer than 64 KiB"):
            await long


async def test_a_gzip_bomb_stays_folded() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    head = OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    async with speaking(saying(head, bomb)) as port:
        answer = await fetch(Ask(url=f"http://127.0.0.1:{port}/", reach=LOOPBACK))
        found = await check(f"127.0.0.1:{port}", HEALTH)

    assert len(answer.body) == len(bomb) < 65_536
    assert found.detail == "/ answered gzip, which was not asked for"


async def test_a_page_is_not_what_a_health_path_answers() -> None:
    with answering(pages({"/health": Reply(body="<html>", kind="text/html")})) as address:
        found = await check(address, HealthCheck(timeout=1))

    assert found.detail == "/health answered an HTML page"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "NETRC"])
async def test_nothing_around_this_program_bends_the_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    with answering(pages({"/": Reply()})) as address:
        assert (await fetch(Ask(url=f"http://{address}/"))).status == 200


@pytest.mark.parametrize(
    "address", ["169.254.169.254:80", "evil.test:80", "10.0.0.1:22", "[fd00:ec2::254]:80"]
)
async def test_health_checks_cannot_be_pointed_inside(address: str) -> None:
    began = asyncio.get_running_loop().time()

    for health in (HEALTH, HealthCheck(path="", timeout=1)):
        assert "no setting of the environment names it" in (await check(address, health)).detail
    assert asyncio.get_running_loop().time() - began < 0.5


@pytest.mark.parametrize("path", ["health", "@evil/", "evil/", ":80/", "/a b", "\\evil", "/\n"])
def test_a_path_starts_with_a_slash_and_has_no_blank(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        HealthCheck(path=path)


async def test_of_an_answer_without_an_end_what_came_in_time_is_the_answer() -> None:
    async with speaking(saying(b"HTTP/1.1 200 OK\r\n\r\na line\n", b"much later\n", every=60)) as port:
        answer = await fetch(Ask(url=f"http://127.0.0.1:{port}/", listens=0.2))

    assert answer.text == "a line\n"
