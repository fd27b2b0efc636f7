"""A hundred thousand inputs that nobody would send: each is done or refused, clearly and at once.

The orchestrator's doors and the files of skills; the other services' are in test_fuzz_campaigns and _runner.
"""

import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from fuzz import Watch, bodies, torn
from shared.delivery import Delivery, server_of
from shared.message import Unreadable
from sim.bus import Said, SimBus
from sim.chance import Chance
from sim.loop import VirtualLoop
from sim.process import Process
from sim.processes import World, doors_of
from sim.pull import Token
from sim.silence import silenced
from totalaud.skillfiles import load
from totalaud.skillfiles.skill import load_skill
from totalaud.skillfiles.types import load_types

USER = UUID(int=7)
STEPS = [{"skill": "add", "input": {"n": 1}}, {"skill": "buy", "input": {"n": "{{step1.n}}"}, "id": "bought"}]
SESSION = str(UUID(int=10))
VALID = [
    {"agent": "sim-agent", "steps": STEPS},
    {"agent": "sim-agent", "steps": STEPS, "session_id": SESSION, "input": {"n": 3}},
    {"skill": "add", "input": {"n": 1}, "execution_id": SESSION},
    {"session_id": SESSION, "reason": "enough", "command_id": "c1"},
    {"execution_id": SESSION, "reason": "enough", "command_id": "c2"},
    {"session_id": SESSION, "from_step": 1, "input": {"n": 2}, "command_id": "r1"},
    {"session_id": SESSION, "from_seq": 1, "limit": 10},
    {"scope": "day", "limit_usd": 2.5, "policy": "wait", "command_id": "b1"},
]
VERBS = [
    *("session.run", "session.cancel", "session.retry", "session.events", "skill.execute"),
    *("skill.cancel", "skill.events"),
    *("budget.set", "budget.get", "session.delete", "artist.run", "session.run.now", "*.>"),
]
ATTEMPT = {"user": str(USER), "noun": "session", "id": SESSION, "step": 1, "attempt_id": SESSION, "seq": 1}
SAID = [
    {**ATTEMPT, "runner": "fuzz/1"},
    {**ATTEMPT, "output": {"n": 2}, "started_at": "2026-11-01T00:00:00Z", "duration_ms": 5},
    {
        **ATTEMPT,
        "error": {"code": "timeout", "message": "it took too long", "retryable": True},
        "started_at": "2026-11-01T00:00:00Z",
        "duration_ms": 5,
        "usage": {
            "provider": "openai",
            "model": "sim",
            "input_tokens": 1,
            "output_tokens": 1,
            "cost_usd": "0.01",
        },
    },
]
SKILLS = Path(__file__).parents[2] / "skills"
ASKED, QUEUED, TOLD, FILES, FOLDERS = 12_000, 2_000, 4_000, 1_000, 25
SLOWEST_S = 1.0
pytestmark = pytest.mark.usefixtures("steady")


@pytest.mark.parametrize("seed", range(4))
def test_any_command_is_done_or_refused_with_a_field_and_a_reason(seed: int):
    with silenced():
        watch = VirtualLoop().run(_asked(seed))
    assert watch.inputs == ASKED
    assert watch.slowest_s < SLOWEST_S
    assert watch.done > 0
    assert watch.codes.keys() >= {"malformed_json", "missing_field", "unknown_agent", "invalid"}


async def _asked(seed: int) -> Watch:
    chance, watch = random.Random(seed), Watch()
    world = World(seed)
    doors = doors_of(world, SimBus(world.server, Process("orchestrator", Chance(seed))))
    for _, body in zip(range(ASKED), bodies(chance, VALID), strict=False):
        subject = f"ask.{USER if chance.random() < 0.98 else 'somebody'}.{chance.choice(VERBS)}"
        headers = {"Nats-Msg-Id": str(chance.random())} if chance.random() < 0.5 else {}
        await watch.see(doors.ask(subject, body, headers))
    return watch


@pytest.mark.parametrize("seed", range(4))
def test_any_queued_message_is_done_refused_in_the_log_or_a_dead_letter_with_a_reason(seed: int):
    with silenced():
        watch = VirtualLoop().run(_queued(seed))
    assert watch.inputs == QUEUED
    assert watch.slowest_s < SLOWEST_S
    assert watch.done > 0
    assert watch.codes.keys() == {"poison", "unavailable"}


async def _queued(seed: int) -> Watch:
    chance, watch = random.Random(seed), Watch()
    world = World(seed)
    bus = SimBus(world.server, Process("orchestrator", Chance(seed)))
    doors, durable = doors_of(world, bus), world.server.durables["orchestrator"]
    for number, body in zip(range(1, QUEUED + 1), bodies(chance, VALID + SAID), strict=False):
        subject = chance.choice(
            (f"cmd.{USER}.{chance.choice(VERBS)}", "cmd.x.session.run", f"late.{SESSION}")
        )
        headers = {"Nats-Msg-Id": str(chance.random())} if chance.random() < 0.5 else {}
        token = Token(bus, durable, number, 1)
        await watch.see(
            doors.queued(Delivery(subject, body, headers, number, 1, token, server_of(token._client)))
        )
    return watch


@pytest.mark.parametrize("seed", range(4))
def test_any_word_of_a_runner_is_answered_or_dropped(seed: int):
    """A claim or heartbeat that cannot be read has no answer: its runner comes again or gives up."""
    with silenced():
        watch = VirtualLoop().run(_told(seed))
    assert watch.inputs == TOLD
    assert watch.slowest_s < SLOWEST_S
    assert watch.done > 0


async def _told(seed: int) -> Watch:
    chance, watch = random.Random(seed), Watch()
    world = World(seed)
    process = Process("orchestrator", Chance(seed))
    reports = doors_of(world, SimBus(world.server, process)).reports
    for _, body in zip(range(TOLD), bodies(chance, SAID), strict=False):
        hear = chance.choice((reports.report, reports.claim, reports.defer, reports.beat, reports.hear_beat))
        await watch.see(_heard(hear, Said(process, f"report.{SESSION}", body, {}, None)))
    return watch


async def _heard(hear: Callable[[Any], Awaitable[None]], said: Said) -> None:
    """As the bus does: what a claim's model does not take is logged without its values, and not answered."""
    with suppress(Unreadable):
        await hear(said)


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    return [file.read_bytes() for file in sorted(SKILLS.glob("*/*.yaml"))]


def bent_file(chance: random.Random, data: bytes) -> bytes:
    for _ in range(chance.randint(1, 4)):
        data = torn(chance, data)
    return data


@pytest.mark.parametrize("seed", range(4))
def test_any_skill_file_is_read_or_refused_at_a_line(seed: int, files: list[bytes], tmp_path: Path):
    chance, refused = random.Random(seed), 0
    types, _ = load_types(SKILLS / "types.yaml")
    file = tmp_path / "skill.yaml"
    for _ in range(FILES):
        file.write_bytes(bent_file(chance, chance.choice(files)))
        began = time.process_time()
        problems = load_skill(file, types).faults.found
        assert time.process_time() - began < SLOWEST_S
        assert all(problem.line >= 1 and len(problem.message) > 8 for problem in problems)
        refused += bool(problems)
    assert refused > FILES / 3


@pytest.mark.parametrize("seed", range(4))
def test_any_folder_is_read_as_far_as_it_is_sound(seed: int, files: list[bytes], tmp_path: Path):
    """Types and agents bent too."""
    chance, refused = random.Random(seed), 0
    types, agent = (SKILLS / "types.yaml").read_bytes(), (SKILLS / "scout" / "agent.yaml").read_bytes()
    (tmp_path / "scout").mkdir()
    for _ in range(FOLDERS):
        (tmp_path / "types.yaml").write_bytes(bent_file(chance, types))
        (tmp_path / "scout" / "agent.yaml").write_bytes(bent_file(chance, agent))
        (tmp_path / "scout" / "skill.yaml").write_bytes(bent_file(chance, chance.choice(files)))
        began = time.process_time()
        problems = load(tmp_path).problems
        assert time.process_time() - began < SLOWEST_S
        assert all(problem.line >= 1 and len(problem.message) > 8 for problem in problems)
        refused += bool(problems)
    assert refused > FOLDERS / 3
