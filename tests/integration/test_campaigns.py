"""The campaigns service on real NATS and PostgreSQL: contacts in, and out for ever."""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec.structs import replace

from busstage import until
from campaigns.imports import LISTED
from campaigns.reapplying import POLL_S, reapply_erasures
from controls import USER
from recordservice import Service
from servers import execute
from shared.bus import Bus
from shared.commit import Commit
from shared.record_events import ContactErased, ContactImported
from shared.refusal import Refusal
from shared.sealing import is_sealed, reveal, seal
from shared.streams import provision
from shared.subjects import contact
from shared.vault import Unavailable, Vault, migrate

MASTER_KEY = bytes(range(32))
CANARIES = (b"Zzyzx", b"zzyzx@", b"authors/zzyzx", b"020 7946", b"met in the canary")
CSV = """Full name;E-mail;Phone;Station;Type;Genres;Country;Notes;Source;Source URL
Zzyzx Example;zzyzx@example.org;020 7946 0000;Radio Nowhere;DJ;synthpop, indie;UK;met in the canary;\
profile of Zzyzx;https://example.org/authors/zzyzx
Bo Example;bo@example.org;;Press Nowhere;press;indie;UK;;;
Cy Example;not an address;;;;;;;;
bo example; BO@EXAMPLE.ORG;;Elsewhere;;;;;;
"""
PERSONAL = {"type": "string", "x-personal": True}


@pytest.fixture
async def vault(postgres_url: str) -> AsyncIterator[Vault]:
    await migrate(postgres_url)
    vault = await Vault.connect(postgres_url, MASTER_KEY)
    yield vault
    await vault.close()


@pytest.fixture
def service(bus: Bus, vault: Vault, postgres_url: str) -> Service:
    return Service(bus, vault, postgres_url)


async def stored(bus: Bus) -> bytes:
    """Everything the log's stream holds, in one."""
    js = bus.client.jetstream()
    last = (await js.stream_info("EVT")).state.last_seq
    return b"".join([(await js.get_msg("EVT", seq)).data or b"" for seq in range(1, last + 1)])


async def kinds(service: Service, email: str) -> list[type]:
    return [type(event) for event in await service.events("contact", service.person(email))]


async def test_good_rows_load_and_the_others_are_named_by_line(service: Service):
    answer = await service.ask("contacts.import", csv=CSV)
    assert answer == {
        "imported": 2,
        "unchanged": 0,
        "duplicates": 1,
        "failed": 1,
        "total": 4,
        "seq": 2,
        "errors": [{"line": 4, "field": "email", "message": "is not an e-mail address"}],
        "repeated": [{"line": 5, "first": 3}],
        "ignored": [],
        "identities": [],
        "dry_run": False,
        "objections": [],
    }


async def test_of_very_many_bad_and_repeated_lines_all_are_counted_and_the_first_listed(service: Service):
    bad, same = LISTED + 1, LISTED + 2
    answer = await service.ask(
        "contacts.import", csv="name,email\n" + "Nobody,nowhere\n" * bad + "Bo,bo@example.org\n" * same
    )
    assert (answer["failed"], answer["imported"], answer["duplicates"]) == (bad, 1, same - 1)
    assert [error["line"] for error in answer["errors"]] == [*range(2, 2 + LISTED)]
    assert [one["line"] for one in answer["repeated"]] == [*range(3 + bad, 3 + bad + LISTED)]


async def test_a_trial_says_which_lines_speak_of_the_same_person(service: Service):
    tried = await service.ask("contacts.import", csv=CSV, dry_run=True)
    which = dict(tried["identities"])
    assert which.keys() == {2, 3, 5}
    assert which[5] == which[3] != which[2]


async def test_an_imported_contact_can_be_read_with_the_key(service: Service):
    await service.ask("contacts.import", csv=CSV)
    event = await service.last_import("zzyzx@example.org")
    shown = await reveal(service.vault, USER, [event.name, event.email, event.phone, event.notes])
    assert shown == ["Zzyzx Example", "zzyzx@example.org", "020 7946 0000", "met in the canary"]
    assert (event.outlet, event.kind, event.genres, event.regions) == (
        "Radio Nowhere",
        "radio",
        ("synthpop", "indie"),
        ("UK",),
    )


async def test_nothing_personal_is_in_the_log_nor_on_the_feed(service: Service, bus: Bus):
    heard: list[bytes] = []

    async def hear(message: Any) -> None:
        heard.append(message.body)

    await bus.listen("feed.>", hear)
    await bus.settled()
    await service.ask("contacts.import", csv=CSV)
    await until(lambda: len(heard) == 2)
    await bus.settled()
    everything = await stored(bus) + b"".join(heard)
    assert len(heard) == 2
    assert not any(canary in everything for canary in CANARIES)


async def test_a_contact_of_an_address_alone_is_read_again(service: Service):
    csv = "email\nada@example.org\n"
    await service.ask("contacts.import", csv=csv)
    assert (await service.last_import("ada@example.org")).name is None
    assert (await service.ask("contacts.import", csv=csv))["unchanged"] == 1


async def test_an_import_again_changes_nothing(service: Service, bus: Bus):
    first = await service.ask("contacts.import", csv=CSV)
    again = await service.ask("contacts.import", csv=CSV)
    assert (again["imported"], again["unchanged"], again["seq"]) == (0, 2, first["seq"])


async def test_other_values_are_imported_over_the_old(service: Service):
    await service.ask("contacts.import", csv=CSV)
    answer = await service.ask("contacts.import", csv=CSV.replace("Press Nowhere", "Press Anywhere"))
    assert (answer["imported"], answer["unchanged"]) == (1, 1)
    assert (await service.last_import("bo@example.org")).outlet == "Press Anywhere"


async def test_a_dry_run_tells_the_same_and_writes_nothing(service: Service, bus: Bus, postgres_url: str):
    answer = await service.ask("contacts.import", csv=CSV, dry_run=True)
    assert (answer["imported"], answer["failed"], await stored(bus)) == (2, 1, b"")


async def test_rows_and_bytes_are_imported_like_text(service: Service):
    await service.ask("contacts.import", csv=CSV)
    bytes_ = await service.ask("contacts.import", csv_base64=b64encode(CSV.encode("utf-16")).decode())
    rows = await service.ask(
        "contacts.import",
        rows=[
            {"name": "Bo Example", "email": "bo@example.org", "outlet": "Press Nowhere", "type": "journalist"}
            | {"genres": ["indie"], "regions": ["UK"]}
        ],
    )
    assert (bytes_["unchanged"], rows["unchanged"]) == (2, 1)


async def test_two_processes_that_import_at_once_append_each_contact_once(
    service: Service, bus: Bus, postgres_url: str
):
    vault = await Vault.connect(postgres_url, MASTER_KEY)
    other = Service(bus, vault, postgres_url)
    rows = [{"name": f"Contact {n}", "email": f"contact{n}@example.org"} for n in range(100)]
    answers = await asyncio.gather(*(one.ask("contacts.import", rows=rows) for one in (service, other)))
    await vault.close()
    assert sum(answer["imported"] for answer in answers) == 100
    assert await service.log.last_seq() == 100


async def test_an_erased_contact_cannot_be_read_any_more(service: Service):
    await service.ask("contacts.import", csv=CSV)
    event = await service.last_import("zzyzx@example.org")
    answer = await service.ask("contacts.erase", email="zzyzx@example.org")
    assert answer == {"erased": True, "contact_id": event.name["$sealed"], "known": True, "seq": 3}
    assert await reveal(service.vault, USER, [event.name, event.email]) == ["[erased]", "[erased]"]


@pytest.mark.parametrize("command", ["contacts.erase", "contacts.suppress"])
async def test_an_address_that_was_no_contact_s_is_told_apart(service: Service, command: str):
    await service.ask("contacts.import", csv=CSV)
    assert (await service.ask(command, email="zzyzx@example.org"))["known"]
    assert not (await service.ask(command, email="zzyxz@example.org"))["known"]
    assert (await service.ask(command, email="zzyxz@example.org"))["known"]


async def test_an_erased_name_cannot_be_read_where_it_was_written_without_an_id(service: Service):
    await service.ask("contacts.import", csv=CSV)
    elsewhere = await seal(service.vault, USER, PERSONAL, "zzyzx example")
    await service.ask(
        "contacts.erase", contact_id=(await service.last_import("zzyzx@example.org")).name["$sealed"]
    )
    assert await reveal(service.vault, USER, elsewhere) == "[erased]"


@pytest.mark.parametrize("step", ["vault.erase", "log.append"])
async def test_a_name_that_is_imported_while_its_person_is_erased_is_refused_or_goes_with_them(
    service: Service, monkeypatch: pytest.MonkeyPatch, step: str
):
    await service.ask("contacts.import", csv=CSV)
    elsewhere = await seal(service.vault, USER, PERSONAL, "Zoe Newname")
    row = {"email": "zzyzx@example.org", "name": "Zoe Newname"}
    owner, method = step.split(".")
    real = getattr(getattr(service, owner), method)
    imported = list[int]()

    async def after_an_import(*args: Any, **named: Any) -> Any:
        monkeypatch.undo()
        imported.append((await service.ask("contacts.import", rows=[row]))["imported"])
        return await real(*args, **named)

    monkeypatch.setattr(getattr(service, owner), method, after_an_import)
    await service.ask("contacts.erase", email="zzyzx@example.org")
    is_gone = await reveal(service.vault, USER, elsewhere) == "[erased]"
    assert imported == [is_gone]


async def test_an_erasure_that_the_vault_had_to_wait_for_is_told_as_one(service: Service, postgres_url: str):
    await service.ask("contacts.import", csv=CSV)
    await execute(postgres_url, "alter table vault.erased rename to away")
    with pytest.raises(Unavailable):
        await service.ask("contacts.erase", email="zzyzx@example.org")
    await execute(postgres_url, "alter table vault.away rename to erased")
    assert (await service.ask("contacts.erase", email="zzyzx@example.org"))["erased"]
    assert await kinds(service, "zzyzx@example.org") == [ContactImported, ContactErased]


async def test_whose_address_stands_in_the_notes_of_one_who_is_erased_stays_readable(service: Service):
    rows = [{"email": "bo@example.org"}, {"email": "cy@example.org", "notes": "ask Bo <bo@example.org>"}]
    rows += [{"email": "di@example.org", "notes": "bo@example.org", "name": "Bo <BO@example.org>"}]
    await service.ask("contacts.import", rows=rows)
    bo = (await service.last_import("bo@example.org")).email
    for email in ("cy@example.org", "di@example.org"):
        await service.ask("contacts.erase", email=email)
    assert await reveal(service.vault, USER, bo) == "bo@example.org"


async def test_where_somebody_was_found_is_sealed_by_the_next_change_of_what_was_imported_in_plain(
    service: Service,
):
    await service.ask("contacts.import", csv=CSV)
    sealed = await service.last_import("zzyzx@example.org")
    plain = replace(sealed, source_url="https://example.org/authors/zzyzx", source="profile of Zzyzx")
    whose = contact(USER, service.person("zzyzx@example.org"))
    commit = Commit(commit_id=uuid4(), at=datetime.now(UTC), events=(plain,))
    await service.log.append(whose, commit, expected=(await service.log.load(whose)).seq)
    assert (await service.ask("contacts.import", csv=CSV))["unchanged"] == 2
    narrow = [{"email": "zzyzx@example.org", "outlet": "Elsewhere"}]
    assert (await service.ask("contacts.import", rows=narrow))["imported"] == 1
    last = await service.last_import("zzyzx@example.org")
    assert await reveal(service.vault, USER, [last.source, last.source_url]) == [
        plain.source,
        plain.source_url,
    ]
    assert is_sealed(last.source)
    assert is_sealed(last.source_url)


async def test_a_history_is_told_in_pages_that_each_fit_into_an_answer(service: Service, bus: Bus):
    seqs: list[int] = []
    for number in range(50):
        row = {"email": "zzyzx@example.org", "notes": f"{number:04}" + "\U0001f4fb" * 4996}
        seqs.append((await service.ask("contacts.import", rows=[row]))["seq"])
    told: list[int] = []
    more, longest = True, 0
    while more:
        body = {"email": "zzyzx@example.org", "after_seq": told[-1] if told else 0}
        page = await service.ask("contacts.history", **body)
        told += [event["seq"] for event in page["events"]]
        more = page["more"]
        longest = max(longest, len(json.dumps(page)))
    assert told == seqs
    assert longest < 1_000_000 < bus.max_payload


async def test_a_second_erasure_changes_nothing(service: Service):
    await service.ask("contacts.import", csv=CSV)
    first = await service.ask("contacts.erase", email="zzyzx@example.org")
    again = await service.ask("contacts.erase", email=" ZZYZX@example.org")
    assert again == first | {"erased": False}


async def test_an_erased_contact_is_not_imported_again(service: Service):
    await service.ask("contacts.import", csv=CSV)
    await service.ask("contacts.erase", email="zzyzx@example.org")
    answer = await service.ask("contacts.import", csv=CSV.replace("met", "seen"))
    assert (answer["unchanged"], answer["errors"][0]["line"]) == (1, 2)
    assert await kinds(service, "zzyzx@example.org") == [ContactImported, ContactErased]


async def test_a_dry_run_knows_who_was_erased(service: Service):
    await service.ask("contacts.import", csv=CSV)
    await service.ask("contacts.erase", email="zzyzx@example.org")
    answer = await service.ask("contacts.import", csv=CSV, dry_run=True)
    assert (answer["imported"], answer["unchanged"], answer["failed"]) == (0, 1, 2)


async def test_an_address_that_was_never_imported_can_be_erased(service: Service):
    await service.ask("contacts.erase", email="zzyzx@example.org")
    assert (await service.ask("contacts.import", csv=CSV))["imported"] == 1


async def test_an_erasure_that_broke_off_is_finished_by_the_next(service: Service):
    await service.ask("contacts.import", csv=CSV)
    await service.vault.erase(USER, (await service.vault.ids()).person_of(USER, "zzyzx@example.org"))
    answer = await service.ask("contacts.erase", email="zzyzx@example.org")
    assert answer["erased"]
    assert await kinds(service, "zzyzx@example.org") == [ContactImported, ContactErased]


async def test_keys_that_a_backup_brought_back_are_deleted_again_though_not_all_can_be_read(
    service: Service, bus: Bus, postgres_url: str
):
    await service.ask("contacts.import", csv=CSV)
    event = await service.last_import("zzyzx@example.org")
    person = UUID(event.name["$sealed"])
    await execute(postgres_url, "create table backup as select * from vault.keys")
    await service.ask("contacts.erase", contact_id=str(person))
    await execute(postgres_url, "delete from vault.erased", "insert into vault.keys select * from backup "
                  "where person not in (select person from vault.keys)")  # fmt: skip
    restored = await Vault.connect(postgres_url, MASTER_KEY)
    assert await reveal(restored, USER, event.name) == "Zzyzx Example"
    await bus.publish(contact(USER, person).subject, b'{"events": [{"type": "OfALaterRelease"}]}')
    await reapply_erasures(restored, service.log, [(USER, person)])
    assert await reveal(restored, USER, event.name) == "[erased]"
    await restored.close()


async def test_at_its_start_the_service_waits_for_the_read_model_and_erases_again(
    service: Service, postgres_url: str
):
    await service.ask("contacts.import", csv=CSV)
    event = await service.last_import("zzyzx@example.org")
    person = UUID(event.name["$sealed"])
    await execute(
        postgres_url,
        "create table contacts (user_id uuid, id uuid, erased boolean)",
        f"insert into contacts values ('{USER}', '{person}', true), ('{USER}', '{uuid4()}', true)",
        "create table checkpoint (seq bigint)",
        "insert into checkpoint values (0)",
    )
    run = asyncio.create_task(service.reapplying.run())
    await asyncio.sleep(0.3)
    assert await reveal(service.vault, USER, event.name) == "Zzyzx Example"
    await execute(postgres_url, "update checkpoint set seq = 1000")
    await asyncio.wait_for(run, 10)
    assert await reveal(service.vault, USER, event.name) == "[erased]"


async def test_a_log_that_is_away_while_the_service_erases_again_is_waited_for(
    service: Service, bus: Bus, postgres_url: str
):
    await service.ask("contacts.import", csv=CSV)
    event = await service.last_import("zzyzx@example.org")
    await execute(
        postgres_url,
        "create table contacts (user_id uuid, id uuid, erased boolean)",
        f"insert into contacts values ('{USER}', '{event.name['$sealed']}', true)",
        "create table checkpoint as select 1000::bigint as seq",
    )
    waiting = "select count(*) from pg_locks where relation = 'checkpoint'::regclass and not granted"
    locking = await asyncpg.connect(postgres_url)
    async with locking.transaction():
        await locking.execute("lock table checkpoint")
        run = asyncio.create_task(service.reapplying.run())
        while not await locking.fetchval(waiting):
            await asyncio.sleep(0.02)
        await bus.client.jetstream().delete_stream("EVT")
    await locking.close()
    done, _ = await asyncio.wait([run], timeout=POLL_S / 2)
    await provision(bus, ack_wait_s=5)
    assert not done
    await asyncio.wait_for(run, 10)
    assert await reveal(service.vault, USER, event.name) == "[erased]"


@pytest.mark.parametrize(
    ("verb", "body", "code"),
    [
        ("import", {"csv": "date,streams\n"}, "unknown_header"),
        ("import", {"csv": "name\n", "rows": []}, "invalid"),
        ("import", {}, "invalid"),
        ("import", {"csv": "name\n", "colour": "red"}, "unknown_field"),
        ("import", {"csv_base64": "ü"}, "invalid"),
        ("import", {"csv_base64": b64encode(CSV.encode()).decode() + "*"}, "invalid"),
        ("import", {"csv": "name\na\0b\n"}, "unstorable"),
        ("import", {"rows": [{"name": "x"}] * 10_001}, "invalid"),
        ("import", {"csv": "name\n" + "x\n" * 10_001}, "too_many_rows"),
        ("erase", {}, "invalid"),
        ("erase", {"contact_id": str(uuid4())}, "unknown_contact"),
        ("forget", {}, "unknown_command"),
    ],
)
async def test_what_cannot_be_done_is_refused(service: Service, verb: str, body: dict[str, Any], code: str):
    with pytest.raises(Refusal) as refused:
        await service.ask(f"contacts.{verb}", **body)
    assert refused.value.code == code


async def test_while_postgres_is_away_an_import_answers_unavailable(bus: Bus):
    vault = await Vault.connect("postgresql://nobody@127.0.0.1:9/nowhere", os.urandom(32))
    with pytest.raises(Refusal) as refused:
        await Service(bus, vault, "").ask("contacts.import", csv=CSV)
    await vault.close()
    assert refused.value.code == "unavailable"
