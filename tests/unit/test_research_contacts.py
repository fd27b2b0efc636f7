"""What a query means, how far it is widened, and how two rankings become one."""

from datetime import UTC, datetime
from typing import Any

import pytest

from skillmodules import skill_module

research = skill_module("scout/research_contacts.py")
Wish = research.Wish


class Context:
    """Answers each query with the next of its tables, and keeps what was asked."""

    def __init__(self, *tables: list[dict[str, Any]]) -> None:
        self.tables = list(tables)
        self.asked: list[dict[str, Any]] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 1, tzinfo=UTC)

    def rows(self, sql: str, **named: Any) -> list[dict[str, Any]]:
        if "FROM contacts" not in sql:
            return []
        self.asked.append(named)
        return self.tables.pop(0) if self.tables else []


def row(id_: str, genre_fit: float = 1.0, text_fit: float = 0.0, total: int = 1) -> dict[str, Any]:
    return {"id": id_, "name": {"$sealed": id_}, "genre_fit": genre_fit, "text_fit": text_fit, "total": total}


def test_a_question_is_understood():
    wish = research.understood({"query": "Find me UK indie radio DJs who like synthpop"})
    assert wish == Wish(genres=("indie", "synthpop"), regions=("uk",), type="radio")


def test_what_is_given_stands_over_the_query():
    wish = research.understood(
        {"query": "US metal blogs", "genres": ["new wave"], "regions": ["Wales"], "type": "radio"}
    )
    assert (wish.genres, wish.regions, wish.type) == (("new wave",), ("Wales",), "radio")


@pytest.mark.parametrize(
    ("query", "wish"),
    [
        ("post-punk in Northern Ireland", Wish(genres=("post-punk",), regions=("northern ireland",))),
        ("who could help us", Wish(words=("could", "help"))),
        ("US hip hop podcasts", Wish(genres=("hip hop",), regions=("us",), type="podcast")),
        ("BBC Radio 6", Wish(type="radio", words=("bbc", "6"))),
        ("blogs and podcasts", Wish()),
        ("blogs & podcasts in Leeds", Wish(regions=("leeds",))),
        ("radio _", Wish(type="radio")),
        ("indie radio worldwide", Wish(genres=("indie",), type="radio")),
        ("blogs anywhere in the world?", Wish(type="blogger")),
        ("Worldwide FM", Wish(words=("worldwide", "fm"))),
        ("", Wish()),
        ("'); DROP TABLE contacts; --", Wish(words=("drop", "table"))),
    ],
)
def test_names_of_several_words_and_strange_text_are_read(query: str, wish: Any):
    assert research.understood({"query": query}) == wish


def test_near_genres_are_looked_for_too_and_places_include_what_is_inside_them():
    sql, named = research.query(Wish(genres=("Synth-Pop",), regions=("UK",)))
    assert {"synthpop", "electropop", "newwave"} <= set(named["genres"])
    assert named["g0_0"] == "synthpop"
    assert "WHEN :g0_0 = ANY(c.genre_keys) THEN 1.000" in sql
    assert {"uk", "gb", "unitedkingdom", "wales", "cardiff"} <= set(named["regions"])
    assert "us" not in named["regions"]


@pytest.mark.parametrize("regions", [["Worldwide"], ["UK", "anywhere"]])
def test_who_asks_for_the_whole_world_asks_for_no_region(regions: list[str]):
    assert research.understood({"query": "radio", "regions": regions}) == Wish(type="radio")


def test_who_is_everywhere_is_in_each_region_too():
    assert {"worldwide", "international"} <= {*research.query(Wish(regions=("UK",)))[1]["regions"]}


def test_no_value_of_a_wish_stands_in_the_query_itself():
    wish = Wish(genres=("x' OR 1=1",), regions=("y'; --",), type="z'", words=("w",))
    assert not {"OR 1=1", "y'", "z'"} & set(research.query(wish)[0].split())
    assert "1=1" not in research.query(wish)[0]


def test_a_region_without_anybody_is_widened_step_by_step_and_it_is_said():
    context = Context([], [], [row("a")])
    output = research.run({"query": "synthpop in Wales", "max_results": 20}, context)
    assert output["widened"] == ["nobody fits in wales: looked in uk", "nobody fits in uk: looked in europe"]
    assert [asked["genres"] for asked in context.asked] == [context.asked[0]["genres"]] * 3
    assert output["total"] == 1


def test_genres_and_types_are_never_given_up():
    context = Context()
    output = research.run({"query": "UK synthpop radio", "max_results": 20}, context)
    assert output["contacts"] == []
    assert "regions" not in context.asked[-1]
    assert all(asked["type"] == "radio" and asked["genres"] for asked in context.asked)
    assert output["meta"]["basis"] == "insufficient"


def test_both_rankings_count_and_equal_fits_share_a_rank():
    rows = [row("c", 1.0), row("b", 1.0, 0.5), row("a", 0.5, 0.4), row("d", 1.0)]
    assert [each["id"] for each in research.ranked(rows)] == ["b", "a", "c", "d"]


def test_contacts_are_passed_on_as_they_are_without_what_ranked_them():
    output = research.run({"query": "", "max_results": 1}, Context([row("a", total=9), row("b")]))
    assert output["contacts"] == [{"id": "a", "name": {"$sealed": "a"}}]
    assert (output["total"], output["widened"], output["meta"]["n"]) == (9, [], 9)
