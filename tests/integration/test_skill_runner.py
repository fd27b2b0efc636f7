"""Custom skills in a skill-runner: what is run, what is reported, and what is wrong with it."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from runnerstage import ACK_WAIT_S, JANE, USER, Stage, model_url, rigs, stage, theatre
from shared.sealing import is_sealed, reveal
from skill_runner.frames import OUTPUT_LIMIT

__all__ = ["model_url", "rigs", "stage", "theatre"]


async def test_a_custom_skill_is_run_and_reported_and_its_work_acked(stage: Stage) -> None:
    report = await stage.report("echo", {"text": "synthpop"})
    assert (report.output, report.error, report.usage) == ({"text": "synthpop"}, None, None)
    await stage.drained()


async def test_an_unknown_field_is_a_warning(stage: Stage) -> None:
    report = await stage.report("echo", {"text": "a", "txet": "b"})
    assert report.warnings == ("txet is not known and was left out; known: text",)


async def test_a_missing_field_is_an_error_by_its_name(stage: Stage) -> None:
    report = await stage.report("echo", {})
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == ("invalid_input", False)
    assert report.error.message.startswith("text ")


async def test_a_skill_works_on_opened_values_and_its_output_is_sealed(stage: Stage) -> None:
    work = await stage.ask("greet", {"contact": {"id": JANE, "name": "Jane Example"}})
    report = await stage.orchestrator.next()
    assert b"Jane" not in work.to_json() + report.to_json()
    assert is_sealed(report.output["text"])
    assert report.output["text"]["$sealed"] == JANE
    assert (await reveal(stage.vault, USER, report.output))["text"] == "Hi Jane Example"


async def test_a_spinning_skill_times_out_with_its_partial_result_while_others_run(stage: Stage) -> None:
    spinning = await stage.ask("spin", {}, timeout_s=2)
    echoed: list[str] = []
    while True:
        await stage.ask("echo", {"text": "a"})
        report = await stage.orchestrator.next()
        if report.attempt_id == spinning.attempt_id:
            break
        echoed.append(report.output["text"])
    assert echoed == ["a"] * len(echoed)
    assert len(echoed) > 1
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == ("timeout", True)
    assert report.partial == {"text": "so far"}
    assert 2000 <= report.duration_ms < 10_000


async def test_a_skill_that_takes_longer_than_the_ack_wait_is_run_once(stage: Stage) -> None:
    await stage.ask("spin", {}, timeout_s=2 * ACK_WAIT_S)
    await stage.orchestrator.next()
    await stage.drained()
    assert stage.orchestrator.heard == ["report"]


@pytest.mark.parametrize(
    ("skill", "given", "code", "retryable"),
    [
        ("quit", {}, "crashed", True),
        ("nul", {}, "invalid_output", False),
        ("wrong", {}, "invalid_output", False),
        ("big", {"size": OUTPUT_LIMIT + 1}, "output_too_large", False),
    ],
)
async def test_a_failed_skill_is_reported_with_its_reason(
    stage: Stage, skill: str, given: dict[str, Any], code: str, *, retryable: bool
) -> None:
    report = await stage.report(skill, given)
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == (code, retryable)
    await stage.drained()


async def test_a_field_that_the_output_schema_does_not_know_is_left_out(stage: Stage) -> None:
    report = await stage.report("more", {})
    assert report.output == {"text": "a"}
    assert report.warnings == ("output: secret is not known and was left out; known: text",)
    failed = await stage.report("more", {"fail": True})
    assert failed.partial == {"text": "a"}


async def test_a_big_output_within_the_limit_is_reported_whole(stage: Stage) -> None:
    report = await stage.report("big", {"size": OUTPUT_LIMIT - 100})
    assert len(report.output["text"]) == OUTPUT_LIMIT - 100


async def test_a_pinned_version_that_is_not_here_is_missing(stage: Stage) -> None:
    report = await stage.report("echo", {"text": "a"}, skill_hash="another")
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == ("definition_missing", False)


async def test_a_skill_reads_its_user_s_rows_and_can_write_none(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [str(uuid4()), str(uuid4())]
    connection = await asyncpg.connect(stage.database_url)
    await connection.execute("CREATE TABLE things (id uuid, owner uuid, name jsonb, price numeric)")
    await connection.execute("UPDATE checkpoint SET seq = 7")
    for owner, id_ in ((USER, ids[0]), (uuid4(), ids[1])):
        row = (UUID(id_), owner, '{"a": [1]}', 2)
        await connection.execute("INSERT INTO things VALUES ($1, $2, $3, $4)", *row)
    report = await stage.report("rows", {"ids": ids}, log_seq=7)
    assert report.output == {
        "text": str([{"id": ids[0], "name": {"a": [1]}, "price": 2.0, "quoted": ":user"}])
    }
    refused = await stage.report("write", {}, log_seq=7)
    assert refused.error is not None
    assert refused.error.message.startswith("ReadOnlySQLTransactionError at write.py:2")
    with monkeypatch.context() as impatient:
        impatient.setattr("skill_runner.custom.WAIT_S", 0.5)
        behind = await stage.report("rows", {"ids": ids}, log_seq=8)
    assert behind.error is not None
    assert (behind.error.code, behind.error.retryable) == ("projection_behind", True)
    waiting = await stage.ask("rows", {"ids": ids}, log_seq=9)
    await asyncio.sleep(0.3)
    await connection.execute("UPDATE checkpoint SET seq = 9")
    report = await stage.orchestrator.next()
    assert (report.attempt_id, report.error) == (waiting.attempt_id, None)
    await connection.close()


async def test_unreadable_work_is_dead_lettered(stage: Stage) -> None:
    await stage.bus.publish("work.custom.echo.odd", b"{}")
    await stage.drained()
    letter = await stage.bus.client.jetstream().get_last_msg("DLQ", "dlq.custom")
    assert json.loads(letter.data or b"")["reason"] == "it is no work of ours"
