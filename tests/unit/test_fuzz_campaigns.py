"""Commands and files that nobody would send to the campaigns service: done or refused, clearly."""

import base64
import json
import random
from typing import Any
from uuid import UUID

import pytest

from campaigns.doors import Doors
from campaigns.main import routes
from fuzz import PERSONAL, Watch, bodies, torn
from shared.keyring import Keyring
from shared.log import MemoryLog
from shared.memory_vault import MemoryVault
from shared.refusal import COMMAND_BYTES, Refusal
from sim.silence import silenced

USER = UUID(int=7)
NAME, EMAIL, PHONE = PERSONAL
ID = str(UUID(int=11))
CONTACTS = f"name,email,phone,type,genres\n{NAME},{EMAIL},{PHONE},radio,synthpop;indie\n=1+1,,x,podcast,\n"
ICS = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:New sounds\nDTSTART:20270301\nEND:VEVENT\nEND:VCALENDAR\n"
FILES = {
    "contacts.import": CONTACTS,
    "artists.import": "name,genres,mine\nNobody,synthpop,yes\n",
    "outreach.import": f"campaign,email,event,at\nSpring,{EMAIL},sent,2026-05-01T10:00:00Z\n",
    "streams.import": "date,streams\n2026-05-01,12\n2026-05-02,x\n",
    "opportunities.import": "title,kind,deadline,cost\nNew sounds,festival,2027-03-01,10 EUR\n",
    "coverage.import": "artist,outlet,date\nNobody,Tees Valley FM,2026-05-02\n",
}
VALID: dict[str, list[dict[str, Any]]] = {
    name: [{"csv": text}, {"csv": text, "dry_run": True}] for name, text in FILES.items()
}
VALID["contacts.import"] += [
    {"rows": [{"name": NAME, "email": EMAIL, "type": "radio"}]},
    {"csv": f"email,phone,suppressed\n{EMAIL},{PHONE},yes\n"},
    {"rows": [{"email": EMAIL, "type": "none", "suppressed": "yes"}, {"name": NAME, "notes": None}]},
]
VALID["streams.import"] = [{"artist": "Nobody", **body} for body in VALID["streams.import"]]
VALID["opportunities.import"] += [{"ics": ICS}]
VALID |= {
    "contacts.suppress": [{"email": EMAIL}, {"contact_id": ID}],
    "contacts.unsuppress": [{"email": EMAIL}, {"contact_id": ID}],
    "contacts.erase": [{"email": EMAIL}, {"contact_id": ID}],
    "contacts.history": [{"email": EMAIL}, {"contact_id": ID, "after_seq": 1}],
    "artist.set": [{"name": "Nobody", "genres": ["synthpop"], "mine": True, "location": "Leeds"}],
    "artist.add_fact": [{"artist": "Nobody", "text": "Plays in Leeds", "valid_to": "2027-01-01"}],
    "artist.remove_fact": [{"artist": "Nobody", "fact_id": ID}],
    "release.plan": [{"artist": "Nobody", "title": "Nothing", "type": "single", "date": "2027-01-08"}],
    "campaign.create": [{"name": "Spring", "artist": "Nobody", "genres": ["synthpop"]}],
    "campaign.close": [{"campaign": "Spring"}],
    "outreach.record": [
        {"campaign": "Spring", "email": EMAIL, "event": "sent", "at": "2026-05-01T10:00:00Z"}
    ],
    "outreach.correct": [{"campaign": "Spring", "outreach_id": ID}],
}
REASONS = {
    *("malformed_json", "missing_field", "unknown_field", "invalid", "unknown_header", "unstorable"),
    *("unknown_command", "unknown_artist", "unknown_campaign", "unknown_contact", "unknown_fact"),
}
COMMANDS, IMPORTS = 3_000, 800
SLOWEST_S = 1.0
pytestmark = pytest.mark.usefixtures("steady")


@pytest.mark.parametrize("seed", range(4))
async def test_any_command_is_done_or_refused_with_a_field_and_a_reason(seed: int):
    with silenced():
        watch, commands = await _asked(seed)
    assert watch.inputs == COMMANDS
    assert set(VALID) == commands
    assert watch.slowest_s < SLOWEST_S
    assert COMMANDS / 10 < watch.done < COMMANDS * 9 / 10
    assert watch.codes.keys() >= REASONS


async def test_a_command_above_the_limit_is_refused_with_the_limit():
    doors = Doors(routes(MemoryLog(), MemoryVault(Keyring(bytes(32)))))
    with pytest.raises(Refusal, match=str(COMMAND_BYTES)) as refused:
        await doors.ask(f"ask.{USER}.artist.set", b" " * (COMMAND_BYTES + 1), {})
    assert refused.value.code == "too_large"


async def _asked(seed: int) -> tuple[Watch, set[str]]:
    chance, watch = random.Random(seed), Watch()
    known = routes(MemoryLog(), MemoryVault(Keyring(bytes(32))))
    doors, sent = Doors(known), {name: bodies(chance, VALID[name]) for name in known}
    sent["artist.delete"] = bodies(chance, VALID["artist.set"])
    for _ in range(COMMANDS):
        name = chance.choice(list(sent))
        user = USER if chance.random() < 0.98 else "somebody"
        await watch.see(doors.ask(f"ask.{user}.{name}", next(sent[name]), {}))
    return watch, set(known)


@pytest.mark.parametrize("seed", range(4))
async def test_any_file_is_imported_or_refused_by_line_and_no_value_of_it_is_told(seed: int):
    with silenced():
        watch, told = await _imported(seed)
    assert watch.inputs == IMPORTS
    assert watch.slowest_s < SLOWEST_S
    assert watch.done > IMPORTS / 4
    assert not [answer for answer in told if any(word in answer for word in PERSONAL)]


async def _imported(seed: int) -> tuple[Watch, list[str]]:
    """Return what was answered, but for the first line of a file, which is taken for its headers."""
    chance, watch, told = random.Random(seed), Watch(), list[str]()
    doors = Doors(routes(MemoryLog(), MemoryVault(Keyring(bytes(32)))))

    async def answered(subject: str, body: bytes) -> None:
        answer = json.loads(await doors.ask(subject, body, {}))
        if "total" in answer:
            counts = (answer[name] for name in ("imported", "unchanged", "duplicates", "failed"))
            assert sum(counts) == answer["total"]
            assert all(error["line"] >= 1 and len(error["message"]) > 8 for error in answer["errors"])
        told.append(json.dumps({**answer, "ignored": []}))

    await answered(f"ask.{USER}.artist.set", b'{"name": "Nobody"}')
    await answered(f"ask.{USER}.campaign.create", b'{"name": "Spring"}')
    for _ in range(IMPORTS):
        name = chance.choice(list(FILES))
        data = FILES[name].encode() * chance.choice((1, 1, 1, 40))
        for _ in range(chance.randint(1, 4)):
            data = torn(chance, data)
        artist = '"artist": "Nobody", ' if name == "streams.import" else ""
        body = f'{{{artist}"csv_base64": "{base64.b64encode(data).decode()}"}}'
        await watch.see(answered(f"ask.{USER}.{name}", body.encode()))
    return watch, told
