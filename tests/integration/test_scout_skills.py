"""Scout's skills on tables: history counts, shut opportunities and other users' rows stay out."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from quality.harness import NOW
from skill_runner.context import SkillError


def contact(user, **changes):
    row = {"outlet": "Dock FM", "type": "radio", "genres": ["synth-pop"], "regions": ["UK"], "seq": 1}
    return {"id": uuid4(), "user_id": user, "imported_at": NOW, **row, **changes}


def pitch(user, to, days, **changes):
    sent = NOW - timedelta(days=days)
    row = {"sent_at": sent, "last_sent_at": sent, "sends": 1, "channel": "email"}
    return {"id": uuid4(), "user_id": user, "campaign_id": uuid4(), "contact_id": to["id"], **row, **changes}


def chance(user, title, **changes):
    row = {"kind": "festival", "deadline": NOW.date() + timedelta(days=9), "genres": ["synthpop"]}
    return {"id": uuid4(), "user_id": user, "title": title, "rules": {}, **row, **changes}


async def test_the_contact_that_answered_comes_first_and_says_so(skillbench):
    user = skillbench.user()
    known, other = contact(user), contact(user, outlet="Aire FM", genres=["synthpop"])
    sent = [pitch(user, known, days) for days in (300, 200, 100)]
    placed = [{**one, "replied_at": one["sent_at"], "placed_at": one["sent_at"]} for one in sent[:2]]
    await skillbench.load({"contacts": [other, known], "pitches": [*placed, sent[2]]})
    found = await skillbench.run("research-contacts", {"query": "UK synthpop radio"}, user=user)
    assert found["meta"]["basis"] == "own_data"
    ranked = await skillbench.run(
        "score-contacts", {"contacts": found["contacts"], "criteria": {"genres": ["synthpop"]}}, user=user
    )
    first, second = ranked["contacts"]
    assert (first["id"], second["id"]) == (str(known["id"]), str(other["id"]))
    assert "answered 2 of 3 pitches, 2 placed" in {part["why"] for part in first["score_parts"]}
    assert (first["history"]["k"], first["history"]["n"]) == (2, 3)
    assert first["last_contacted_at"].startswith("2026-07-25")


async def test_nobody_who_is_suppressed_is_ranked(skillbench):
    user = skillbench.user()
    people = [contact(user) for _ in range(3)]
    await skillbench.load({"contacts": people})
    asked = [{"id": str(one["id"]), "suppressed": one != people[0]} for one in people]
    found = await skillbench.run("score-contacts", {"contacts": asked}, user=user)
    assert [one["id"] for one in found["contacts"]] == [str(people[0]["id"])]
    assert "2 left out: suppressed or erased" in found["meta"]["warnings"]


async def test_answers_that_came_soon_do_not_make_others_likely_to_answer(skillbench):
    user = skillbench.user()
    people = [contact(user) for _ in range(400)]
    sent = [pitch(user, one, 7) for one in people]
    sent[:20] = [{**one, "replied_at": one["sent_at"] + timedelta(days=1)} for one in sent[:20]]
    await skillbench.load({"contacts": people, "pitches": sent})
    asked = [{"id": str(one["id"]), "type": "radio"} for one in (people[0], people[-1])]
    found = await skillbench.run("score-contacts", {"contacts": asked}, user=user)
    answered, silent = (one["history"] for one in found["contacts"])
    assert silent["mean"] < 0.1
    assert silent["mean"] < answered["mean"] < 0.2


async def test_whoever_is_named_twice_is_ranked_once(skillbench):
    user = skillbench.user()
    one = contact(user)
    await skillbench.load({"contacts": [one]})
    found = await skillbench.run("score-contacts", {"contacts": [{"id": str(one["id"])}] * 2}, user=user)
    assert (len(found["contacts"]), found["meta"]["warnings"]) == (1, ["1 left out: named before"])


@pytest.mark.parametrize(
    ("days", "later", "share"),
    [(40, {}, 0), (90, {}, 1), (40, {"replied_at": NOW - timedelta(days=30)}, 1)],
)
async def test_an_address_that_the_last_pitch_did_not_reach_counts_as_none(skillbench, days, later, share):
    user = skillbench.user()
    one = contact(user)
    bounced = pitch(user, one, days, bounced_at=NOW - timedelta(days=days), **later)
    await skillbench.load({"contacts": [one], "pitches": [pitch(user, one, 60), bounced]})
    asked = [{"id": str(one["id"]), "email": "asha@example.org"}]
    (found,) = (await skillbench.run("score-contacts", {"contacts": asked}, user=user))["contacts"]
    (part,) = [part for part in found["score_parts"] if part["name"] == "email"]
    assert part["points"] == share * part["of"]
    assert ("bounced" in part["why"]) is (share == 0)


async def test_young_silence_and_bounces_are_no_history(skillbench):
    user = skillbench.user()
    one = contact(user)
    rows = [pitch(user, one, 3), pitch(user, one, 90, bounced_at=NOW - timedelta(days=90))]
    await skillbench.load({"contacts": [one], "pitches": rows})
    (shown,) = (await skillbench.run("research-contacts", {"query": "synthpop"}, user=user))["contacts"]
    assert "history" not in shown
    assert shown["last_contacted_at"].startswith("2026-10-30")


async def test_only_what_is_open_is_returned_and_duplicates_once(skillbench):
    user, stranger = skillbench.user(), skillbench.user()
    over = chance(user, "Over", deadline=date(2026, 11, 1))
    abroad = chance(user, "Abroad", rules={"territory": ["US"]})
    rows = [chance(user, "Harbour Festival"), chance(user, "harbour festival!"), over, abroad]
    await skillbench.load({"opportunities": [*rows, chance(stranger, "Theirs")]})
    given = {"genres": ["synthpop"], "regions": ["Leeds"]}
    found = await skillbench.run("discover-opportunities", given, user=user)
    (one,) = found["opportunities"]
    assert (one["lead_days"], one["eligible"], len(one["merged"])) == (9, True, 1)
    assert "1 left out: it is open to other places" in found["meta"]["warnings"]


async def test_costs_in_other_currencies_are_left_out_or_told(skillbench):
    user = skillbench.user()
    costs = {"Harbour Festival": (15, "£"), "Fell Grant": (15, "EUR"), "Open Stage": (0, None)}
    rows = [chance(user, title, cost=cost, currency=counted) for title, (cost, counted) in costs.items()]
    await skillbench.load({"opportunities": rows})
    found = await skillbench.run("discover-opportunities", {"budget": 20, "currency": "GBP"}, user=user)
    assert {one["title"] for one in found["opportunities"]} == {"Harbour Festival", "Open Stage"}
    assert "1 left out: its cost is in another currency than the budget" in found["meta"]["warnings"]
    found = await skillbench.run("discover-opportunities", {"budget": 20}, user=user)
    assert (found["total"], len(found["meta"]["warnings"])) == (3, 1)
    assert "costs in EUR, GBP were compared" in found["meta"]["warnings"][0]


async def test_an_opportunity_tells_its_rules(skillbench):
    user = skillbench.user()
    rules = {"unreleased": True, "min_lead_days": 7}
    await skillbench.load(
        {"opportunities": [chance(user, "Harbour Fest", rules=rules), chance(user, "Quay Radio Fund")]}
    )
    release = {"title": "Glass Coast", "date": (NOW.date() + timedelta(days=30)).isoformat()}
    found = await skillbench.run("discover-opportunities", {"release": release}, user=user)
    told = {one["title"]: one.get("rules") for one in found["opportunities"]}
    assert told == {"Harbour Fest": rules, "Quay Radio Fund": None}


async def test_without_any_opportunity_the_answer_is_empty(skillbench):
    found = await skillbench.run("discover-opportunities", {}, user=skillbench.user())
    assert (found["opportunities"], found["meta"]["basis"]) == ([], "insufficient")
    assert "'totalaud opportunities import FILE' brings some" in found["meta"]["warnings"][0]


async def test_an_unknown_artist_is_named_as_such(skillbench):
    with pytest.raises(SkillError, match="artist_id"):
        await skillbench.run("discover-opportunities", {"artist_id": str(uuid4())}, user=skillbench.user())


async def test_a_rising_number_is_told_and_seven_weeks_are_too_few(skillbench):
    user, artist, young = skillbench.user(), uuid4(), uuid4()
    artists = [
        {"id": one, "user_id": user, "name": name, "mine": True}
        for one, name in ((artist, "Neon Harbour"), (young, "Young Sample"))
    ]
    days = [(artist, age) for age in range(1, 100)] + [(young, age) for age in range(1, 40)]
    rows = [
        {
            "id": uuid4(),
            "user_id": user,
            "artist_id": whose,
            "metric": "streams",
            "day": NOW.date() - timedelta(days=age),
            "value": 1000.0 - 7 * age,
        }
        for whose, age in days
    ]
    await skillbench.load({"artists": artists, "metric_days": rows})
    first, second = (await skillbench.run("track-trends", {}, user=user))["trends"]
    assert (first["key"], first["direction"], first["slope_per_week"]) == ("Neon Harbour", "rising", 49)
    assert (second["direction"], second["q_value"]) == ("insufficient", None)


async def test_that_more_numbers_are_there_than_are_looked_at_is_told(skillbench):
    user = skillbench.user()
    artists = [{"id": uuid4(), "user_id": user, "name": f"No. {n}", "mine": True} for n in range(200)]
    same = {"user_id": user, "metric": "streams", "value": 1.0}
    rows = [
        {"id": uuid4(), "artist_id": one["id"], "day": NOW.date() - timedelta(weeks=week), **same}
        for one in artists
        for week in range(1, 101)
    ]
    await skillbench.load({"artists": artists, "metric_days": rows[:-1]})
    assert (await trends(skillbench, user))["meta"]["warnings"] == []
    await skillbench.load({"metric_days": rows[-1:]})
    (told,) = (await trends(skillbench, user))["meta"]["warnings"]
    assert told.startswith("20000 weeks of numbers were looked at, the first artists by name")


async def trends(skillbench, user):
    return await skillbench.run("track-trends", {"window_days": 730}, user=user)


async def test_answers_are_told_by_each_region_asked_for_and_all_that_lies_in_it(skillbench):
    user = skillbench.user()
    welsh, scot = (
        contact(user, regions=["UK", "Cardiff"]),
        contact(user, regions=["Glasgow"], genres=["folk"]),
    )
    rows = []
    for week in range(4, 14):
        rows += [pitch(user, welsh, 7 * week), pitch(user, scot, 7 * week)]
        if week <= 6:
            rows[-2]["replied_at"] = rows[-2]["sent_at"] + timedelta(days=1)
    await skillbench.load({"contacts": [welsh, scot], "pitches": rows})

    async def regions(**given):
        found = (await skillbench.run("track-trends", given, user=user))["trends"]
        return {one["key"]: one for one in found if one["key"] in {"Wales", "UK", "Scotland", "Spain"}}

    told = await regions(regions=["Wales", "UK", "Scotland", "Spain"])
    assert set(told) == {"Wales", "UK", "Scotland"}
    latest = {name: one["points"][-1]["value"] for name, one in told.items()}
    assert latest == {"Wales": 1.0, "UK": 0.5, "Scotland": 0.0}
    assert {len(one["points"]) for one in told.values()} == {10}
    assert set(await regions(regions=["UK"], genres=["folk"])) == {"UK"}
    assert await regions() == {}


async def test_a_genre_is_one_series_under_the_name_that_is_written_most_often(skillbench):
    user = skillbench.user()
    names = (["dnb"], ["Drum & Bass", "drum and bass"], ["Drum & Bass", "Sea Shanty"])
    contacts = [contact(user, genres=genres) for genres in names]
    rows = [pitch(user, who, 7 * week) for week in range(4, 14) for who in contacts]
    for sent in rows[::3]:
        sent["replied_at"] = sent["sent_at"] + timedelta(days=1)
    await skillbench.load({"contacts": contacts, "pitches": rows})

    async def rates(**given):
        found = (await skillbench.run("track-trends", given, user=user))["trends"]
        return {one["key"]: {round(point["value"], 3) for point in one["points"]} for one in found}

    third = {0.333}
    assert await rates() == {"Drum & Bass": third, "Sea Shanty": {0.0}}
    assert await rates(genres=["dnb"]) == await rates(genres=["drum n bass"]) == {"Drum & Bass": third}
    assert await rates(genres=["DnB"], regions=["UK"]) == await rates(genres=["Drum & Bass"], regions=["UK"])


@pytest.mark.parametrize("window", [84, 85, 90])
async def test_the_first_week_of_a_series_is_a_whole_one(skillbench, window):
    user, artist = skillbench.user(), uuid4()
    days = [NOW.date() - timedelta(days=age) for age in range(200)]
    rows = [
        {
            "user_id": user,
            "artist_id": artist,
            "metric": "streams",
            "day": day,
            "value": 7.0 * (day.weekday() == 6),
        }
        for day in days
    ]
    await skillbench.load(
        {
            "artists": [{"id": artist, "user_id": user, "name": "Neon Harbour", "mine": True}],
            "metric_days": [{"id": uuid4(), **row} for row in rows],
        }
    )
    (trend,) = (await skillbench.run("track-trends", {"window_days": window}, user=user))["trends"]
    assert {point["value"] for point in trend["points"]} == {1.0}
    assert len(trend["points"]) == (12 if window == 84 else 13)


@pytest.mark.parametrize(("every", "weeks", "value"), [(1, 10, 3.0), (7, 11, 4.0)])
async def test_a_series_that_begins_or_ends_within_a_week_is_told_of_whole_weeks(
    skillbench, every, weeks, value
):
    user, artist = skillbench.user(), uuid4()
    monday = NOW.date() - timedelta(days=NOW.weekday())
    friday, wednesday = monday - timedelta(days=80), monday - timedelta(days=5)
    days = [friday + timedelta(days=age) for age in range(0, (wednesday - friday).days + 1, every)]
    same = {"user_id": user, "artist_id": artist, "metric": "streams"}
    rows = [{"id": uuid4(), **same, "day": day, "value": float(day.weekday())} for day in days]
    act = {"id": artist, "user_id": user, "name": "Neon Harbour", "mine": True}
    await skillbench.load({"artists": [act], "metric_days": rows})
    (trend,) = (await skillbench.run("track-trends", {}, user=user))["trends"]
    assert [point["value"] for point in trend["points"]] == [value] * weeks


async def test_too_many_regions_are_refused(skillbench):
    with pytest.raises(SkillError, match="regions"):
        await skillbench.run("track-trends", {"regions": ["Wales"] * 21}, user=skillbench.user())


async def test_without_numbers_there_is_no_trend(skillbench):
    found = await skillbench.run("track-trends", {}, user=skillbench.user())
    assert (found["trends"], found["meta"]["needed"]) == ([], 8)


async def test_outlets_of_similar_artists_that_never_covered_you_are_gaps(skillbench):
    user = skillbench.user()
    acts = (("Neon Harbour", ["synthpop"]), ("Glass Sample", ["synthpop"]), ("Iron Sample", ["metal"]))
    artists = [{"id": uuid4(), "user_id": user, "name": name, "genres": genres} for name, genres in acts]
    said = [("glasssample", "Dock FM"), ("glasssample", "Aire FM"), ("neonharbour", "Aire FM")]
    coverage = [
        {"id": uuid4(), "user_id": user, "artist": key, "artist_key": key, "outlet": outlet}
        for key, outlet in [*said, ("ironsample", "Iron FM")]
    ]
    await skillbench.load({"artists": artists, "coverage": coverage})
    found = await skillbench.run("analyze-competition", {"artist": "neon harbour"}, user=user)
    assert [one["name"] for one in found["similar"]] == ["Glass Sample"]
    assert found["gaps"] == [{"outlet": "Dock FM", "covered": ["Glass Sample"], "you": False}]


async def test_an_outlet_written_in_two_ways_is_one_gap_and_none_where_it_covered_you(skillbench):
    user = skillbench.user()
    acts = ("Neon Harbour", "Glass Sample", "Paper Sample")
    artists = [{"id": uuid4(), "user_id": user, "name": name, "genres": ["synthpop"]} for name in acts]
    said = [
        ("glasssample", "Dock FM"),
        ("papersample", "dock-fm"),
        ("papersample", "Dock FM"),
        ("glasssample", "Aire FM"),
        ("neonharbour", "AIRE fm"),
        ("glasssample", "東京"),
        ("neonharbour", "大阪"),
    ]
    coverage = [
        {"id": uuid4(), "user_id": user, "artist": key, "artist_key": key, "outlet": outlet}
        for key, outlet in said
    ]
    await skillbench.load({"artists": artists, "coverage": coverage})
    found = await skillbench.run("analyze-competition", {"artist": "Neon Harbour"}, user=user)
    told = {gap["outlet"]: gap["covered"] for gap in found["gaps"]}
    assert told == {"Dock FM": ["Glass Sample", "Paper Sample"], "東京": ["Glass Sample"]}


async def test_artists_of_other_scripts_are_told_apart(skillbench):
    user = skillbench.user()
    acts = (("東京", ["演歌"]), ("大阪", ["演歌"]), ("Мумий", ["metal"]), ("!!!", ["演歌"]))
    artists = [{"id": uuid4(), "user_id": user, "name": name, "genres": genres} for name, genres in acts]
    coverage = [
        {"id": uuid4(), "user_id": user, "artist": name, "artist_key": name, "outlet": outlet}
        for name, outlet in (("大阪", "Dock FM"), ("!!!", "Aire FM"))
    ]
    await skillbench.load({"artists": artists, "coverage": coverage})
    found = await skillbench.run("analyze-competition", {"artist": "東京"}, user=user)
    assert {one["name"] for one in found["similar"]} == {"大阪", "!!!"}
    assert {gap["outlet"]: gap["covered"] for gap in found["gaps"]} == {
        "Aire FM": ["!!!"],
        "Dock FM": ["大阪"],
    }


async def test_all_outlets_that_never_covered_you_are_counted_though_twenty_are_told(skillbench):
    user = skillbench.user()
    names = ("Us", "Them")
    acts = [{"id": uuid4(), "user_id": user, "name": name, "genres": ["folk"]} for name in names]
    pieces = [
        {"id": uuid4(), "user_id": user, "artist": "Them", "artist_key": "them", "outlet": f"No. {n} FM"}
        for n in range(23)
    ]
    await skillbench.load({"artists": acts, "coverage": pieces})
    found = await skillbench.run("analyze-competition", {"artist": "Us"}, user=user)
    assert len(found["gaps"]) == 20
    assert found["summary"].endswith("23 outlets covered it and not you.")
    assert found["meta"]["warnings"] == ["of 23 outlets the first 20 are told"]


async def test_an_artist_nobody_recorded_has_no_neighbours(skillbench):
    found = await skillbench.run("analyze-competition", {"artist": "Nobody"}, user=skillbench.user())
    assert (found["similar"], found["meta"]["basis"]) == ([], "insufficient")


async def found_after(skillbench, pitched):
    """Look for two of five, these of whom were pitched for a release; return whom it finds, by number."""
    user, release = skillbench.user(), uuid4()
    act = {"id": uuid4(), "user_id": user, "name": "Mine", "release_id": release}
    ids = sorted(uuid4() for _ in range(5))
    people = [contact(user, id=one, genre_keys=["folk"], region_keys=["leeds"]) for one in ids]
    pitches = [pitch(user, people[number], 40, campaign_id=act["id"]) for number in pitched]
    await skillbench.load({"campaigns": [act], "contacts": people, "pitches": pitches})
    asked = {"query": "folk in Leeds", "max_results": 2, "unpitched_for": str(release)}
    found = await skillbench.run("research-contacts", asked, user=user)
    return [ids.index(UUID(one["id"])) for one in found["contacts"]], found


@pytest.mark.parametrize(("pitched", "left", "total"), [((), [0, 1], 5), ((0, 1, 3), [2, 4], 2)])
async def test_a_search_goes_on_with_whom_no_pitch_for_the_release_has_gone_to(
    skillbench, pitched, left, total
):
    numbers, found = await found_after(skillbench, pitched)
    assert (numbers, found["total"]) == (left, total)


async def test_a_search_that_leaves_nobody_says_that_they_were_pitched(skillbench):
    numbers, found = await found_after(skillbench, range(5))
    assert numbers == []
    assert found["widened"][0] == "nobody is left in leeds: looked in england"
    assert found["meta"]["warnings"] == [
        "none of your contacts fits who was not pitched for this release yet"
    ]


async def test_of_those_who_fit_alike_who_answered_is_found_first(skillbench):
    user = skillbench.user()
    ids = sorted(uuid4() for _ in range(4))
    people = [contact(user, id=one, genre_keys=["folk"]) for one in ids]
    pitches = [
        pitch(user, people[number], 40 + turn, replied_at=NOW if number != 1 else None)
        for number in (1, 2, 3)
        for turn in range(number)
    ]
    await skillbench.load({"contacts": people, "pitches": pitches})
    found = await skillbench.run("research-contacts", {"query": "folk", "max_results": 3}, user=user)
    assert [ids.index(UUID(one["id"])) for one in found["contacts"]] == [3, 2, 0]


async def test_who_was_pitched_for_a_release_is_left_out_where_that_is_asked(skillbench):
    user, release = skillbench.user(), uuid4()
    mine = {"id": uuid4(), "user_id": user, "name": "Mine", "release_id": release}
    other = {"id": uuid4(), "user_id": user, "name": "Other"}
    people = [contact(user) for _ in range(3)]
    pitches = [
        pitch(user, person, 40, campaign_id=act["id"])
        for act, person in zip((mine, other), people, strict=False)
    ]
    await skillbench.load({"campaigns": [mine, other], "contacts": people, "pitches": pitches})
    given = [{"id": str(one["id"])} for one in people]
    found = await skillbench.run(
        "score-contacts", {"contacts": given, "criteria": {"unpitched_for": str(release)}}, user=user
    )
    assert {one["id"] for one in found["contacts"]} == {str(one["id"]) for one in people[1:]}
    assert "left out who was pitched for this release already: 1" in found["meta"]["warnings"]
