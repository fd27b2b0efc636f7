"""A hundred thousand inputs that nobody would send: each is answered, clearly and at once."""

import random
import time
from pathlib import Path
from uuid import UUID

import pytest

from fuzz import bodies, torn
from shared.refusal import Refusal
from sim.bus import Process, SimBus
from sim.chance import Chance
from sim.loop import VirtualLoop
from sim.processes import World, doors_of
from sim.silence import silenced
from totalaud.skillfiles import load

USER = UUID(int=7)
STEPS = [{"skill": "add", "input": {"n": 1}}, {"skill": "buy", "input": {"n": "{{step1.n}}"}, "id": "bought"}]
SESSION = str(UUID(int=10))
VALID = [
    {"agent": "sim-agent", "steps": STEPS},
    {"agent": "sim-agent", "steps": STEPS, "session_id": SESSION, "input": {"n": 3}},
    {"skill": "add", "input": {"n": 1}, "execution_id": SESSION},
    {"session_id": SESSION, "reason": "enough", "command_id": "c1"},
    {"session_id": SESSION, "from_step": 1, "input": {"n": 2}, "command_id": "r1"},
    {"session_id": SESSION, "from_seq": 1, "limit": 10},
]
VERBS = [
    *("session.run", "session.cancel", "session.retry", "session.events", "skill.execute", "skill.events"),
    *("session.delete", "artist.run", "session.run.now", "*.>"),
]
SKILLS = Path(__file__).parents[2] / "skills"
COMMANDS, FILES = 24_000, 1_000
SLOWEST_S = 1.0


@pytest.mark.parametrize("seed", range(4))
def test_any_command_is_done_or_refused_with_a_field_and_a_reason(seed: int):
    with silenced():
        answers, slowest = VirtualLoop().run(_asked(seed))
    assert slowest < SLOWEST_S
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(refused) < len(answers) == COMMANDS
    assert all(refusal.code and len(refusal.message) > 8 for refusal in refused)
    assert {refusal.code for refusal in refused} >= {
        "malformed_json",
        "missing_field",
        "unknown_skill",
        "invalid",
    }
    assert all(len(refusal.message) < 1000 for refusal in refused)


async def _asked(seed: int):
    chance = random.Random(seed)
    world = World(seed)
    doors = doors_of(world, SimBus(world.server, Process("orchestrator", Chance(seed))))
    answers, slowest = [], 0.0
    for _, body in zip(range(COMMANDS), bodies(chance, VALID), strict=False):
        subject = f"ask.{USER if chance.random() < 0.98 else 'somebody'}.{chance.choice(VERBS)}"
        headers = {"Nats-Msg-Id": str(chance.random())} if chance.random() < 0.5 else {}
        began = time.process_time()
        try:
            answers.append(await doors.ask(subject, body, headers))
        except Refusal as refusal:
            answers.append(refusal)
        slowest = max(slowest, time.process_time() - began)
    return answers, slowest


@pytest.mark.parametrize("seed", range(4))
def test_any_skill_file_is_read_or_refused_at_a_line(seed: int, tmp_path: Path):
    chance = random.Random(seed)
    valid = [file.read_bytes() for file in sorted(SKILLS.glob("*/*.yaml"))]
    agent = tmp_path / "agent"
    agent.mkdir()
    (tmp_path / "types.yaml").write_bytes((SKILLS / "types.yaml").read_bytes())
    file = agent / "skill.yaml"
    refused = 0
    for _ in range(FILES):
        data = chance.choice(valid)
        for _ in range(chance.randint(1, 4)):
            data = torn(chance, data)
        file.write_bytes(data)
        began = time.process_time()
        problems = load(tmp_path).problems
        assert time.process_time() - began < SLOWEST_S
        assert all(problem.line >= 1 and len(problem.message) > 8 for problem in problems)
        refused += bool(problems)
    assert refused > FILES / 3
