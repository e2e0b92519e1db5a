"""Claude Code: the deployer's prompt as an agent file that it understands."""

from __future__ import annotations

import json
from pathlib import Path

from prompts import FOLDER, load, unfilled

FILE = Path(".claude/agents/deployer.md")
"""Where Claude Code looks for it, from the repository's root."""

IN_PLUGIN = Path("plugin/agents/deployer.md")
"""Where it is in the plugin, which brings the MCP server along."""

TOOLS = ("Read", "Grep", "Glob")
"""What it may use there: nothing that writes or runs."""

LOOKS = ("status", "history", "plan", "live", "questions", "check", "logs")
"""The server's tools that it may use in the plugin: those that change nothing."""

SERVER = "mcp__plugin_orchestrate_orchestrate__"


def deployer_agent(folder: Path = FOLDER, *, in_plugin: bool = False) -> str:
    """The text of FILE, or of IN_PLUGIN. Raises PromptInvalid when the prompt cannot be used."""
    prompt = load("deployer", folder)
    front = {
        "name": prompt.name,
        "description": json.dumps(prompt.description, ensure_ascii=False),
        "tools": ", ".join((*TOOLS, *(f"{SERVER}{name}" for name in LOOKS if in_plugin))),
    }
    head = "\n".join(f"{key}: {value}" for key, value in front.items())
    made = "<!-- made from prompts/deployer.md by: make deployer-agent -->"
    return f"---\n{head}\n---\n\n{made}\n\n{unfilled('deployer', folder)}\n"
