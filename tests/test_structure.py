"""Rules about the whole source, read as a tree: each door to the outside is opened in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PARTS = ("agents", "graphs", "orchestrate", "prompts", "tools")

PROCESSES = {
    "tools/commands.py": "the one door",
    "tools/providers/process/command.py": "a build is heard line by line while it runs",
    "tools/providers/process/supervisor.py": "keeps an instance for as long as that lives",
    "tools/providers/process/identity.py": "asks ps on macOS, for the supervisor, too",
    "tools/systems/proxy_server/__main__.py": "goes into the background by a fork of itself",
    "orchestrate/demo/traffic.py": "goes into the background by a fork of itself",
    "orchestrate/worker.py": "becomes itself anew when its settings change",
}
CONNECTIONS = {
    "tools/fetch.py": "HTTP, to addresses that were looked up once",
    "tools/reach.py": "TCP, to addresses that were looked up once",
    "tools/systems/github_account.py": "asks in which installation its App is",
    "tools/systems/github_api.py": "GitHub's API, at the address that the settings name",
    "tools/systems/slack.py": "Slack's Web API, by its own SDK",
    "orchestrate/slack/listening.py": "what Slack sends, by its own SDK",
    "orchestrate/hooks.py": "signed webhooks, which only wake",
    "orchestrate/mcp_http.py": "listens where the command says",
    "orchestrate/sites.py": "listens where the settings say",
    "tools/systems/aws.py": "AWS, at the addresses that botocore knows or the settings name",
    "tools/wires.py": "WebSockets, to addresses that were looked up once",
    "tools/providers/fleet/ports.py": "looks for free ports of this machine",
    "tools/providers/docker/engine.py": "the Docker engine, on its unix socket",
    "tools/systems/haproxy.py": "looks for free ports of this machine",
    "tools/systems/haproxy_runtime.py": "its own router, on loopback",
    "tools/systems/proxy_server/__main__.py": "the router itself",
    "tools/systems/proxy_server/daemon.py": "the router itself",
    "tools/systems/proxy_server/wire.py": "the router itself",
    "orchestrate/demo/ports.py": "looks for free ports of this machine",
    "orchestrate/demo/wire.py": "the customers of the demo, on loopback",
    "orchestrate/app.py": "the machine's own name",
    "agents/claude_api.py": "Claude's API, at the address of the settings",
    "agents/question.py": "the SDK's words for the form of an answer; it connects to nobody",
}
REMOVALS = {
    "tools/providers/process/releases.py": "half-made releases, in the provider's own folder",
}

SPAWNING = {
    "os": ("system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile"),
    "asyncio": ("create_subprocess_exec", "create_subprocess_shell"),
}
SPAWNING_METHODS = ("subprocess_exec", "subprocess_shell")
SPAWNING_MODULES = ("subprocess", "multiprocessing", "pty", "pexpect", "sh", "concurrent.futures.process")
NETWORK_MODULES = (
    "socket", "httpx", "httpx2", "anthropic", "requests", "aiohttp", "urllib.request", "http.client",
    "websockets", "ftplib", "smtplib", "telnetlib", "xmlrpc", "slack_sdk", "slack_bolt", "github", "urllib3",
    "boto3", "botocore",
)  # fmt: skip
EVALUATING = ("eval", "exec", "compile", "__import__")
UNTRUSTED_FORMS = ("pickle", "marshal", "shelve", "dill", "cloudpickle", "jinja2", "mako")


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of the product by its path."""
    files = (file for part in PARTS for file in (REPOSITORY / part).rglob("*.py"))
    return {str(file.relative_to(REPOSITORY)): ast.parse(file.read_text()) for file in files}


@cache
def imports(tree: ast.Module) -> frozenset[str]:
    """The modules that are imported, anywhere, and what is taken out of them."""
    return frozenset(_imported(tree))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


@cache
def names(tree: ast.Module) -> frozenset[str]:
    """Every name that is used, with what stands before its last dot: os.system, loop.subprocess_exec."""
    nodes = list(ast.walk(tree))
    dotted = {f"{_last(node.value)}.{node.attr}" for node in nodes if isinstance(node, ast.Attribute)}
    return frozenset(dotted | {node.id for node in nodes if isinstance(node, ast.Name)})


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def is_one_of(module: str, known: tuple[str, ...]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in known)


def spawns(tree: ast.Module) -> bool:
    """Whether a module starts processes."""
    spawning = {f"{module}.{name}" for module, several in SPAWNING.items() for name in several}
    used = {*names(tree), *imports(tree)}
    return (
        any(is_one_of(module, SPAWNING_MODULES) for module in imports(tree))
        or bool(used & spawning)
        or any(name.startswith(("os.exec", "os.spawn")) for name in used)
        or any(name.rpartition(".")[2] in SPAWNING_METHODS for name in used)
    )


def connects(tree: ast.Module) -> bool:
    """Whether a module opens connections."""
    return any(is_one_of(module, NETWORK_MODULES) for module in imports(tree)) or any(
        name == "asyncio.open_connection" for name in {*names(tree), *imports(tree)}
    )


def removes_trees(tree: ast.Module) -> bool:
    """Whether a module removes folders with all that is in them."""
    return any(name in ("shutil.rmtree", "os.removedirs") for name in {*names(tree), *imports(tree)})


@pytest.mark.parametrize(
    ("rule", "doors"), [(spawns, PROCESSES), (connects, CONNECTIONS), (removes_trees, REMOVALS)]
)
def test_each_way_out_is_opened_where_it_is_named_and_nowhere_else(
    rule: object, doors: dict[str, str]
) -> None:
    assert callable(rule)
    found = {path for path, tree in trees().items() if rule(tree)}

    assert found == set(doors)


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess", "from subprocess import run", "import os\nos.system('x')",
        "from os import popen",
        "import os\nos.execv('a', [])", "import os\nos.spawnl(0, 'a')", "from os import execvp as go",
        "import asyncio\nasyncio.create_subprocess_shell('x')", "loop.subprocess_exec(x)",
        "def f():\n    import multiprocessing", "import pty", "from asyncio import create_subprocess_exec",
    ],
)  # fmt: skip
def test_the_rule_about_processes_sees_every_way_to_start_one(code: str) -> None:
    assert spawns(ast.parse(code))


def test_no_shell_is_ever_asked() -> None:
    words = {
        f"{path}:{node.lineno}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "shell"
        or isinstance(node, ast.Constant) and node.value in ("/bin/sh", "/bin/bash", "sh -c", "bash -c")
    }  # fmt: skip

    assert words == set()


def test_nothing_that_was_read_is_run_or_unpickled() -> None:
    found = {
        path
        for path, tree in trees().items()
        if any(name in EVALUATING for name in names(tree))
        or any(is_one_of(module, UNTRUSTED_FORMS) for module in imports(tree))
        or any(name in ("yaml.load", "yaml.full_load", "yaml.unsafe_load") for name in names(tree))
    }

    assert found == set()


def test_every_http_client_trusts_nothing_around_it() -> None:
    clients = [
        node
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("AsyncClient", "httpx.Client"))
    ]
    given = [{one.arg: ast.unparse(one.value) for one in client.keywords} for client in clients]

    assert clients
    assert all(one.get("trust_env") == "False" and "timeout" in one for one in given)
    assert not any("follow_redirects" in one for one in given)


def test_workspaces_are_destroyed_through_the_door_alone() -> None:
    users = {
        name: {path for path, tree in trees().items() if name in set(imports(tree))}
        for name in ("tools.workspace.destroy", "tools.destroying.destroying", "tools.confined.delete")
    }

    assert users == {
        "tools.workspace.destroy": {"tools/destroying.py", "orchestrate/cli/workspace.py"},  # or by hand
        "tools.destroying.destroying": {"graphs/steps/workspaces.py"},
        "tools.confined.delete": {"tools/workspace.py"},
    }
