"""Reach: which hosts a check may ask, and the addresses that it is then held to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from orchestrate.errors import Unreachable
from orchestrate.models.environment import Environment
from orchestrate.models.smoke import CacheSmoke, HttpSmoke, TcpSmoke

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host. Raises OSError."""

READ_BYTES = 65_536  # kept of what nobody has read yet
LOOPBACK_HOSTS = ("127.0.0.1", "::1", "localhost")
CURE = (
    "name the host in the environment's own settings, by its address if it is inside this machine's network"
)

# Where no name may lead: this machine, its link, its cloud's services, and what is no place at all.
_INSIDE = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4",
        "240.0.0.0/4", "168.63.129.16/32", "100.100.100.200/32",
        "::/128", "::1/128", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::/32", "64:ff9b:1::/48",
        "2001::/23", "100::/64",
    )
)  # fmt: skip
_NAT64, _COMPATIBLE = ip_network("64:ff9b::/96"), ip_network("::/96")


async def resolved(host: str, port: int) -> list[str]:
    """What the system's resolver says. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True)
class Reach:
    """The hosts that may be asked, by name or address; nothing else may, wherever a name leads."""

    hosts: frozenset[str]
    resolve: Resolve = resolved

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Where to connect to for `host`; it is looked up once, here. Raises Unreachable."""
        name = _plain(host)
        if name not in self.hosts:
            raise Unreachable(f"{host} may not be asked: no setting of the environment names it", cure=CURE)
        if is_address(name):
            return (name,)
        try:
            found = await self.resolve(name, port)
        except (OSError, UnicodeError) as problem:
            raise Unreachable(f"{host} has no address: {problem}") from None
        inside = [one for one in found if is_inside(one) and not (name == "localhost" and _is_loopback(one))]
        if inside or not found:
            leads = f"leads to {inside[0]}, inside" if inside else "has no address"
            raise Unreachable(f"{host} may not be asked: it {leads}", cure=CURE)
        return tuple(found)


LOOPBACK = Reach(frozenset(LOOPBACK_HOSTS))
"""This machine alone, where the instances of the process provider are."""


async def connected(host: str, port: int, reach: Reach) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address of `host` that takes one. Raises Unreachable, OSError."""
    *others, last = await reach.addresses(host, port)
    for address in others:
        with suppress(OSError):
            return await asyncio.open_connection(address, port, limit=READ_BYTES)
    return await asyncio.open_connection(last, port, limit=READ_BYTES)


def reach_of(environment: Environment) -> Reach:
    """The hosts that the settings of `environment` name: its own address, and those of its parts."""
    named = {_plain(host) for url in _urls(environment) if (host := host_of(url))}
    tests = (smoke for part in environment.components for smoke in part.smoke)
    named |= {_plain(smoke.host) for smoke in tests if isinstance(smoke, TcpSmoke | CacheSmoke)}
    return Reach(frozenset(named | set(LOOPBACK_HOSTS)))


def host_of(url: str) -> str:
    """The host in a URL, '' where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_inside(text: str) -> bool:
    """Whether an address is one that no name may lead to, however it is wrapped; also when it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return True
    return any(one in network for one in _unwrapped(address) for network in _INSIDE)


def _urls(environment: Environment) -> Iterator[str]:
    yield environment.url
    for part in environment.components:
        yield part.metrics.url or ""
        yield from (smoke.url or "" for smoke in part.smoke if isinstance(smoke, HttpSmoke))


def _unwrapped(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 addresses that are written into it."""
    yield address
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address in _NAT64 or address in _COMPATIBLE:
        yield IPv4Address(int(address) & 0xFFFF_FFFF)


def is_address(name: str) -> bool:
    """Whether it is no name, but where a name could lead."""
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_loopback(text: str) -> bool:
    return ip_address(text).is_loopback


def _plain(host: str) -> str:
    return host.strip("[]").lower().removesuffix(".")
