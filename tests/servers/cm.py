"""A `cm` as version 0.2.13 answers, for tests; ORCHESTRATE_TEST_CM names the real one to be used instead."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

PROGRAM = """#!{python} -S
import json, os, sys
file = os.path.join(os.environ["HOME"], "playbook.json")
rules = json.load(open(file)) if os.path.exists(file) else []
words = [one for one in sys.argv[1:] if one != "--json"]

def say(command, code, **more):
    print(json.dumps({{"success": code == 0, "command": command, "timestamp": "2026-11-20T18:19:50.701Z",
                       **more, "metadata": {{"executionMs": 1, "version": "0.2.13"}}}}, indent=2))
    sys.exit(code)

def refuse(command, message):
    say(command, 2, error={{"message": message, "code": "INVALID_INPUT", "exitCode": 2, "recovery": []}})

if words[:2] == ["playbook", "list"]:
    say("playbook:list", 0, data={{"bullets": rules}})
if words[:2] == ["playbook", "add"]:
    at = words.index("--category") if "--category" in words else len(words)
    content = words[2:at]
    if len(content) != 1 or not content[0].strip():
        refuse("playbook:add", "Rule content is required")
    if content[0].startswith("-"):
        sys.exit("error: unknown option '" + content[0] + "'")
    rule = {{"id": "b-%d" % len(rules), "content": content[0], "category": words[at + 1]}}
    with open(file, "w") as out:
        json.dump([*rules, rule], out)
    say("playbook:add", 0, data={{"bullet": rule, "target": "global"}})
if words[0] == "forget":
    [found] = [one for one in rules if one["id"] == words[1]]
    found["deprecated"] = True
    if not words[2].startswith("--reason="):
        refuse("forget", "Reason required for forget")
    with open(file, "w") as out:
        json.dump(rules, out)
    say("forget", 0, data={{"bulletId": words[1], "action": "forgotten", "inverted": False}})
sys.exit("error: unknown command '" + " ".join(words[:2]) + "'")
"""


def real() -> str:
    """The real one, where somebody names it."""
    return os.environ.get("ORCHESTRATE_TEST_CM", "")


def scripted(folder: Path) -> str:
    """The path of a program that answers likewise."""
    program = folder / "cm"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)
