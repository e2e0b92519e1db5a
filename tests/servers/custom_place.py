"""A place to deploy to that is nothing but a file: what custom commands do in tests.

`python custom_place.py FILE VERB …`. Standard library only.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import cast


def start(place: dict[str, object], slot: str, version: str, instances: str) -> None:
    """That many instances of the version; a bad one keeps ending."""
    is_bad = version == "bad"
    one = {"healthy": not is_bad, "restarts": 3 if is_bad else 0, "detail": "ended with 3" if is_bad else ""}
    several = [{"id": f"{slot}-{number + 1}", **one} for number in range(int(instances))]
    slots(place)[slot] = {"version": version, "instances": several}


def stop(place: dict[str, object], slot: str) -> None:
    slots(place).pop(slot, None)
    cast("dict[str, int]", place["weights"]).pop(slot, None)


def traffic(place: dict[str, object], weights: str) -> None:
    pairs = (pair.partition("=") for pair in weights.split(",") if pair)
    place["weights"] = {slot: int(share) for slot, _, share in pairs}


def build(place: dict[str, object], version: str, checkout: str) -> None:
    """The artifact of a version; its digest is its length."""
    text = (Path(checkout) / "does.txt").read_text()
    if text == "red":
        sys.exit("2 tests failed")
    built(place)[version] = f"sha256:{len(text)}"


def artifact(place: dict[str, object], version: str) -> None:
    found = built(place).get(version)
    sys.exit(print(found)) if found else sys.exit(1)  # noqa: T201


def logs(place: dict[str, object], slot: str, lines: str) -> None:
    if slot in slots(place):
        print("\n".join(["serving"] * int(lines)))  # noqa: T201


def status(place: dict[str, object]) -> None:
    print(json.dumps({key: place[key] for key in ("slots", "weights")}))  # noqa: T201


def slots(place: dict[str, object]) -> dict[str, object]:
    return cast("dict[str, object]", place["slots"])


def built(place: dict[str, object]) -> dict[str, object]:
    return cast("dict[str, object]", place["built"])


VERBS = {one.__name__: one for one in (start, stop, traffic, build, artifact, logs, status)}


def main() -> None:
    file = Path(sys.argv[1])
    place: dict[str, object] = {"slots": {}, "weights": {}, "built": {}}
    if file.exists():
        place = json.loads(file.read_text())
    VERBS[sys.argv[2]](place, *sys.argv[3:])  # pyright: ignore[reportCallIssue]
    file.write_text(json.dumps(place))


if __name__ == "__main__":
    main()
