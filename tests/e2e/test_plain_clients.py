"""Everything can be driven with NATS messages of plain JSON and no header, and read with SQL."""

import asyncio
import json
from uuid import uuid4

import asyncpg
import nats

SUCCESSES = "SELECT count(*) FROM skill_executions WHERE agent_session_id = $1::uuid AND status = 'success'"
SESSION = "SELECT * FROM agent_sessions WHERE id = $1::uuid"


async def test_plain_nats_and_plain_sql_are_enough(stack):
    user, session_id = str(uuid4()), str(uuid4())
    steps = [
        {"skill": "count", "input": {"numbers": [1, 2, 3]}},
        {"skill": "count", "input": {"numbers": "{{step1.numbers}}"}},
        {"skill": "write", "input": {"topic": "synthpop"}},
    ]
    body = json.dumps({"session_id": session_id, "agent": "tester", "steps": steps}).encode()
    client = await nats.connect(stack.place.nats_url)
    database = await asyncpg.connect(stack.place.database_url)
    try:
        feed = await client.subscribe(f"feed.{user}.session.{session_id}")
        await client.flush()
        answer = json.loads((await client.request(f"ask.{user}.session.run", body, timeout=5)).data)
        assert (answer["session_id"], answer["accepted"], answer["duplicate"]) == (session_id, True, False)
        assert await _types_until_the_end(feed) >= {"SessionStarted", "StepCompleted", "SessionCompleted"}

        again = json.loads((await client.request(f"ask.{user}.session.run", body, timeout=5)).data)
        assert (again["seq"] > 0, again["duplicate"]) == (True, True)

        row = await _row_when(database, SESSION, session_id, "completed")
        assert (str(row["user_id"]), row["agent_name"], row["total_steps"]) == (user, "tester-agent", 3)
        assert json.loads(row["final_output"])["text"]
        found = await database.fetch(
            "SELECT * FROM agent_session_steps WHERE session_id = $1::uuid ORDER BY step_number", session_id
        )
        assert [json.loads(step["output"]).get("total") for step in found] == [6, 6, None]
        assert (
            await database.fetchval(
                SUCCESSES,
                session_id,
            )
            == 3
        )

        queued = str(uuid4())
        await client.publish(
            f"cmd.{user}.session.run",
            json.dumps({"session_id": queued, "agent": "tester", "steps": steps[:1]}).encode(),
        )
        await _row_when(database, SESSION, queued, "completed")

        executed = json.loads(
            (
                await client.request(
                    f"ask.{user}.skill.execute", b'{"skill":"count","input":{"numbers":[4]}}', timeout=5
                )
            ).data
        )
        row = await _row_when(
            database,
            "SELECT * FROM skill_executions WHERE execution_id = $1::uuid",
            executed["execution_id"],
            "success",
        )
        assert json.loads(row["output"])["total"] == 4

        refused = json.loads((await client.request(f"ask.{user}.session.run", b"{}", timeout=5)).data)
        assert refused["error"]["field"] == "agent"
    finally:
        await database.close()
        await client.close()


async def _types_until_the_end(feed) -> set[str]:
    types: set[str] = set()
    async with asyncio.timeout(20):
        while "SessionCompleted" not in types:
            message = await feed.next_msg(20)
            types |= {event["type"] for event in json.loads(message.data)["events"]}
    return types


async def _row_when(database: asyncpg.Connection, sql: str, id_: str, status: str) -> asyncpg.Record:
    async with asyncio.timeout(15):
        while True:
            row = await database.fetchrow(sql, id_)
            if row is not None and row["status"] == status:
                return row
            await asyncio.sleep(0.05)
