"""Whose answer asks not to be written to again is suppressed with it, until that is taken back."""

from typing import Any

import pytest

from recordservice import Service
from recordstage import ADA, BEN, CONTACTS, WORDS, counts, place, refused, service, spring
from shared.record_events import (
    ContactImported,
    ContactSuppressed,
    ObjectionWithdrawn,
    OutreachRecorded,
)

__all__ = ["place", "service", "spring"]

OFF = WORDS | {"detail": "Please take me off your list."}
ANSWERS = f"""contact_email,campaign,event,at,detail,category
{ADA},Spring,sent,2026-05-01T10:00:00+01:00,,
{ADA},Spring,replied,2026-05-02T09:00:00+01:00,Please take me off your list.,
{BEN},Autumn,replied,2026-05-02T09:00:00+01:00,,objected
"""
UNSUBSCRIBED = f"contact_email,campaign,event,at,category\n{ADA},Spring,{{}}\n"


async def told(service: Service, email: str = ADA) -> list[type]:
    return [type(event) for event in await service.events("contact", service.person(email))]


async def category(service: Service, answer: dict[str, Any]) -> str | None:
    *_, last = await service.events("campaign", answer["campaign_id"])
    assert isinstance(last, OutreachRecorded)
    return last.category


async def test_whose_answer_objects_is_suppressed_and_whoever_records_it_is_told(spring: Service):
    done = await spring.ask("outreach.record", **OFF)
    assert (done["objected"], await category(spring, done)) == (True, "objected")
    assert await told(spring) == [ContactImported, ContactSuppressed]
    assert (await spring.ask("contacts.suppress", email=ADA))["unchanged"]
    assert not (await spring.ask("outreach.record", **WORDS | {"email": BEN}))["objected"]
    assert await told(spring, BEN) == [ContactImported]


@pytest.mark.parametrize(
    ("said", "objected"),
    [
        ({"category": "objected", "detail": "by telephone"}, True),
        ({"category": "declined", "detail": OFF["detail"]}, False),
        ({"event": "declined", "detail": OFF["detail"]}, True),
        ({"event": "declined", "detail": "Not for us."}, False),
        ({"event": "sent", "detail": OFF["detail"]}, False),
    ],
)
async def test_whoever_records_may_say_it_and_a_refusal_may_object_too(
    spring: Service, said: dict[str, Any], objected: bool
):
    done = await spring.ask("outreach.record", **WORDS | said)
    assert done["objected"] == objected
    assert (ContactSuppressed in await told(spring)) == objected


async def test_an_import_says_whose_answers_object_and_suppresses_them(service: Service):
    await service.ask("contacts.import", csv=CONTACTS)
    dry = await service.ask("outreach.import", csv=ANSWERS, dry_run=True)
    assert await told(service) == [ContactImported]
    report = await service.ask("outreach.import", csv=ANSWERS)
    assert (counts(report), report["objections"], dry["objections"]) == ((3, 0, 0, 0), [3, 4], [3, 4])
    assert await told(service) == await told(service, BEN) == [ContactImported, ContactSuppressed]
    assert report["seq"] == await service.log.last_seq()


@pytest.mark.parametrize("written", ["UNSUBSCRIBED,{},", "replied,{},Opted out"])
async def test_a_file_may_say_it_in_the_words_that_mailers_use(spring: Service, written: str):
    csv = UNSUBSCRIBED.format(written.format("2026-05-02T09:00:00+01:00"))
    report = await spring.ask("outreach.import", csv=csv)
    assert (counts(report), report["objections"]) == ((1, 0, 0, 0), [2])
    assert await told(spring) == [ContactImported, ContactSuppressed]


async def test_what_was_recorded_before_suppresses_nobody_again(service: Service):
    """Else a mistake that was taken back would come back with the next import of the same file."""
    await service.ask("contacts.import", csv=CONTACTS)
    await service.ask("outreach.import", csv=ANSWERS)
    for email in (ADA, BEN):
        assert not (await service.ask("contacts.unsuppress", email=email))["unchanged"]
    assert (await service.ask("outreach.import", csv=ANSWERS))["objections"] == []
    done = await service.ask("outreach.record", **OFF | {"at": "2026-05-02T09:00:00+01:00"})
    assert done["unchanged"]
    assert await told(service) == [ContactImported, ContactSuppressed, ObjectionWithdrawn]


async def test_an_objection_is_taken_back_once_and_may_be_made_again(spring: Service):
    for command, unchanged in (
        ("suppress", False),
        ("unsuppress", False),
        ("unsuppress", True),
        ("suppress", False),
    ):
        assert (await spring.ask(f"contacts.{command}", email=ADA))["unchanged"] == unchanged
    assert await told(spring) == [ContactImported, ContactSuppressed, ObjectionWithdrawn, ContactSuppressed]


async def test_who_is_unknown_erased_or_shut_by_a_file_is_not_unsuppressed(spring: Service):
    unknown = await refused(spring, "contacts.unsuppress", email="zzyzx@example.org")
    assert (unknown.code, unknown.field) == ("unknown_contact", "email")
    assert "zzyzx" not in unknown.message
    marked = f"name,email,suppressed\nFictional Ada,{ADA},yes\n"
    await spring.ask("contacts.import", csv=marked)
    await spring.ask("contacts.suppress", email=ADA)
    assert (await refused(spring, "contacts.unsuppress", email=ADA)).code == "in_file"
    await spring.ask("contacts.import", csv=marked.replace("yes", "no"))
    assert not (await spring.ask("contacts.unsuppress", email=ADA))["unchanged"]
    await spring.ask("contacts.erase", email=ADA)
    assert (await refused(spring, "contacts.unsuppress", email=ADA)).code == "erased"
