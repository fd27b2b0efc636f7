"""A folder of skills as a whole: `types.yaml`, `<agent>/agent.yaml`, `<agent>/<skill>.yaml`."""

from dataclasses import dataclass, field
from pathlib import Path

from shared.definitions import AgentDefinition, SkillDefinition
from totalaud.skillfiles.agent import load_agent
from totalaud.skillfiles.problem import Faults, Problem
from totalaud.skillfiles.python import check_library
from totalaud.skillfiles.skill import SkillFile, load_skill
from totalaud.skillfiles.types import load_types

TYPES = "types.yaml"
AGENT = "agent.yaml"
SHOWN = "[!.]*"
"""What is hidden is an editor's or the system's, such as a lock or a copy."""


@dataclass
class Loaded:
    """What is sound, and what is wrong; a problem costs its own file only."""

    skills: list[SkillDefinition] = field(default_factory=list)
    agents: list[AgentDefinition] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def load(folder: Path, *, marks: bool = False) -> Loaded:
    """Read all. Free text marked neither personal nor public is a warning, with `marks` a problem."""
    loaded = Loaded()
    if not folder.is_dir():
        loaded.problems.append(Problem(folder, 1, "there is no such folder"))
        return loaded
    types, faults = load_types(folder / TYPES)
    all_faults = [faults, *_misplaced(folder), *check_library(folder)]
    found = sorted(folder.glob(f"{SHOWN}/{SHOWN}.yaml"))
    files = [load_skill(file, types) for file in found if file.name != AGENT]
    _refuse_twins(files)
    names = {file.name for file in files}
    if faults.found and not types.names:
        files = _readable_without_types(files, faults)
    for file in files:
        all_faults.append(file.faults)
        if file.definition is not None and not file.faults.found:
            loaded.skills.append(file.definition)
    agents: dict[str, Path] = {}
    for path in sorted(folder.glob(f"{SHOWN}/{AGENT}")):
        agent, faults = load_agent(path, names)
        all_faults.append(faults)
        if agent is None:
            continue
        if agent.name in agents:
            faults.add(1, f"the agent '{agent.name}' is also in {agents[agent.name]}")
            continue
        agents[agent.name] = path
        loaded.agents.append(agent)
    for faults in all_faults:
        loaded.problems += faults.found
        loaded.warnings += faults.warned
        (loaded.problems if marks else loaded.warnings).extend(faults.unmarked)
    loaded.problems.sort()
    loaded.warnings.sort()
    return loaded


def _readable_without_types(files: list[SkillFile], faults: Faults) -> list[SkillFile]:
    """Tell of all others in one line: what is wrong in them may be that they have no types."""
    lost = [file.name for file in files if file.definition is None]
    if lost:
        faults.add(faults.found[0].line, f"until then these skills are not read: {', '.join(lost)}")
    return [file for file in files if file.definition is not None]


def _refuse_twins(files: list[SkillFile]) -> None:
    """Neither of two files may say what one name means."""
    for file in files:
        for other in files:
            if other is not file and other.name == file.name:
                file.faults.add(file.line, f"the skill '{file.name}' is also in {other.faults.file}")


def _misplaced(folder: Path) -> list[Faults]:
    found = [path for path in folder.glob(f"{SHOWN}.y*ml") if path.name != TYPES]
    found += folder.glob(f"{SHOWN}/{SHOWN}.yml")
    told = []
    for path in sorted(found):
        faults = Faults(path)
        faults.add(1, "not read: there is <agent>/<skill>.yaml, <agent>/agent.yaml and types.yaml")
        told.append(faults)
    return told
