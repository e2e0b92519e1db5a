"""Builds the real `bd`."""

from __future__ import annotations

import sys

from tests.servers.bd import build

sys.stdout.write(f"{build()}\n")
