"""The life of a campaign."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from campaigns import wholes
from campaigns.campaign import Campaign, Correct, Record, decide, evolve, outreach_id
from campaigns.keeping import Told
from campaigns.wholes import Last
from controls import NOW, later, past_of
from shared.record_events import (
    CampaignClosed,
    CampaignCreated,
    CoverageImported,
    NameGiven,
    OpportunityImported,
    OutreachCorrected,
    OutreachRecorded,
)
from shared.refusal import Refusal

SPRING = CampaignCreated(name="Spring")
ID, ADA, BEN = UUID(int=1), UUID(int=2), UUID(int=3)


def campaign(*events: Any, at: datetime = NOW) -> Campaign:
    return evolve(Campaign(), past_of(*events, at=at))


def happened(kind: Any = "sent", contact: UUID = ADA, at: datetime = NOW, **values: Any) -> OutreachRecorded:
    id_ = outreach_id(ID, contact, kind, at)
    return OutreachRecorded(outreach_id=id_, contact_id=contact, kind=kind, at=at, **values)


def refusal(command: Any, state: Campaign) -> str:
    with pytest.raises(Refusal) as refused:
        decide(command, state)
    return refused.value.code


def test_a_campaign_is_created_once_and_changed_whole():
    assert decide(SPRING, Campaign()) == [SPRING]
    assert decide(SPRING, campaign(SPRING)) == []
    radio = CampaignCreated(name="Spring", goal="radio")
    assert decide(radio, campaign(SPRING)) == [radio]


def test_a_campaign_is_closed_once():
    assert decide(CampaignClosed(), campaign(SPRING)) == [CampaignClosed()]
    assert decide(CampaignClosed(), campaign(SPRING, CampaignClosed())) == []


def test_a_closed_campaign_is_not_begun_again_by_its_name():
    closed = campaign(SPRING, CampaignClosed())
    assert decide(SPRING, closed) == []
    assert refusal(CampaignCreated(name="Spring", goal="radio"), closed) == "closed"


def test_what_happened_is_recorded():
    both = (happened(), happened("replied", at=later(60)))
    assert decide(Record(both), campaign(SPRING)) == [*both]


def test_the_same_contact_kind_and_time_is_one_event():
    twice = (happened(), happened(template="other"))
    assert decide(Record(twice), campaign(SPRING)) == [twice[1]]
    assert decide(Record(twice), campaign(SPRING, happened())) == []


@pytest.mark.parametrize(
    "other", [happened(contact=BEN), happened("drafted"), happened(at=later(1)), happened(at=later(1e-6))]
)
def test_another_contact_kind_or_time_is_another_event(other: OutreachRecorded):
    assert decide(Record((other,)), campaign(SPRING, happened())) == [other]


def test_what_comes_late_is_recorded_like_the_rest():
    early = happened(at=NOW - timedelta(days=400))
    assert decide(Record((early,)), campaign(SPRING, happened())) == [early]


def test_a_campaign_begins_by_its_name_with_what_happened_first():
    assert decide(Record((happened(),), name="Spring"), Campaign()) == [SPRING, happened()]


def test_a_campaign_does_not_begin_with_nothing():
    assert decide(Record((), name="Spring"), Campaign()) == []


@pytest.mark.parametrize("command", [Record((happened(),)), Correct(ID), CampaignClosed()])
def test_without_a_name_nothing_begins(command: Any):
    assert refusal(command, Campaign()) == "unknown_campaign"


def test_what_did_not_happen_is_taken_back_once():
    taken_back = OutreachCorrected(outreach_id=happened().outreach_id, contact_id=ADA)
    command = Correct(happened().outreach_id)
    assert decide(command, campaign(SPRING, happened())) == [taken_back]
    assert decide(command, campaign(SPRING, happened(), taken_back)) == []


def test_what_was_taken_back_stays_so():
    taken_back = OutreachCorrected(outreach_id=happened().outreach_id, contact_id=ADA)
    corrected = campaign(SPRING, happened(), taken_back)
    assert decide(Record((happened(),)), corrected) == []
    assert refusal(Record((happened(),), by_hand=True), corrected) == "corrected"


def test_what_was_never_recorded_is_not_taken_back():
    assert refusal(Correct(ID), campaign(SPRING, happened())) == "unknown_outreach"


@pytest.mark.parametrize("kind", ["drafted", "approved", "sent"])
def test_nothing_is_sent_after_the_close(kind: str):
    assert refusal(Record((happened(kind, at=later(1)),)), campaign(SPRING, CampaignClosed())) == "closed"


def test_answers_after_the_close_and_what_was_sent_before_are_recorded():
    both = (happened("replied", at=later(60)), happened(at=later(-60)))
    assert decide(Record(both), campaign(SPRING, CampaignClosed())) == [*both]


def test_what_was_recorded_before_the_close_is_still_known():
    assert (
        decide(Record((happened(at=later(1)),)), campaign(SPRING, happened(at=later(1)), CampaignClosed()))
        == []
    )


def test_a_campaign_is_not_begun_under_a_name_that_was_given_away():
    assert refusal(Record((happened(),), name="Spring"), campaign(NameGiven(to=ID))) == "name_taken"


def test_a_long_history_folds_alike_in_one_piece_and_in_many():
    events = [SPRING, *(happened(at=later(n)) for n in range(50)), CampaignClosed()]
    events.insert(30, OutreachCorrected(outreach_id=events[5].outreach_id, contact_id=ADA))
    folded = Campaign()
    for event in events:
        folded = evolve(folded, past_of(event))
    assert folded == campaign(*events)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            OpportunityImported(title="Open call", kind="festival"),
            OpportunityImported(title="Open call", kind="festival", cost=5),
        ),
        (CoverageImported(artist="A", outlet="B"), CoverageImported(artist="A", outlet="B", kind="review")),
    ],
)
def test_what_is_imported_whole_is_news_when_it_reads_otherwise(first: Any, second: Any):
    last = wholes.evolve(Last(), past_of(first))
    assert wholes.decide(told(first), Last()) == [first]
    assert wholes.decide(told(first), last) == []
    assert wholes.decide(told(second), last) == [second]


def told(event: Any, *fields: str) -> Told[Any]:
    return Told(event, frozenset(fields or event.__struct_fields__))


CALL = OpportunityImported(
    title="Open call", kind="festival", cost=5, opens=date(2026, 5, 2), rules={"released": True}
)


def test_what_a_row_does_not_tell_stays_as_it_was_imported():
    later = OpportunityImported(title="Open call", kind="show")
    (event,) = wholes.decide(told(later, "title", "kind", "opens"), Last(CALL))
    assert event == replace(CALL, kind="show", opens=None)


def test_each_rule_of_an_opportunity_is_told_or_not():
    later = OpportunityImported(title="Open call", kind="festival", rules={"unreleased": False})
    (event,) = wholes.decide(told(later, "title", "unreleased"), Last(CALL))
    assert event == replace(CALL, rules={"released": True, "unreleased": False})
    (event,) = wholes.decide(told(replace(later, rules={}), "released"), Last(CALL))
    assert event == replace(CALL, rules={})


@pytest.mark.parametrize("known", [None, CALL])
def test_nothing_opens_after_its_deadline(known: OpportunityImported | None):
    call = OpportunityImported(
        title="Open call", kind="show", opens=date(2026, 5, 2), deadline=date(2026, 5, 1)
    )
    fields = ("title", "kind", "deadline") if known else ()
    with pytest.raises(Refusal) as refused:
        wholes.decide(told(call, *fields), Last(known))
    assert refused.value.field == "opens"
