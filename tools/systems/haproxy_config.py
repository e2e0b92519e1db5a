"""HAProxy's words: its configuration file, and the runtime commands that bring about a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from orchestrate.models.fact import Fact
from orchestrate.models.move import Weights
from orchestrate.models.sample import LATENCY_EDGES_MS, Counters
from tools.systems.shares import Shares

CYCLE = 100  # turns after which the shares are exact
PLACES = 8  # slots that HAProxy knows at a time
TURNS = "haproxy.map"
LATENCIES = "haproxy.latencies"  # the map from milliseconds to buckets
ROOM = 64  # keys of a place in the table of latencies, one per bucket
SYSTEM_PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"  # not in everybody's PATH
SERVERS = 32  # instances per slot, those that finish their requests included


class Book(Fact):
    """What HAProxy was told, so that it can be told again: slots have names, HAProxy has numbered places."""

    name: str  # what our HAProxy calls itself
    runtime_port: int
    places: dict[str, int] = {}  # slot → number of its backend
    servers: dict[str, tuple[str, ...]] = {}
    weights: Weights = {}
    before: dict[str, Counters] = {}  # slot → what its place had counted for earlier slots

    def cycle(self) -> dict[int, int]:
        """Turn → place. A share without a server goes to the others, unless nobody has a server."""
        served = {slot: share for slot, share in self.weights.items() if self.servers.get(slot)}
        shares = Shares(percent(served or self.weights))
        turns = (shares.turn() for _ in range(CYCLE))
        return {number: self.places[slot] for number, slot in enumerate(turns) if slot is not None}


@dataclass(frozen=True)
class Server:
    """One server line of a place, as HAProxy tells it."""

    place: int
    number: int
    address: str
    is_ready: bool
    open: int = 0

    @property
    def name(self) -> str:
        return f"p{self.place}/s{self.number}"


def config(book: Book, host: str, port: int) -> str:
    """The whole configuration, to be read in the folder of the map; a start needs nothing else."""
    head = HEAD.format(name=book.name, runtime=book.runtime_port, host=host, port=port, turns=TURNS)
    return head + "".join(_place(number, book) for number in range(PLACES))


def turns_map(cycle: Mapping[int, int]) -> str:
    """The map file: one line per turn."""
    return "".join(f"{turn} p{place}\n" for turn, place in cycle.items())


def latencies_map() -> str:
    """The other map file: one line per bucket. A clock that was set back makes a request look quick."""
    starts = ("", *(edge + 1 for edge in LATENCY_EDGES_MS))
    ranges = zip(starts, LATENCY_EDGES_MS, strict=False)
    return "".join(f"{first}:{last} {index}\n" for index, (first, last) in enumerate(ranges))


def opening(book: Book, now: Iterable[Server]) -> Iterator[str]:
    """Commands that let every wanted server take requests."""
    known = tuple(now)
    for slot, addresses in book.servers.items():
        here = [server for server in known if server.place == book.places[slot]]
        had = {server.address: server for server in here if server.is_ready or server.open}
        idle = (server for server in here if server.address not in addresses and not _is_in_use(server))
        for address in addresses:
            server = had.get(address)
            if server is None:
                server = next(idle)
                host, _, port = address.rpartition(":")
                yield f"set server {server.name} addr {host.strip('[]')} port {port}"
            if not server.is_ready:
                yield f"set server {server.name} state ready"


def closing(book: Book, now: Iterable[Server]) -> Iterator[str]:
    """Commands that end new requests to servers nobody wants; open ones end by themselves."""
    wanted = {(book.places[slot], one) for slot, addresses in book.servers.items() for one in addresses}
    for server in now:
        if server.is_ready and (server.place, server.address) not in wanted:
            yield f"set server {server.name} state maint"


def turning(cycle: Mapping[int, int], map_id: str, version: str) -> Iterator[str]:
    """Commands that make `cycle` the new order of turns, all at once."""
    for turn, place in cycle.items():
        yield f"add map @{version} {map_id} {turn} p{place}"
    yield f"commit map @{version} {map_id}"


def percent(weights: Mapping[str, int]) -> Weights:
    """Shares that add up to the cycle, by largest remainder."""
    total = sum(weights.values())
    if total == 0:
        return {}
    exact = {slot: weight * CYCLE / total for slot, weight in weights.items()}
    whole = Counter({slot: int(share) for slot, share in exact.items()})
    rest = CYCLE - whole.total()
    for slot in sorted(exact, key=lambda slot: whole[slot] - exact[slot])[:rest]:
        whole[slot] += 1
    return dict(whole)


def _is_in_use(server: Server) -> bool:
    return server.is_ready or server.open > 0


def _place(number: int, book: Book) -> str:
    slot = next((slot for slot, place in book.places.items() if place == number), "")
    addresses = book.servers.get(slot, ())
    lines = [f"\nbackend p{number}", *(line.format(first=number * ROOM) for line in MEASURED)]
    for index in range(SERVERS):
        address, state = (addresses[index], "") if index < len(addresses) else ("127.0.0.1:1", " disabled")
        lines.append(f"    server s{index} {address} check inter 500ms fall 2 rise 1{state}")
    return "\n".join(lines) + "\n"


# Statistics have averages only. A table that counts answers by place and bucket makes them a histogram of the
# time to the first byte. What HAProxy answers itself, such as 503, is an error and has no latency.
MEASURED = (
    "    http-response set-var(txn.took) date(0,ms),sub(txn.began)",
    "    http-response set-var(txn.bucket)"
    f" var(txn.took),map_int_int({LATENCIES},{len(LATENCY_EDGES_MS)}),add({{first}})",
    "    http-response track-sc1 var(txn.bucket) table latencies",
    "    http-response sc-inc-gpc0(1)",
)

# Weights of servers are integers up to 256, so that 99 % over three instances would not be exact. Instead
# every request takes the next of a hundred turns, and a map says whose turn it is; committing the map changes
# all shares at once. `http-reuse never`: a kept connection may be closed just when a request is sent.
HEAD = """\
global
    description {name}
    nbthread 1
    maxconn 4000
    noreuseport
    hard-stop-after 10s
    stats socket ipv4@127.0.0.1:{runtime} level admin
    stats timeout 30s

defaults
    mode http
    balance leastconn
    http-reuse never
    option http-server-close
    option forwardfor
    option redispatch 1
    retries 2
    retry-on conn-failure empty-response
    timeout connect 2s
    timeout http-request 30s
    timeout http-keep-alive 75s
    timeout client 1d
    timeout server 1d
    timeout tunnel 1d

frontend public
    bind {host}:{port}
    http-request set-var(txn.began) date(0,ms)
    http-request disable-l7-retry unless METH_GET
    http-request set-header X-Forwarded-Host %[req.hdr(host)] unless {{ req.hdr(x-forwarded-host) -m found }}
    http-request set-header X-Forwarded-Proto http unless {{ req.hdr(x-forwarded-proto) -m found }}
    http-request track-sc0 int(1) table turns
    http-request sc-inc-gpc0(0)
    http-request set-var(txn.place) sc_get_gpc0(0),mod(100),map_int({turns})
    use_backend %[var(txn.place)] if {{ var(txn.place) -m found }}
    default_backend nobody

backend turns
    stick-table type integer size 16 store gpc0

backend latencies
    stick-table type integer size 1k store gpc0

backend nobody
    http-request return status 503 content-type text/plain string "No instance of this service takes traffic right now. Please try again in a moment.\\n"
"""  # noqa: E501
