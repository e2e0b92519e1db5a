"""Builds the real control plane of Kubernetes."""

from __future__ import annotations

import sys

from tests.servers.kubernetes import build, steering

sys.stdout.write(f"{build()}\n{steering.build()}\n")
