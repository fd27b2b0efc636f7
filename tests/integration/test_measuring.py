"""What is measured of the tables is what they hold."""

import asyncpg

from histories import stories
from projector.live import Live
from projector.measuring import HALTED, LOG, OLDEST, OPEN, PARKED, TABLES, Measuring
from projectorstage import Writer, caught_up, operated
from shared.bus import Bus
from shared.jetstream_log import JetStreamLog

MORE = """
CREATE TABLE more AS SELECT s.*, w.on_what FROM (SELECT * FROM agent_sessions LIMIT 1) s,
  (VALUES ('budget'), ('budget'), (NULL)) AS w (on_what);
UPDATE more SET id = gen_random_uuid(), status = 'running', waiting_on = on_what,
  created_at = now() - '1 h'::interval;
INSERT INTO outstanding SELECT id::text, 'session', id, user_id FROM more;
ALTER TABLE more DROP COLUMN on_what;
INSERT INTO agent_sessions TABLE more;
INSERT INTO projection_errors VALUES ('evt.one', 1, 'told');
DELETE FROM outstanding WHERE subject LIKE 'evt.%';
"""


async def test_tables_are_measured_by_how_far_they_are_and_what_in_them_is_not_at_its_end(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    async with operated(bus, nats_url, postgres_url) as live:
        await writer.write(stories(6))
        await caught_up(bus, postgres_url)
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(MORE)
        await connection.close()
        measuring = Measuring(postgres_url, live)
        found = {**await measuring.halted(), **await measuring.log(), **await measuring.tables()}
    last = await JetStreamLog(bus).last_seq()
    oldest = found.pop(OLDEST)
    assert found == {
        LOG: {(): last},
        TABLES: {(): last},
        PARKED: {(): 1},
        HALTED: {(): False},
        OPEN: {("budget",): 2, ("nothing",): 1},
    }
    assert set(oldest) == {("budget",), ("nothing",)}
    assert all(3600 <= seconds < 3600 + 60 for seconds in oldest.values())


async def test_tables_that_are_not_made_yet_are_measured_by_nothing(bus: Bus, postgres_url: str):
    measuring = Measuring(postgres_url, Live(bus, postgres_url))
    assert await measuring.tables() == {}
    assert await measuring.halted() == {HALTED: {(): False}}
