"""Records on a whole stack: appended as the campaigns service does, then listed, shown and exported."""

import asyncio
import contextlib
import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
import structlog

from controls import NOW
from rig import client_of
from shared import subjects
from shared.commit import Commit
from shared.jetstream_log import JetStreamLog
from shared.record_events import (
    ArtistSet,
    CampaignCreated,
    CoverageImported,
    FactAdded,
    MetricDay,
    MetricsImported,
    OpportunityImported,
    OutreachCorrected,
    OutreachRecorded,
    ReleasePlanned,
)
from shared.refusal import Refusal
from shared.sealing import seal
from shared.subjects import Record
from totalaud.cli.main import call
from totalaud.client import Client
from totalaud.records import LISTS
from totalaud.stack.local import LocalStack

CONTACTS = b"""name,email,outlet,type
Fictional Ada,ada@example.org,=cmd|x,radio
Fictional Ben,ben@example.org,Ben's,podcast
"""
TEXT = {"properties": {"detail": {"type": "string", "x-personal": True}}}


class Told:
    """A user with a campaign of two contacts: Ada was written to, wrongly noted as bounced, and answered."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.artist, self.release, self.campaign = uuid4(), uuid4(), uuid4()

    async def tell(self) -> None:
        await self.client.records.load("contacts", CONTACTS)
        self.ada = await self.client.contact_id("ada@example.org")
        self.ben = await self.client.contact_id("ben@example.org")
        artist = ArtistSet(name="Nobody", genres=("synthpop",))
        fact = FactAdded(fact_id=uuid4(), text="played in Nowhere")
        day = MetricsImported(days=(MetricDay(metric="streams", day=date(2026, 5, 1), value=12),))
        await self._append("artist", self.artist, artist, fact, day)
        release = ReleasePlanned(artist_id=self.artist, title="Nothing", kind="ep", date=date(2026, 5, 1))
        await self._append("release", self.release, release)
        bounced = self._happened(self.ada, "bounced", 2)
        await self._append(
            "campaign",
            self.campaign,
            CampaignCreated(name="Spring", artist_id=self.artist, release_id=self.release, goal="radio"),
            self._happened(self.ada, "sent", 1, channel="email"),
            self._happened(self.ben, "sent", 1),
            bounced,
            OutreachCorrected(outreach_id=bounced.outreach_id, contact_id=self.ada),
            self._happened(self.ada, "replied", 30, category="interested", detail=await self._words()),
        )
        await self._append("opportunity", uuid4(), OpportunityImported(title="Open call", kind="festival"))
        await self._append("coverage", uuid4(), CoverageImported(artist="Björk", outlet="Radio Nowhere"))
        await self.client.tables.caught_up(await JetStreamLog(self.client.bus).last_seq())

    async def _append(self, noun: Record, id_: UUID, *events: Any) -> None:
        commit = Commit(commit_id=uuid4(), at=NOW, events=events)
        log = JetStreamLog(self.client.bus)
        await log.append(subjects.record(self.client.user, noun, id_), commit, expected=0)

    def _happened(self, contact: UUID, kind: Any, hours: int, **values: Any) -> OutreachRecorded:
        id_ = uuid5(self.campaign, f"{contact}|{kind}")
        at = NOW + timedelta(hours=hours)
        return OutreachRecorded(outreach_id=id_, contact_id=contact, kind=kind, at=at, **values)

    async def _words(self) -> Any:
        opener = await self.client._opening()
        value = {"contact_id": str(self.ada), "detail": "love it, call me"}
        return (await seal(opener._vault, self.client.user, TEXT, value))["detail"]  # type: ignore[arg-type]


@pytest.fixture
async def told(stack: LocalStack) -> AsyncIterator[Told]:
    async with await client_of(stack, uuid4()) as client:
        found = Told(client)
        await found.tell()
        yield found


@pytest.fixture
def at_the_stack(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TOTALAUD_NATS_URL", stack.place.nats_url)
    monkeypatch.setenv("TOTALAUD_DATABASE_URL", stack.place.database_url)
    monkeypatch.setenv("TOTALAUD_MASTER_KEY_FILE", str(stack.place.master_key_file))
    monkeypatch.setattr("totalaud.stack.paths.data_dir", lambda: stack.data)
    monkeypatch.setenv("COLUMNS", "80")
    before = structlog.get_config()
    yield
    structlog.configure(**before)


async def shown(user: UUID, *words: str) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = await asyncio.to_thread(call, [*words, "--user", str(user)])
    return code, out.getvalue()


async def test_every_list_holds_the_users_own_records_and_no_others(told: Told, stack: LocalStack):
    for noun in LISTS:
        assert await told.client.records.rows(noun), noun
    async with await client_of(stack, uuid4()) as stranger:
        assert [await stranger.records.rows(noun) for noun in LISTS] == [[]] * len(LISTS)


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


async def test_lists_are_narrowed_and_cut(told: Told):
    records = told.client.records
    assert [row.outlet for row in await records.rows("contacts", of="podcast")] == ["Ben's"]
    assert len(await records.rows("outreach", limit=2)) == 2
    assert await records.rows("outreach", of="Autumn") == []


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


async def test_a_person_of_whom_nothing_is_stored_is_refused(told: Told):
    with pytest.raises(Refusal, match="nothing is stored"):
        await told.client.records.export(uuid4())


async def test_the_command_line_lists_and_exports(told: Told, at_the_stack: None):
    user = told.client.user
    code, out = await shown(user, "contacts", "list")
    assert code == 0
    assert "Fictional Ada" in out
    assert max(map(len, out.splitlines())) <= 80
    _, out = await shown(user, "campaigns", "list", "--json")
    assert [row["name"] for row in json.loads(out)] == ["Spring"]
    _, out = await shown(user, "releases", "list", "--json")
    assert json.loads(out)[0]["date"] == "2026-05-01"
    _, out = await shown(user, "contacts", "export", "ada@example.org")
    assert json.loads(out)["contact"]["name"] == "Fictional Ada"
    _, out = await shown(user, "contacts", "export", str(told.ada), "--csv")
    assert ["contact", "1", "outlet", "'=cmd|x"] in list(csv.reader(io.StringIO(out)))
    code, _ = await shown(user, "contacts", "export", "nobody@example.org")
    assert code == 1


async def test_an_erased_persons_export_opens_nothing(told: Told, stack: LocalStack):
    done = await told.client.records.erase("ada@example.org")
    await told.client.tables.caught_up(done["seq"])
    async with await client_of(stack, told.client.user) as fresh:
        found = await fresh.records.export(told.ada)
    assert (found["contact"]["erased"], found["contact"]["name"]) == (True, None)
    assert found["outreach"][2]["detail"] == "[erased]"
