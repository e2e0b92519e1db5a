"""Claude Code: the deployer's prompt as an agent file that it understands."""

from __future__ import annotations

import json
from pathlib import Path

from prompts import FOLDER, load, unfilled

FILE = Path(".claude/agents/deployer.md")
"""Where Claude Code looks for it, from the repository's root."""

TOOLS = ("Read", "Grep", "Glob")
"""What it may use there: nothing that writes or runs."""


def deployer_agent(folder: Path = FOLDER) -> str:
    """The text of FILE. Raises PromptInvalid when the prompt cannot be used."""
    prompt = load("deployer", folder)
    front = {
        "name": prompt.name,
        "description": json.dumps(prompt.description, ensure_ascii=False),
        "tools": ", ".join(TOOLS),
    }
    head = "\n".join(f"{key}: {value}" for key, value in front.items())
    made = "<!-- made from prompts/deployer.md by: make deployer-agent -->"
    return f"---\n{head}\n---\n\n{made}\n\n{unfilled('deployer', folder)}\n"
