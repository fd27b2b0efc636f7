"""Ten thousands of commands on records that nobody would send: each is answered, clearly and at once."""

import asyncio
import json
import random
import time
from typing import Any
from uuid import UUID

import pytest

from campaigns.doors import Doors
from campaigns.main import routes
from fuzz import bodies
from shared.log import MemoryLog
from shared.memory_vault import MemoryVault
from shared.refusal import Refusal

USER = UUID(int=7)
ADA = {"email": "ada@example.org"}
ROW = {
    "contact_email": "ada@example.org",
    "campaign": "Spring",
    "event": "sent",
    "at": "2026-05-01T10:00:00Z",
}
ICS = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Call\nDTSTART:20261201T100000Z\nEND:VEVENT\nEND:VCALENDAR\n"
VALID: list[tuple[str, dict[str, Any]]] = [
    ("contacts.import", {"csv": "name,email,genres\nAda,ada@example.org,indie\nBen,ben@example.org,\n"}),
    ("contacts.import", {"rows": [{"name": "Ada", **ADA, "genres": ["indie"], "suppressed": False}]}),
    ("artist.set", {"name": "Nobody", "genres": ["synthpop"], "mine": True, "bio": "from Nowhere"}),
    ("artist.add_fact", {"artist": "Nobody", "text": "played in Nowhere", "valid_to": "2027-01-01"}),
    ("artist.remove_fact", {"artist": "Nobody", "fact_id": str(UUID(int=9))}),
    ("artists.import", {"csv": "name,genres,mine\nSomebody,indie,no\n"}),
    ("release.plan", {"artist": "Nobody", "title": "Nothing", "type": "ep", "date": "2026-12-01"}),
    ("campaign.create", {"name": "Spring", "artist": "Nobody", "release": "Nothing", "goal": "radio"}),
    ("campaign.close", {"campaign": "Winter"}),
    ("outreach.record", {"campaign": "Spring", **ADA, "event": "replied", "at": "2026-05-01T10:00:00Z",
                         "detail": "love it", "attributes": {"hook": "a"}, "propensity": 0.5}),
    ("outreach.correct", {"campaign": "Spring", "outreach_id": str(UUID(int=9))}),
    ("outreach.import", {"rows": [ROW, {**ROW, "event": "replied", "detail": "no thanks"}]}),
    ("outreach.import", {"csv": "email,campaign,event,at\nben@example.org,Autumn,opened,20260501T10Z\n"}),
    ("streams.import", {"artist": "Nobody", "csv": "date,streams\n2026-05-01,12\n2026-05-02,15\n"}),
    ("opportunities.import", {"csv": "title,kind,deadline,cost\nCall,festival,2026-12-01,5\n"}),
    ("opportunities.import", {"ics": ICS}),
    ("coverage.import", {"csv_base64": "YXJ0aXN0LG91dGxldApBLEIK", "dry_run": True}),
    ("contacts.suppress", {"contact_id": str(UUID(int=9))}),
    ("contacts.erase", {"email": "cy@example.org"}),
]  # fmt: skip
OTHERS = ("session.run", "artist.delete", "artist.set.now", "*.>")
COMMANDS = 3000
SLOWEST_S = 1.0


@pytest.mark.parametrize("seed", range(2))
async def test_any_command_on_records_is_done_or_refused_with_a_reason(seed: int):
    answers, slowest = await asked(seed)
    assert slowest < SLOWEST_S
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert len(answers) == COMMANDS
    assert COMMANDS / 10 < len(refused) < COMMANDS * 9 / 10
    assert all(refusal.code and 8 < len(refusal.message) < 1000 for refusal in refused)
    assert {refusal.code for refusal in refused} >= {
        *("malformed_json", "missing_field", "unknown_field", "invalid", "unknown_artist", "unknown_header"),
        *(
            "unknown_campaign",
            "unknown_contact",
            "unknown_fact",
            "unknown_command",
            "unstorable",
            "too_large",
        ),
    }
    reports = [answer for answer in answers if isinstance(answer, dict) and "total" in answer]
    assert any(report["failed"] for report in reports)
    for report in reports:
        done = report["imported"] + report["unchanged"] + report["duplicates"] + report["failed"]
        assert done == report["total"]
        assert all(error["line"] >= 1 and len(error["message"]) > 8 for error in report["errors"])


async def asked(seed: int) -> tuple[list[Any], float]:
    chance = random.Random(seed)
    doors = Doors(routes(MemoryLog(), MemoryVault()))
    streams = [(command, bodies(chance, [body])) for command, body in VALID]
    for command, body in VALID:
        if command in ("contacts.import", "artist.set", "release.plan", "campaign.create"):
            await doors.ask(f"ask.{USER}.{command}", json.dumps(body).encode(), {})
    answers: list[Any] = []
    slowest = 0.0
    for _ in range(COMMANDS):
        command, made = chance.choice(streams)
        if chance.random() < 0.02:
            command = chance.choice(OTHERS)
        subject = f"ask.{USER if chance.random() < 0.99 else 'somebody'}.{command}"
        body = next(made)
        began = time.process_time()
        try:
            answers.append(json.loads(await doors.ask(subject, body, {})))
        except Refusal as refusal:
            answers.append(refusal)
        slowest = max(slowest, time.process_time() - began)
        await asyncio.sleep(0)
    return answers, slowest
