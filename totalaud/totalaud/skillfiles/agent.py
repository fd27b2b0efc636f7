"""One agent from its `agent.yaml`."""

from collections.abc import Collection
from pathlib import Path

from shared.definitions import AgentDefinition, agent_name
from totalaud.skillfiles import words
from totalaud.skillfiles.problem import Faults
from totalaud.skillfiles.reading import read
from totalaud.skillfiles.tree import Listing, Mapping, Scalar

KEYS = ("name", "domain", "emoji", "voice", "greeting", "skills")


def load_agent(file: Path, skills: Collection[str]) -> tuple[AgentDefinition | None, Faults]:
    """Read an agent; `skills` are the names of all that there are, sound or not."""
    faults = Faults(file)
    root = read(faults)
    if root is None:
        return None, faults
    words.unknown_keys(root, KEYS, faults)
    name = words.name(root, faults, stored=agent_name)
    domain = words.text(root, "domain", faults, required=True)
    emoji, voice, greeting = (words.text(root, key, faults) or "" for key in ("emoji", "voice", "greeting"))
    its_skills = _skills(root, skills, faults)
    if faults.found or name is None or domain is None:
        return None, faults
    return AgentDefinition(
        name=name,
        domain=domain,
        emoji=emoji,
        voice=voice,
        greeting=greeting,
        skills=its_skills,
    ), faults


def _skills(root: Mapping, known: Collection[str], faults: Faults) -> tuple[str, ...]:
    node = root.get("skills")
    if not isinstance(node, Listing):
        faults.add(root.lines.get("skills", 1), "'skills' lists the names of the agent's skills")
        return ()
    found = []
    for item in node.items:
        if not isinstance(item, Scalar):
            faults.add(item.line, "a skill is listed by its name")
        elif item.text not in known:
            faults.unknown(item.line, "skill", item.text, sorted(known))
        elif item.text in found:
            faults.add(item.line, f"the skill '{item.text}' is listed twice")
        else:
            found.append(item.text)
    return tuple(found)
