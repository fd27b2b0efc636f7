"""What a skill may ask of the tables: queries, with a value for each name."""

import pytest

from skill_runner.context import SkillError
from skill_runner.tables import positional

QUERIES = (
    "SELECT 1",
    "\n  select 1",
    "-- why\n/* and\nhow */ (SELECT 1) UNION (SELECT 2)",
    "WITH one AS (SELECT 1) SELECT * FROM one",
    "VALUES (1)",
    "TABLE contacts",
    "SHOW timezone",
    "EXPLAIN SELECT 1",
)
OTHERS = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ",
    "SET TIME ZONE 'Europe/London'",
    "-- SELECT\nRESET ALL",
    "/* SELECT */ DECLARE all_ CURSOR WITH HOLD FOR SELECT 1",
    "selected",
    "",
)


@pytest.mark.parametrize("sql", QUERIES)
def test_a_query_is_one_however_it_is_written(sql: str):
    assert positional(sql, {}) == (sql, [])


@pytest.mark.parametrize("sql", OTHERS)
def test_what_would_change_the_connection_for_whoever_reads_next_is_refused(sql: str):
    with pytest.raises(SkillError, match="it is no query"):
        positional(sql, {})


def test_a_name_is_a_number_where_it_stands_for_a_value():
    sql = "SELECT ':day', now()::date, :day, :user, :day -- :no"
    assert positional(sql, {"user": 1, "day": 2}) == (
        "SELECT ':day', now()::date, $1, $2, $1 -- :no",
        [2, 1],
    )


def test_a_name_without_a_value_is_told():
    with pytest.raises(SkillError, match="nothing is given for :day"):
        positional("SELECT :day", {"user": 1})
