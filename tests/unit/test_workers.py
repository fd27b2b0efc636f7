"""Custom skills in real processes: what they return, how they end, and that one never stops another."""

import asyncio
import hashlib
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import uvloop

from shared.events import AttemptError
from sites import LOOPBACK, Site, running, says
from skill_runner.context import SkillError
from skill_runner.custom import CustomEngine
from skill_runner.failure import Failure
from skill_runner.frames import OUTPUT_LIMIT
from skill_runner.plain import framed, plain
from skill_runner.progress import Progress
from skill_runner.raised import told
from skill_runner.run import Run
from skill_runner.turns import Turns
from skill_runner.workers import Workers

SKILLS = {
    "echo": "def run(input, context):\n    return {'given': input, 'user': str(context.user)}\n",
    "spin": "def run(input, context):\n    while True:\n        pass\n",
    "nap": "import time\ndef run(input, context):\n    time.sleep(input['s'])\n    return {'slept': True}\n",
    "quit": "import os\ndef run(input, context):\n    os._exit(3)\n",
    "segfault": "import ctypes\ndef run(input, context):\n    ctypes.string_at(0)\n",
    "hog": "def run(input, context):\n    return {'size': len(bytes(3 * 1024**3))}\n",
    "leak_files": (
        "import resource\nopen_files = []\n"
        "def run(input, context):\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "    while True:\n        open_files.append(open('/dev/null'))\n"
    ),
    "leak_and_hide": (
        "import resource\nopen_files = []\n"
        "def run(input, context):\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "    try:\n"
        "        while True:\n            open_files.append(open('/dev/null'))\n"
        "    except OSError:\n        raise ValueError('no file') from None\n"
    ),
    "leak_threads": (
        "import threading\nthreading.stack_size(2**26)\nover = threading.Event()\n"
        "def run(input, context):\n"
        "    while True:\n        threading.Thread(target=over.wait, daemon=True).start()\n"
    ),
    "leave": "import sys\ndef run(input, context):\n    sys.exit(0)\n",
    "trip": "def run(input, context):\n    name = input['name']\n    raise ValueError(f'{name} is bad')\n",
    "stumble": (
        "import os\ndef run(input, context):\n"
        "    error = RuntimeError('not today') if input['run'] else FileNotFoundError(2, 'no such file')\n"
        "    yield os.getpid()\n    raise error\n"
    ),
    "parse": "import json\ndef run(input, context):\n    return json.loads('{')\n",
    "away": "def run(input, context):\n    raise ConnectionRefusedError('db.example.org')\n",
    "refuse": (
        "from skill_runner.context import SkillError\n"
        "def run(input, context):\n    raise SkillError('no such campaign', retryable=True)\n"
    ),
    "misuse": (
        "from skill_runner.context import SkillError\n"
        "def run(input, context):\n"
        "    raise SkillError('of ' + chr(0xD800), retryable=1, code=input['code'])\n"
    ),
    "chatty": (
        "import os, sys\n"
        "def run(input, context):\n"
        "    print('x' * 100_000)\n    sys.stderr.write('y' * 100_000)\n    os.write(1, b'raw')\n"
        "    return {'stdin': sys.stdin.read()}\n"
    ),
    "says": (
        "import sys\n"
        "def run(input, context):\n"
        "    print('said aloud')\n    sys.stderr.write('complained\\n')\n    return {}\n"
    ),
    "bits": (
        "def run(input, context):\n"
        "    yield {'found': [1]}\n    yield {'found': [1, 2]}\n"
        "    if input.get('fail'):\n        raise KeyError('secret')\n"
    ),
    "returns": "def run(input, context):\n    yield {'part': 1}\n    return {'whole': 2}\n",
    "odd": "from decimal import Decimal\ndef run(input, context):\n    return {'value': Decimal('1.10')}\n",
    "named": "def run(input, context):\n    return {'value': {1: 2}}\n",
    "nested": "def run(input, context):\n    it = []\n    it.append(it)\n    return {'value': it}\n",
    "endless": "def run(input, context):\n    return {'value': float('inf')}\n",
    "huge": "def run(input, context):\n    return {'text': 'x' * 3_000_000}\n",
    "broken": "def run(input, context)\n",
    "noise": (
        "import os\nfrom contextlib import suppress\ndef run(input, context):\n"
        "    for descriptor in range(3, 10):\n        with suppress(OSError):\n"
        "            os.write(descriptor, bytes([0, 0, 0, len(input['text'])]) + input['text'].encode())\n"
    ),
    "pid_and_spin": (
        "import os\ndef run(input, context):\n    yield os.getpid()\n    while True:\n        pass\n"
    ),
    "when": (
        "import os, time\n"
        "def run(input, context):\n    begun = time.monotonic()\n    time.sleep(input['s'])\n"
        "    return {'pid': os.getpid(), 'begun': begun, 'ended': time.monotonic()}\n"
    ),
    "does": (
        "import os\ndef run(input, context):\n"
        "    exec(input['code'], globals())\n"
        "    return {'pid': os.getpid(), 'child': globals().get('child')}\n"
    ),
    "lazy": (
        "from skill_runner.context import SkillError\n"
        "class Unknown(SkillError):\n    def __init__(self, what):\n        self.what = what\n"
        "def run(input, context):\n    raise Unknown('campaign')\n"
    ),
    "pid": "import os\ndef run(input, context):\n    return {'pid': os.getpid()}\n",
    "fetch": "def run(input, context):\n    return {'body': context.fetch(input['url']).text}\n",
    "expendable": (
        "def run(input, context):\n    return {'score': open('/proc/self/oom_score_adj').read()}\n"
    ),
    "secrets": "import os\ndef run(input, context):\n    return {'env': sorted(os.environ)}\n",
    "child": (
        "import subprocess, time\ndef run(input, context):\n"
        "    yield {'pid': subprocess.Popen(['sleep', '60']).pid}\n    time.sleep(60)\n"
    ),
    "fork": (
        "import os, time\n"
        "def run(input, context):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        time.sleep(0.2)\n"
        "        if input['raises']:\n            raise ValueError\n"
        "    return {'child': child}\n"
    ),
    "orphan": (
        "import os, time\n"
        "def run(input, context):\n"
        "    child = os.fork()\n"
        "    if not child:\n        time.sleep(60)\n"
        "    yield {'pid': os.getpid(), 'child': child}\n"
        "    if input['crashes']:\n        os._exit(3)\n"
    ),
    "fork_and_read": (
        "import os\n"
        "def run(input, context):\n"
        "    reading, writing = os.pipe()\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        try:\n            context.rows('SELECT 1')\n"
        "        except BaseException as error:\n            os.write(writing, str(error).encode())\n"
        "        os._exit(0)\n"
        "    os.waitpid(child, 0)\n"
        "    return {'said': os.read(reading, 1000).decode()}\n"
    ),
    "daemon": (
        "import os, time\n"
        "def run(input, context):\n"
        "    reading, writing = os.pipe()\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        os.setsid()\n"
        "        if daemon := os.fork():\n"
        "            os.write(writing, str(daemon).encode())\n            os._exit(0)\n"
        "        time.sleep(60)\n        os._exit(0)\n"
        "    os.waitpid(child, 0)\n"
        "    yield {'pid': os.getpid(), 'daemon': int(os.read(reading, 20))}\n"
        "    if input['crashes']:\n        os._exit(3)\n"
    ),
    "times": (
        "def run(input, context):\n    return {'now': context.now(), 'user': context.user, 'pair': (1, 2)}\n"
    ),
}

SECRET = ("TOTALAUD_MASTER_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OTEL_EXPORTER_OTLP_HEADERS")


async def run_with(workers: Workers, run: Run):
    engine = CustomEngine(workers, Turns())
    return await engine.run(await engine.prepare(run))


@pytest.fixture(scope="module")
def skills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("skills")
    (root / "scout").mkdir()
    for name, source in SKILLS.items():
        (root / "scout" / f"{name}.py").write_text(source)
    return root


@pytest.fixture
async def workers(skills: Path) -> AsyncIterator[Workers]:
    pool = Workers(skills, "postgresql://127.0.0.1:1/none", 2, {**os.environ, **dict.fromkeys(SECRET, "x")})
    yield pool
    await pool.close()


def attempt(name: str, given: dict[str, Any] | None = None, *, timeout_s: float = 10) -> Any:
    python_hash = hashlib.sha256(SKILLS[name].encode()).hexdigest()
    return SimpleNamespace(
        definition=SimpleNamespace(name=name, python_hash=python_hash),
        work=SimpleNamespace(user=uuid4(), timeout_s=timeout_s, log_seq=0),
        opened=given or {},
        started_at=SimpleNamespace(isoformat=lambda: "2026-05-01T10:00:00+00:00"),
        progress=Progress(),
    )


def gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().split()[2] == "Z"


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(5):
        while not gone(pid):
            await asyncio.sleep(0.01)


async def failure(workers: Workers, run: Any) -> Failure:
    with pytest.raises(Failure) as raised:
        await run_with(workers, run)
    return raised.value


async def test_a_skill_gets_its_input_and_the_user(workers: Workers) -> None:
    run = attempt("echo", {"query": "synthpop «é»"})
    output = await run_with(workers, run)
    assert output == {"given": {"query": "synthpop «é»"}, "user": str(run.work.user)}


async def test_a_spinning_skill_is_killed_at_its_deadline_while_another_goes_on(workers: Workers) -> None:
    await asyncio.gather(*(run_with(workers, attempt("nap", {"s": 0.3})) for _ in range(2)))
    spinning = asyncio.create_task(failure(workers, attempt("spin", timeout_s=1)))
    start, done = time.monotonic(), 0
    while not spinning.done():
        await run_with(workers, attempt("echo"))
        done += 1
    failed = await spinning
    assert (failed.code, failed.retryable) == ("timeout", True)
    assert 1 <= time.monotonic() - start < 5
    assert done > 50


async def test_a_deadline_is_not_eaten_by_the_start_of_a_process(skills: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import time\ntime.sleep(1)\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    pool = Workers(skills, "postgresql://127.0.0.1:1/none", 1, {**os.environ, "PYTHONPATH": path})
    try:
        assert await run_with(pool, attempt("nap", {"s": 0.01}, timeout_s=0.9)) == {"slept": True}
    finally:
        await pool.close()


def test_workers_run_crash_and_are_killed_on_the_loop_of_services_too(skills: Path) -> None:
    async def all_of_it() -> list[str]:
        pool = Workers(skills, "postgresql://127.0.0.1:1/none", 2, os.environ)
        try:
            ends = [await failure(pool, attempt("quit")), await failure(pool, attempt("spin", timeout_s=0.5))]
            assert await run_with(pool, attempt("returns")) == {"whole": 2}
        finally:
            await pool.close()
        return [end.code for end in ends]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(all_of_it()) == ["crashed", "timeout"]


async def test_what_waits_for_a_worker_has_its_turn_and_no_more_run_at_once_than_there_are(
    workers: Workers,
) -> None:
    times: list[dict[str, float]] = []
    while len({one["pid"] for one in times}) < 2:
        times = await asyncio.gather(*(run_with(workers, attempt("when", {"s": 0.1})) for _ in range(8)))
    at_once = [sum(one["begun"] <= other["begun"] < one["ended"] for one in times) for other in times]
    assert max(at_once) == 2


async def test_a_deadline_does_not_run_while_an_attempt_waits_for_its_turn(workers: Workers) -> None:
    naps = [attempt("nap", {"s": 0.3}, timeout_s=1.5) for _ in range(12)]
    assert await asyncio.gather(*(run_with(workers, nap) for nap in naps)) == [{"slept": True}] * 12
    assert all(0.3 <= nap.progress.took_s < 1.5 for nap in naps)


async def test_attempts_that_are_cancelled_while_they_wait_stop_nobody(workers: Workers) -> None:
    naps = [asyncio.create_task(run_with(workers, attempt("nap", {"s": 1}))) for _ in range(2)]
    await asyncio.sleep(0.1)
    waiting = [asyncio.create_task(run_with(workers, attempt("pid"))) for _ in range(2)]
    await asyncio.sleep(0.1)
    for task in waiting:
        task.cancel()
    assert await asyncio.gather(*naps) == [{"slept": True}] * 2
    assert all(task.cancelled() for task in waiting)
    async with asyncio.timeout(20):
        assert await run_with(workers, attempt("returns")) == {"whole": 2}


async def test_an_attempt_that_never_had_its_turn_tells_nothing_of_how_long_turns_take(
    workers: Workers,
) -> None:
    turns = Turns()
    engine, waiting = CustomEngine(workers, turns), attempt("pid")
    naps = [asyncio.create_task(run_with(workers, attempt("nap", {"s": 0.3}))) for _ in range(2)]
    await asyncio.sleep(0)
    task = asyncio.create_task(engine.run(await engine.prepare(waiting)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, *naps, return_exceptions=True)
    assert (turns.in_flight(), waiting.progress.took_s) == (Turns().in_flight(), 0)


async def test_what_waits_behind_an_attempt_that_is_killed_has_its_turn(skills: Path) -> None:
    pool = Workers(skills, "", 1, os.environ)
    try:
        async with asyncio.timeout(20):
            attempts = failure(pool, attempt("spin", timeout_s=0.5)), run_with(pool, attempt("returns"))
            assert (await asyncio.gather(*attempts))[1] == {"whole": 2}
    finally:
        await pool.close()


@pytest.mark.parametrize("text", ["???", "[1]", "[" * 200])
async def test_a_skill_that_answers_for_its_worker_what_is_no_answer_spoils_its_own_run_alone(
    workers: Workers, text: str
) -> None:
    with pytest.raises(ValueError, match=r"Expecting value|an answer is an object"):
        await run_with(workers, attempt("noise", {"text": text}))
    assert await run_with(workers, attempt("returns")) == {"whole": 2}


@pytest.mark.parametrize("raises", [False, True])
async def test_a_process_that_a_skill_forks_answers_nobody_s_call(workers: Workers, *, raises: bool) -> None:
    forked = await run_with(workers, attempt("fork", {"raises": raises}))
    assert await run_with(workers, attempt("nap", {"s": 0.4})) == {"slept": True}, "another's answer"
    assert forked["child"] > 0
    await until_gone(forked["child"])


async def test_a_process_that_a_skill_forks_reads_no_tables_on_its_parent_s_connection(
    workers: Workers,
) -> None:
    output = await run_with(workers, attempt("fork_and_read"))
    assert output == {"said": "context.rows is for the skill's own process, and not for those that it forks"}


async def test_when_no_worker_can_be_started_it_is_said_and_tried_again(skills: Path) -> None:
    pool = Workers(skills, "", 1, os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(FileNotFoundError):
            await run_with(pool, attempt("returns"))
    try:
        assert await run_with(pool, attempt("returns")) == {"whole": 2}
    finally:
        await pool.close()


async def test_a_worker_is_used_again(workers: Workers) -> None:
    pids = [(await run_with(workers, attempt("pid")))["pid"] for _ in range(5)]
    assert len(set(pids)) == 1


LEFT = (
    "os.chdir('/')",
    "os.umask(0)",
    "os.environ['TOKEN'] = 'x'",
    "import time; os.environ['TZ'] = 'Asia/Tokyo'; time.tzset(); del os.environ['TZ']",
    "import locale; locale.setlocale(locale.LC_ALL, 'C')",
    "import decimal; decimal.getcontext().prec = 2",
    "import sys; sys.setrecursionlimit(50_000)",
    "import sys; sys.stdout.close()",
    "import sys; sys.stdout = open(os.devnull, 'w')",
    "import sys; sys.stdout = None",
    "import sys; sys.stdout = type('Tee', (), {'write': len})()",
    "import sys; sys.stdout.detach()",
    "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    "os.nice(1)",
    "import signal; signal.alarm(60)",
    "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "import subprocess; subprocess.Popen(['sleep', '60'])",
    "from skill_runner import surroundings; surroundings.LARGE_KB = 1",
)


@pytest.mark.parametrize("code", LEFT)
async def test_a_process_that_a_skill_leaves_changed_serves_nobody_else(skills: Path, code: str) -> None:
    pool = Workers(skills, "postgresql://127.0.0.1:1/none", 1, os.environ)
    its = await run_with(pool, attempt("does", {"code": code}))
    next_ = await run_with(pool, attempt("pid"))
    assert next_["pid"] != its["pid"]
    await pool.close()


async def test_a_process_that_a_skill_leaves_as_it_was_is_used_again(skills: Path) -> None:
    code = (
        "import subprocess, threading; subprocess.run(['true'])\n"
        "thread = threading.Thread(target=str); thread.start(); thread.join()\n"
        "folder = os.getcwd(); os.chdir('/'); os.chdir(folder); print('said')"
    )
    pool = Workers(skills, "postgresql://127.0.0.1:1/none", 1, os.environ)
    its = await run_with(pool, attempt("does", {"code": code}))
    assert (await run_with(pool, attempt("pid")))["pid"] == its["pid"]
    await pool.close()


async def test_what_a_skill_leaves_running_is_ended_with_its_answer(workers: Workers) -> None:
    code = "import subprocess; child = subprocess.Popen(['sleep', '60']).pid"
    its = await run_with(workers, attempt("does", {"code": code}))
    await until_gone(its["child"])


async def test_what_a_skill_has_left_is_said_to_whoever_asks_to_see_what_it_prints(
    skills: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pool = Workers(skills, "postgresql://127.0.0.1:1/none", 1, {**os.environ, "TOTALAUD_SKILL_OUTPUT": "1"})
    await run_with(pool, attempt("does", {"code": "os.chdir('/'); os.umask(0)"}))
    await pool.close()
    assert "does ends its process: it has left changed folder, umask" in capfd.readouterr().err


async def test_a_cancelled_skill_is_killed_at_once_with_all_it_started(workers: Workers) -> None:
    run = attempt("child", timeout_s=60)
    task = asyncio.create_task(run_with(workers, run))
    while run.progress.partial is None:
        await asyncio.sleep(0.01)
    start = time.monotonic()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert time.monotonic() - start < 1
    await until_gone(run.progress.partial["pid"])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("quit", "ended with exit code 3"),
        ("segfault", "ended with signal SIGSEGV"),
        ("hog", "ran out of memory or was killed"),
        ("leak_files", "had as many files open as it may"),
        ("leak_and_hide", "had as many files open as it may"),
        ("leak_threads", "ran out of memory or was killed"),
    ],
)
async def test_a_crash_is_retryable_and_the_next_skill_runs(workers: Workers, name: str, told: str) -> None:
    failed = await failure(workers, attempt(name))
    assert (failed.code, failed.retryable) == ("crashed", True)
    assert told in failed.message
    assert await run_with(workers, attempt("returns")) == {"whole": 2}


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_crash_is_told_at_once_though_what_the_skill_forked_lives(skills: Path, loop: Any) -> None:
    async def crash() -> str:
        pool = Workers(skills, "", 1, os.environ)
        run = attempt("orphan", {"crashes": True}, timeout_s=60)
        try:
            async with asyncio.timeout(20):
                failed = await failure(pool, run)
                while not gone(run.progress.partial["child"]):
                    await asyncio.sleep(0.01)
        finally:
            await pool.close()
        return failed.message

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(crash()) == "the skill's process ended with exit code 3"


async def answers(pool: Workers) -> bool:
    with suppress(Failure):
        return "pid" in await run_with(pool, attempt("pid"))
    return False


@pytest.mark.parametrize("loop", [None, uvloop.new_event_loop])
@pytest.mark.parametrize("crashes", [True, False])
def test_a_worker_that_dies_leaves_its_place_though_a_session_of_its_own_holds_its_pipes(
    skills: Path, loop: Any, *, crashes: bool
) -> None:
    async def next_pid() -> None:
        pool = Workers(skills, "", 1, os.environ)
        run = attempt("daemon", {"crashes": crashes}, timeout_s=60)
        try:
            async with asyncio.timeout(30):
                if crashes:
                    assert (await failure(pool, run)).code == "crashed"
                else:
                    os.kill((await run_with(pool, run))["pid"], 9)
                while not await answers(pool):
                    pass
        finally:
            os.kill(run.progress.partial["daemon"], 9)
            await pool.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(next_pid())


async def test_a_crash_while_idle_is_not_noticed(workers: Workers) -> None:
    pid = (await run_with(workers, attempt("pid")))["pid"]
    os.kill(pid, 9)
    await asyncio.sleep(0.2)
    assert (await run_with(workers, attempt("pid")))["pid"] != pid


async def test_an_exception_is_told_by_type_and_line_without_its_text(workers: Workers) -> None:
    failed = await failure(workers, attempt("trip", {"name": "Jane Example"}))
    assert (failed.code, failed.message, failed.retryable) == (
        "skill_error",
        "ValueError at trip.py:3",
        False,
    )


@pytest.mark.parametrize("run", [True, False])
async def test_a_worker_goes_on_after_an_exception_that_leaves_nothing_behind(
    workers: Workers, run: bool
) -> None:
    stumbled = attempt("stumble", {"run": run})
    assert (await failure(workers, stumbled)).code == "skill_error"
    assert (await run_with(workers, attempt("pid")))["pid"] == stumbled.progress.partial


async def test_an_exception_from_elsewhere_is_told_by_the_line_of_the_skill(workers: Workers) -> None:
    assert (await failure(workers, attempt("parse"))).message == "JSONDecodeError at parse.py:3"


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (asyncpg.AdminShutdownError(), True),
        (asyncpg.DeadlockDetectedError(), True),
        (asyncpg.InterfaceError("closed"), True),
        (asyncpg.UndefinedColumnError(), False),
        (KeyError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_database_says_is_retryable_where_it_will_pass(error: Exception, *, passes: bool) -> None:
    assert told(error, [Path()]) == {
        "code": "skill_error",
        "message": type(error).__name__,
        "retryable": passes,
    }


async def test_an_outage_is_retryable(workers: Workers) -> None:
    failed = await failure(workers, attempt("away"))
    assert (failed.message, failed.retryable) == ("ConnectionRefusedError at away.py:2", True)


async def test_an_error_raised_on_purpose_is_told_as_it_is(workers: Workers) -> None:
    failed = await failure(workers, attempt("refuse"))
    assert (failed.code, failed.message, failed.retryable) == ("skill_error", "no such campaign", True)


@pytest.mark.parametrize(("code", "told"), [(404, "404"), ("a\0b", "a b"), (None, "None")])
async def test_an_error_of_any_code_and_text_can_be_reported(workers: Workers, code: Any, told: str) -> None:
    error = (await failure(workers, attempt("misuse", {"code": code}))).error()
    assert AttemptError.from_json(error.to_json()) == AttemptError(code=told, message="of ?", retryable=True)


async def test_an_error_of_a_skill_s_own_kind_is_told_though_it_says_no_more(workers: Workers) -> None:
    told = (await failure(workers, attempt("lazy"))).error()
    assert told == AttemptError(code="skill_error", message="campaign", retryable=False)


async def test_a_skill_that_leaves_is_an_error_not_a_crash(workers: Workers) -> None:
    assert (await failure(workers, attempt("leave"))).message == "SystemExit at leave.py:3"


async def test_a_skill_that_prints_and_reads_does_not_disturb_the_pipe(workers: Workers) -> None:
    assert await run_with(workers, attempt("chatty")) == {"stdin": ""}


@pytest.mark.parametrize("shown", [True, False])
async def test_what_a_skill_prints_is_seen_by_whoever_asks_to_see_it(
    skills: Path, capfd: pytest.CaptureFixture[str], *, shown: bool
) -> None:
    pool = Workers(skills, "", 1, os.environ | ({"TOTALAUD_SKILL_OUTPUT": "1"} if shown else {}))
    await run_with(pool, attempt("says"))
    await pool.close()
    heard = capfd.readouterr().err
    assert ("said aloud" in heard, "complained" in heard) == (shown, shown)


@pytest.mark.parametrize("shown", [True, False])
async def test_why_a_skill_failed_is_seen_by_whoever_asks_to_see_what_it_prints(
    skills: Path, capfd: pytest.CaptureFixture[str], *, shown: bool
) -> None:
    pool = Workers(skills, "", 1, os.environ | ({"TOTALAUD_SKILL_OUTPUT": "1"} if shown else {}))
    await failure(pool, attempt("leave"))
    await pool.close()
    assert ("SystemExit: 0" in capfd.readouterr().err) == shown


async def test_what_a_generator_yielded_last_is_its_output_when_it_returns_nothing(workers: Workers) -> None:
    assert await run_with(workers, attempt("bits")) == {"found": [1, 2]}


async def test_what_a_generator_yielded_is_kept_when_it_fails(workers: Workers) -> None:
    run = attempt("bits", {"fail": True})
    await failure(workers, run)
    assert run.progress.partial == {"found": [1, 2]}


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("odd", "invalid_output", "is not JSON: at value it holds a Decimal"),
        ("nested", "invalid_output", "is not JSON"),
        ("endless", "invalid_output", "is not JSON: at value it holds a number that is none"),
        ("named", "invalid_output", "is not JSON: at value a name in it is no text"),
        ("huge", "output_too_large", "bytes, 2500000 are allowed"),
    ],
)
async def test_an_output_that_cannot_be_told_is_an_error(
    workers: Workers, name: str, code: str, told: str
) -> None:
    failed = await failure(workers, attempt(name))
    assert (failed.code, failed.retryable) == (code, False)
    assert failed.message.endswith(told)


async def test_an_output_just_within_the_limit_comes_whole(workers: Workers) -> None:
    given = {"text": "x" * (OUTPUT_LIMIT - 200)}
    assert (await run_with(workers, attempt("echo", given)))["given"] == given


async def test_times_ids_and_tuples_become_json(workers: Workers) -> None:
    run = attempt("times")
    output = await run_with(workers, run)
    assert output == {"now": "2026-05-01T10:00:00+00:00", "user": str(run.work.user), "pair": [1, 2]}


class Word(str):
    """What a library may return in place of a text."""

    __slots__ = ()

    def __str__(self) -> str:
        return "another"


def test_what_is_json_already_stays_and_what_is_like_it_becomes_it() -> None:
    already = {"a": [1, 2.5, True, None, {"b": "c"}]}
    assert plain(already) is already
    made = plain({Word("k"): [Word("v"), (HTTPStatus.OK, date(2026, 5, 1))]})
    assert made == {"k": ["v", [200, "2026-05-01"]]}
    assert [type(next(iter(made))), type(made["k"][0]), type(made["k"][1][0])] == [str, str, int]


@pytest.mark.parametrize("value", [{1: "a"}, [{"a": {None: 1}}], [float("nan")], {"a": {1}}, b"a"], ids=repr)
def test_what_json_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        plain(value)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"venues": [{"dates": [1]}, {"dates": [2, {3}]}]}, "at venues[1].dates[1] it holds a set"),
        (({"price": Decimal(1)},), "at [0].price it holds a Decimal"),
        ({"ada@example.org": {"n": b"x"}}, "at (…).n it holds a bytes"),
        ([date(2026, 5, 1), {1: "a"}], "at [1] a name in it is no text"),
        ({1: Decimal(1)}, "JSON: a name in it is no text"),
    ],
    ids=str,
)
def test_what_json_does_not_have_is_told_by_its_place(value: Any, place: str) -> None:
    with pytest.raises(SkillError, match=re.escape(place)):
        framed("output", value)


async def test_a_file_that_is_no_python_is_told_with_its_line(workers: Workers) -> None:
    assert (await failure(workers, attempt("broken"))).message == "SyntaxError at broken.py:1"


async def test_a_file_of_another_version_is_not_run(workers: Workers) -> None:
    run = attempt("echo")
    run.definition.python_hash = "0" * 64
    failed = await failure(workers, run)
    assert (failed.code, failed.retryable) == ("definition_missing", False)
    assert "start it with the folder that was pushed, or push the skills that it has" in failed.message


async def test_a_skill_fetches_what_the_operator_allows_and_nothing_else_inside(
    skills: Path, workers: Workers
) -> None:
    with running(Site()) as site:
        site.answers["/"] = says(b"hello")
        told = await failure(workers, attempt("fetch", {"url": site.url("/")}))
        assert (told.code, told.message) == (
            "fetch_refused",
            "url: the port is none of those that are allowed",
        )
        assert site.heard == []
        env = {**os.environ, "TOTALAUD_FETCH_ALLOW": f"{LOOPBACK}:{site.port}"}
        allowing = Workers(skills, "postgresql://127.0.0.1:1/none", 1, env)
        try:
            run = attempt("fetch", {"url": site.url("/")})
            assert await run_with(allowing, run) == {"body": "hello"}
        finally:
            await allowing.close()


async def test_a_skill_sees_no_secret_in_its_environment(workers: Workers) -> None:
    names = (await run_with(workers, attempt("secrets")))["env"]
    assert "PATH" in names
    assert not set(SECRET) & set(names)


async def test_where_memory_is_short_a_skill_is_ended_before_a_service(workers: Workers) -> None:
    assert int((await run_with(workers, attempt("expendable")))["score"]) == 1000


async def test_a_worker_dies_with_its_runner(skills: Path) -> None:
    code = (
        "import asyncio, os, sys\nfrom functools import partial\nfrom pathlib import Path\n"
        "from skill_runner.call import Call\nfrom skill_runner.workers import Workers\n"
        "async def main():\n"
        f"    workers = Workers(Path({str(skills)!r}), '', 1, os.environ)\n"
        "    await workers.do(Call({'skill': 'pid_and_spin', 'python_hash': sys.argv[1], 'input': {},\n"
        "        'log_seq': 0, 'user': '00000000-0000-0000-0000-000000000001', 'now': '2026-05-01',\n"
        "        'wait_s': 1}, partial(print, flush=True)))\n"
        "asyncio.run(main())\n"
    )
    python_hash = hashlib.sha256(SKILLS["pid_and_spin"].encode()).hexdigest()
    runner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, python_hash, stdout=asyncio.subprocess.PIPE
    )
    assert runner.stdout is not None
    pid = int(await runner.stdout.readline())
    await asyncio.sleep(0.5)
    runner.kill()
    await runner.wait()
    await until_gone(pid)
