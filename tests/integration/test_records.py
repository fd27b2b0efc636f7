"""Records on a whole stack: asked of the service, then listed, shown and exported."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from asking import pointing_to, shown
from controls import NOW
from rig import client_of
from shared.jetstream_log import JetStreamLog
from shared.refusal import Refusal
from totalaud import own
from totalaud import record_queries as queries
from totalaud.client import Client
from totalaud.planner.facts import Chosen, campaign
from totalaud.planner.question import Question
from totalaud.stack.local import LocalStack

CONTACTS = b"""name,email,outlet,type
Fictional Ada,ada@example.org,=cmd|x,radio
Fictional Ben,ben@example.org,Ben's,podcast
"""


class Told:
    """A user with a campaign of two contacts: Ada was written to, wrongly noted as bounced, and answered."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def tell(self) -> None:
        records = self.client.records
        await records.load("contacts", CONTACTS)
        self.ada = await self.client.contact_id("ada@example.org")
        self.ben = await self.client.contact_id("ben@example.org")
        await records.set_artist("Nobody", genres=["synthpop"])
        await records.add_fact("Nobody", "played in Nowhere")
        await records.load("streams", b"date,streams\n2026-05-01,12\n", artist="Nobody")
        await records.plan_release("Nobody", "Nothing", "ep", "2026-05-01")
        await records.create_campaign("Spring", artist="Nobody", release="Nothing", goal="radio")
        await self._happened("ada@example.org", "sent", 1, channel="email")
        await self._happened("ben@example.org", "sent", 1)
        bounced = await self._happened("ada@example.org", "bounced", 2)
        await records.correct_outreach("Spring", bounced["outreach_id"])
        await self._happened("ada@example.org", "replied", 30, detail="love it, call me")
        await records.load("opportunities", b"title,kind\nOpen call,festival\n")
        await records.load("coverage", "artist,outlet\nBj\u00f6rk,Radio Nowhere\n".encode())
        await self.client.tables.caught_up(await JetStreamLog(self.client.bus).last_seq())

    async def _happened(self, contact: str, event: str, hours: int, **values: str) -> dict[str, str]:
        at = (NOW + timedelta(hours=hours)).isoformat()
        return await self.client.records.record_outreach("Spring", contact, event, at, **values)


@pytest.fixture
async def told(stack: LocalStack) -> AsyncIterator[Told]:
    async with await client_of(stack, uuid4()) as client:
        found = Told(client)
        await found.tell()
        yield found


@pytest.fixture
def at_the_stack(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("totalaud.stack.paths.data_dir", lambda: stack.data)
    with pointing_to(stack):
        yield


async def test_of_campaigns_that_imports_began_the_one_that_was_pitched_last_is_meant(told: Told):
    sent = "".join(
        f"ada@example.org,{name},sent,{(NOW + timedelta(hours=hours)).isoformat()}\n"
        for name, hours in (("Old one", -2000), ("Pitched last", 3), ("Older one", -4000))
    )
    await told.client.records.load("outreach", f"contact_email,campaign,event,at\n{sent}".encode())
    await told.client.tables.caught_up(await JetStreamLog(told.client.bus).last_seq())
    known = await own.facts(told.client.tables, told.client.user, NOW.date())
    chosen = campaign(Question("performance"), known)
    assert isinstance(chosen, Chosen)
    assert chosen.one.name == "Pitched last"
    assert chosen.note == "took the campaign Pitched last; it could also have been Spring, Old one, Older one"


async def test_a_contact_tells_for_which_releases_it_was_pitched(told: Told):
    tables, user = told.client.tables, told.client.user
    (nothing,) = (await own.facts(tables, user, NOW.date())).releases
    (ben,) = await own.contacts_at(tables, user, "Ben's", ["Ben's"])
    assert ben["pitched_for"] == [nothing.id]


async def test_contacts_of_an_outlet_are_found_under_the_other_names_that_it_is_known_by(told: Told):
    rows = "six@example.org,6 Music\none@example.org,Radio 1\nuno@example.org,BBC Radio 1\n"
    done = await told.client.records.load("contacts", f"email,outlet\n{rows}".encode())
    await told.client.tables.caught_up(done["seq"])
    tables, user = told.client.tables, told.client.user
    names = await own.outlets(tables, user)

    async def at(outlet: str) -> list[str]:
        return [one["outlet"] for one in await own.contacts_at(tables, user, outlet, names)]

    assert await at("BBC Radio 6 Music") == ["6 Music"]
    assert await at("BBC Radio 1") == ["BBC Radio 1"]
    assert await at("Radio 1") == ["Radio 1"]
    assert await at("Radio X") == []


async def test_all_contacts_of_an_outlet_are_found(told: Told):
    rows = "".join(f"c{number}@example.org,Freelance\n" for number in range(60))
    done = await told.client.records.load("contacts", f"email,outlet\n{rows}".encode())
    await told.client.tables.caught_up(done["seq"])
    assert len(await own.contacts_at(told.client.tables, told.client.user, "Freelance", ["Freelance"])) == 60


async def test_every_list_holds_the_users_own_records_and_no_others(told: Told, stack: LocalStack):
    for noun in queries.LISTS:
        assert await told.client.records.rows(noun), noun
    async with await client_of(stack, uuid4()) as stranger:
        assert [await stranger.records.rows(noun) for noun in queries.LISTS] == [[]] * len(queries.LISTS)


async def test_the_next_deadline_comes_first_and_what_is_over_last(stack: LocalStack):
    today = datetime.now(UTC).date()
    days = {"over": -1, "today": 0, "soon": 9, "long over": -90, "later": 30, "at any time": None}
    rows = [
        f"{title},festival,{'' if after is None else today + timedelta(days=after)}"
        for title, after in days.items()
    ]
    async with await client_of(stack, uuid4()) as client:
        done = await client.records.load("opportunities", "\n".join(["title,kind,deadline", *rows]).encode())
        await client.tables.caught_up(done["seq"])
        listed = [row.title for row in await client.records.rows("opportunities")]
    assert listed == ["today", "soon", "later", "at any time", "over", "long over"]


async def test_lists_open_names_and_join_what_belongs_together(told: Told):
    records = told.client.records
    assert {row.name for row in await records.rows("contacts")} == {"Fictional Ada", "Fictional Ben"}
    (campaign,) = await records.rows("campaigns", of="NOBODY")
    assert (campaign.artist, campaign.release) == ("Nobody", "Nothing")
    assert (campaign.contacts, campaign.sent, campaign.replied, campaign.placed) == (2, 2, 1, 0)
    newest = (await records.rows("outreach", of="spring"))[0]
    assert (newest.contact, newest.event, newest.detail) == ("Fictional Ada", "replied", "love it, call me")
    (artist,) = await records.rows("artists")
    assert [fact["text"] for fact in artist.facts] == ["played in Nowhere"]


@pytest.mark.parametrize("written", ["BJ\u00d6RK", "bjo\u0308rk", " bj\u00f6rk "])
async def test_lists_are_narrowed_by_a_name_in_any_spelling(told: Told, written: str):
    records = told.client.records
    await records.set_artist("Bj\u00f6rk")
    await records.plan_release(written, "Nothing else", "ep", "2026-05-01")
    await records.create_campaign("Bj\u00f6rk", artist=written)
    done = await records.record_outreach(written, "ada@example.org", "sent", NOW.isoformat())
    await told.client.tables.caught_up(done["seq"])
    nouns = ("artists", "releases", "campaigns", "outreach", "coverage")
    assert [len(await records.rows(noun, of=written)) for noun in nouns] == [1] * len(nouns)


@pytest.mark.parametrize("written", ["\u00c9CLAIR", "\u00e9clair", "e\u0301clair"])
async def test_an_outlet_is_found_by_its_words_in_any_spelling(told: Told, written: str):
    done = await told.client.records.load(
        "contacts", "name,email,outlet\nFictional Cy,cy@example.org,Le \u00c9CLAIR\n".encode()
    )
    await told.client.tables.caught_up(done["seq"])
    accepted = await told.client.execute("research-contacts", {"query": written})
    output = (await told.client.skill_outcome(accepted.id)).output
    assert [contact["outlet"] for contact in output["contacts"]] == ["Le \u00c9CLAIR"]


async def test_lists_are_narrowed_and_cut(told: Told):
    records = told.client.records
    assert [row.outlet for row in await records.rows("contacts", of="podcast")] == ["Ben's"]
    assert len(await records.rows("outreach", limit=2)) == 2
    assert await records.rows("contacts", of="venue") == []


async def test_rows_of_one_person_far_apart_in_a_long_file_are_one_person(told: Told):
    crowd = "".join(f"P {n},p{n}@example.org,no\n" for n in range(2100))
    twice = ("Cy,cy@example.org,yes\n", "Cyril,CY@example.org,no\n")
    text = f"name,email,suppressed\n{twice[0]}{crowd}{twice[1]}nobody,at nowhere,no\n"
    records = told.client.records
    tried = await records.load("contacts", text.encode(), dry_run=True)
    done = await records.load("contacts", text.encode())
    again = await records.load("contacts", text.encode())
    for report, new in ((tried, 2101), (done, 2101), (again, 0)):
        counts = [report[name] for name in ("imported", "unchanged", "duplicates", "failed", "total")]
        assert counts == [new, 2101 - new, 1, 1, 2103]
        assert report["repeated"] == [{"line": 2103, "first": 2}]
        assert [one["line"] for one in report["errors"]] == [2104]
    await told.client.tables.caught_up(done["seq"])
    (cy,) = [row for row in await records.rows("contacts", limit=5000) if row.email == "cy@example.org"]
    assert (cy.name, cy.suppressed) == ("Cy", True)


@pytest.mark.parametrize(
    ("noun", "header", "row"),
    [
        ("artists", "name,bio", "Twice,{}"),
        ("coverage", "artist,outlet,kind", "Twice,Radio Nowhere,{}"),
    ],
)
async def test_of_rows_of_one_record_far_apart_the_first_counts(told: Told, noun: str, header: str, row: str):
    text = far_apart(header, row.format(1), row.format(2))
    reports = [await told.client.records.load(noun, text) for _ in range(2)]
    assert [one["imported"] for one in reports] == [1, 0]
    assert [one["repeated"] for one in reports] == [[{"line": 2103, "first": 2}]] * 2


async def test_of_rows_of_one_day_far_apart_none_counts_where_they_differ(told: Told):
    text = far_apart("date,streams", "2026-05-02,1", "2026-05-02,2")
    report = await told.client.records.load("streams", text, artist="Nobody")
    assert [(error["line"], error["field"]) for error in report["errors"]] == [(2, "date"), (2103, "date")]
    assert report["imported"] == 0


def far_apart(header: str, first: str, last: str) -> bytes:
    return "\n".join([header, first, *("," * 900 for _ in range(2100)), last]).encode()


async def test_an_export_has_all_on_one_person_and_nothing_of_the_other(told: Told):
    contacts = [
        {"id": str(one), "name": name, "genres": ["synthpop"]}
        for one, name in ((told.ada, "Fictional Ada"), (told.ben, "Fictional Ben"))
    ]
    accepted = await told.client.execute("score-contacts", {"contacts": contacts})
    scored = await told.client.skill_outcome(accepted.id)
    await told.client.tables.caught_up(scored.seq)
    found = await told.client.records.export(told.ada)
    assert (found["contact"]["name"], found["contact"]["email"]) == ("Fictional Ada", "ada@example.org")
    assert [(row["event"], row["corrected"]) for row in found["outreach"]] == [
        ("sent", False),
        ("bounced", True),
        ("replied", False),
    ]
    assert found["outreach"][2]["detail"] == "love it, call me"
    (pitch,) = found["pitches"]
    assert (pitch["campaign"], pitch["bounced_at"]) == ("Spring", None)
    assert pitch["positive_at"] == NOW + timedelta(hours=30)
    (text,) = found["texts"]
    (given,) = text["value"]["input"]["contacts"]
    assert (text["name"], given["name"], given["genres"]) == (
        "score-contacts",
        "Fictional Ada",
        ["synthpop"],
    )
    assert "Ben" not in json.dumps(found, default=str)


async def test_an_export_has_what_was_typed_of_the_person_without_their_id_or_with_it_in_capitals(told: Told):
    given = {
        "generate-pitch": {"contact_name": "fictional ADA", "artist_name": "Nobody"},
        "score-contacts": {"contacts": [{"id": str(told.ada).upper(), "type": "radio"}]},
        "predict-success": {"contacts": [{"email": "ben@example.org"}, {"name": "Fictional Ben"}]},
    }
    asked = [await told.client.execute(skill, body) for skill, body in given.items()]
    done = [await told.client.skill_outcome(one.id) for one in asked]
    await told.client.tables.caught_up(max(one.seq for one in done))
    found = await told.client.records.export(told.ada)
    asked_of = {text["name"]: (text["provider"], text["model"], text["simulated"]) for text in found["texts"]}
    assert asked_of["score-contacts"] == (None, None, False)
    assert asked_of["generate-pitch"] == ("anthropic", "claude-haiku-4-5", True)
    texts = {text["name"]: text["value"] for text in found["texts"]}
    assert texts.keys() == {"generate-pitch", "score-contacts"}
    assert texts["generate-pitch"]["input"]["contact_name"] == "fictional ADA"
    assert texts["generate-pitch"]["output"]["body"]
    assert texts["score-contacts"]["input"] == {"contacts": [{"id": str(told.ada).upper(), "type": "radio"}]}


async def test_an_export_has_what_a_person_was_called_before_and_what_was_typed_under_that_name(
    told: Told, monkeypatch: pytest.MonkeyPatch
):
    """All texts are looked through once, however much was imported before."""
    asked = await told.client.execute("generate-pitch", {"contact_name": "Fictional Ada", "artist_name": "N"})
    await told.client.skill_outcome(asked.id)
    for number in range(101):
        done = await told.client.records.load(
            "contacts", f"email,notes\nada@example.org,n{number}\n".encode()
        )
    done = await told.client.records.load("contacts", b"email,name\nada@example.org,Zoe\n")
    await told.client.tables.caught_up(done["seq"])
    late = f"WITH late AS MATERIALIZED (SELECT pg_sleep(0.5)) SELECT q.* FROM late, ({queries.SAID_OF}) q"
    monkeypatch.setattr(queries, "SAID_OF", late)
    async with asyncio.timeout(10):
        found = await told.client.records.export(told.ada)
    imported = [event for event in found["history"] if event["type"] == "ContactImported"]
    assert [imported[0]["name"], imported[-1]["name"], len(imported)] == ["Fictional Ada", "Zoe", 103]
    assert [text["value"]["input"]["contact_name"] for text in found["texts"]] == ["Fictional Ada"]


async def test_an_export_has_nothing_of_whose_address_stands_in_the_notes(told: Told):
    await told.client.records.load("contacts", b"email,notes\nada@example.org,ben@example.org\n")
    asked = await told.client.execute("predict-success", {"contacts": [{"email": "ben@example.org"}]})
    done = await told.client.skill_outcome(asked.id)
    await told.client.tables.caught_up(done.seq)
    found = await told.client.records.export(told.ada)
    assert (found["contact"]["notes"], found["texts"]) == ("ben@example.org", [])


async def test_an_export_takes_as_long_as_there_are_texts_to_look_through(
    told: Told, stack: LocalStack, monkeypatch: pytest.MonkeyPatch
):
    late = f"WITH late AS MATERIALIZED (SELECT pg_sleep(2.5)) SELECT q.* FROM late, ({queries.SAID_OF}) q"
    monkeypatch.setattr(queries, "SAID_OF", late)
    monkeypatch.setattr("totalaud.tables.COMMAND_S", 2)
    async with await client_of(stack, told.client.user) as client:
        found = await client.records.export(told.ada)
    assert found["contact"]["name"] == "Fictional Ada"


async def test_a_person_of_whom_nothing_is_stored_is_refused(told: Told):
    with pytest.raises(Refusal, match="nothing is stored"):
        await told.client.records.export(uuid4())


@pytest.mark.parametrize("written", ["Fictional Ada <ADA@example.org>", "mailto:ada@example.org"])
async def test_a_person_is_exported_however_their_address_is_written(told: Told, written: str):
    assert await told.client.contact_id(written) == told.ada


async def test_the_command_line_lists_and_exports(told: Told, at_the_stack: None):
    user = told.client.user
    code, out, _ = await shown(user, "contacts", "list")
    assert code == 0
    assert "Fictional Ada" in out
    assert max(map(len, out.splitlines())) <= 80
    _, out, _ = await shown(user, "campaigns", "list", "--json")
    assert [row["name"] for row in json.loads(out)] == ["Spring"]
    _, out, _ = await shown(user, "releases", "list", "--json")
    assert json.loads(out)[0]["date"] == "2026-05-01"
    _, out, _ = await shown(user, "contacts", "export", "ada@example.org")
    assert json.loads(out)["contact"]["name"] == "Fictional Ada"
    _, out, _ = await shown(user, "contacts", "export", str(told.ada), "--csv")
    assert ["contact", "1", "outlet", "'=cmd|x"] in list(csv.reader(io.StringIO(out)))
    code, _, _ = await shown(user, "contacts", "export", "nobody@example.org")
    assert code == 1


async def test_the_command_line_takes_a_contact_from_standard_input(
    told: Told, at_the_stack: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"ada@example.org\n")))
    _, out, _ = await shown(told.client.user, "contacts", "export", "-")
    assert json.loads(out)["contact_id"] == str(told.ada)


async def test_a_list_of_contacts_as_json_has_all_that_a_file_of_them_may_hold(
    told: Told, at_the_stack: None
):
    row = {
        "name": "Cy", "email": "cy@example.org", "phone": "1", "outlet": "C", "role": "DJ", "type": "radio",
        "genres": ["indie"], "regions": ["UK"], "source": "a fair", "source_url": "https://example.org/cy",
        "notes": "n", "subscriber_type": "individual", "timezone": "Europe/London", "suppressed": True,
    }  # fmt: skip
    cells = [";".join(value) if isinstance(value, list) else str(value) for value in row.values()]
    answer = await told.client.records.load("contacts", f"{','.join(row)}\n{','.join(cells)}".encode())
    await told.client.tables.caught_up(answer["seq"])
    _, out, _ = await shown(told.client.user, "contacts", "list", "--json")
    (found,) = [one for one in json.loads(out) if one["email"] == row["email"]]
    assert found.items() >= row.items()


async def test_a_list_that_is_cut_says_so_unless_its_length_was_chosen(told: Told, at_the_stack: None):
    rows = "".join(f"p{number}@example.org,radio\n" for number in range(20))
    answer = await told.client.records.load("contacts", f"email,type\n{rows}".encode())
    await told.client.tables.caught_up(answer["seq"])
    for words in ((), ("--json",)):
        code, out, err = await shown(told.client.user, "contacts", "list", *words)
        assert (code, "there are more than these 20: --limit" in err) == (0, True)
    assert len(json.loads(out)) == 20
    for words in (("--limit", "5"), ("--limit", "22"), ("--type", "podcast")):
        assert (await shown(told.client.user, "contacts", "list", *words)).err == ""


@pytest.mark.parametrize(
    "words",
    [
        ("outreach", "--campaign", "Sprung"),
        ("outreach", "--campaign", str(uuid4())),
        ("campaigns", "--artist", "No"),
    ],
)
async def test_a_list_of_what_does_not_exist_is_refused(
    told: Told, at_the_stack: None, words: tuple[str, str, str]
):
    noun, option, name = words
    code, out, _ = await shown(told.client.user, noun, "list", option, name, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (1, f"unknown_{option.strip('-')}")


async def test_a_list_is_narrowed_to_a_campaign_by_its_id_too(told: Told):
    (campaign,) = await told.client.records.rows("campaigns")
    by_name = await told.client.records.rows("outreach", of="SPRING")
    assert by_name == await told.client.records.rows("outreach", of=str(campaign["id"]).upper()) != []


@pytest.mark.parametrize("verb", ["suppress", "erase", "export"])
async def test_a_contact_is_not_named_by_name(told: Told, at_the_stack: None, verb: str):
    code, _, err = await shown(told.client.user, "contacts", verb, "Fictional Ada")
    assert (code, err) == (
        1,
        "error: contact_id: a contact is named by UUID or e-mail address, not by name (invalid)\n",
    )


async def test_an_erased_persons_export_opens_nothing(told: Told, stack: LocalStack):
    done = await told.client.records.erase("ada@example.org")
    await told.client.tables.caught_up(done["seq"])
    async with await client_of(stack, told.client.user) as fresh:
        found = await fresh.records.export(told.ada)
    assert (found["contact"]["erased"], found["contact"]["name"]) == (True, None)
    assert found["outreach"][2]["detail"] == "[erased]"


async def test_whoever_has_read_a_person_and_erases_them_reads_nothing_of_them_any_more(told: Told):
    records = told.client.records
    assert (await records.rows("outreach"))[0]["detail"] == "love it, call me"
    await records.erase("ada@example.org")
    assert (await records.rows("outreach"))[0]["detail"] == "[erased]"
