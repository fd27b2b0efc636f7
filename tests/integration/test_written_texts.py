"""Shipped skills that ask a model, in a skill-runner: what is written, repaired, and told of each call."""

from typing import Any
from uuid import uuid4

import pytest

from runnerstage import JANE, USER, Stage, model_url, rigs, stage, theatre
from shared.sealing import reveal
from shared.work import Done

__all__ = ["model_url", "rigs", "stage", "theatre"]


async def test_the_shipped_pitch_is_written_to_each_contact_by_name(stage: Stage) -> None:
    people = {str(uuid4()): name for name in ("Jane Example", "Joe Sample", "Zoë Muster")}
    contacts = [{"id": id_, "name": name, "email": f"{id_}@example.org"} for id_, name in people.items()]
    given = {"contacts": contacts, "artistInfo": {"name": "Neon Harbour", "genre": "synthpop"}}
    report = await stage.report("generate-pitch", given)
    assert report.error is None
    assert [name for name in (*people.values(), "example.org") if name.encode() in report.to_json()] == []
    pitches = (await reveal(stage.vault, USER, report.output))["pitches"]
    assert [pitch["contact_id"] for pitch in pitches] == list(people)
    assert [name in pitch["body"] for name, pitch in zip(people.values(), pitches, strict=True)] == [True] * 3
    assert report.usage is not None
    assert (report.usage.calls, report.usage.simulated) == (3, True)
    assert [
        (call.item, call.purpose, call.outcome) for call in sorted(report.calls, key=lambda one: one.item)
    ] == [(place, "first", "passed") for place in range(3)]
    assert report.warnings == ()


async def test_the_shipped_pitch_takes_the_seed_s_single_form_too(stage: Stage) -> None:
    given = {"artist_name": "Neon Harbour", "genre": "synthpop", "contact_name": "Jane Example"}
    report = await stage.report("generate-pitch", given)
    assert report.error is None
    opened = await reveal(stage.vault, USER, report.output)
    assert "Jane Example" in opened["body"]
    assert opened["pitches"][0]["body"] == opened["body"]


PITCHED = {
    "contacts": [{"id": JANE, "name": "Jane Example", "outlet": "Radio Lumen"}],
    "artistInfo": {
        "name": "Neon Harbour",
        "genre": "synthpop",
        "facts": [{"id": "f1", "text": "They record at home with two synthesizers"}],
    },
}


@pytest.mark.parametrize(
    ("fault", "outcome", "failed"),
    [
        ("invent=9", "checks_failed", ("facts",)),
        ("invalid=9", "invalid_output", ()),
        ("refuse=9", "model_refused", ()),
        ("truncate=9", "cut_off", ()),
    ],
)
async def test_what_a_model_gets_wrong_twice_the_template_says_right(
    stage: Stage, fault: str, outcome: str, failed: tuple[str, ...]
) -> None:
    report = await stage.report("generate-pitch", PITCHED, skill_hash=fault)
    assert report.error is None
    opened = await reveal(stage.vault, USER, report.output)
    assert "NME" not in str(opened)
    assert opened["body"].startswith("Hi Jane Example,")
    assert [check["name"] for check in opened["pitches"][0]["checks"] if not check["passed"]] == []
    assert opened["meta"]["basis"] == "template"
    assert report.warnings == ("no model wrote this text: it is from the template",)
    told = [(call.purpose, call.outcome, call.failed_checks) for call in report.calls]
    assert told == [("first", outcome, failed), ("repair", outcome, failed)]
    assert all(call.usage is not None and call.usage.list_price_usd for call in report.calls)
    assert report.usage is not None
    assert report.usage.tokens == sum(call.usage.tokens for call in report.calls if call.usage)


async def test_the_repair_of_a_model_that_invents_once_is_taken(stage: Stage) -> None:
    report = await stage.report("generate-pitch", PITCHED, skill_hash="invent=1")
    assert [(call.purpose, call.outcome) for call in report.calls] == [
        ("first", "checks_failed"),
        ("repair", "passed"),
    ]
    assert (report.output["meta"]["basis"], report.warnings) == ("model", ())


@pytest.mark.parametrize(
    ("fault", "code"), [("cut=9", "provider_error"), ("429=9", "rate_limited"), ("503=9", "provider_away")]
)
async def test_a_provider_that_fails_is_tried_again_and_no_template_hides_it(
    stage: Stage, fault: str, code: str
) -> None:
    report = await stage.report("generate-pitch", PITCHED, skill_hash=fault, timeout_s=4)
    assert report.error is not None
    assert (report.error.code, report.error.retryable, report.usage) == (code, True, None)
    assert report.error.message.startswith("contacts[0]: ")
    assert [(call.outcome, call.usage) for call in report.calls] == [(code, None)]


async def test_a_model_that_does_not_answer_in_time_leaves_it_to_the_template(stage: Stage) -> None:
    report = await stage.report("generate-pitch", PITCHED, skill_hash="latency=60", timeout_s=4)
    assert report.error is None
    assert [call.outcome for call in report.calls] == ["timeout"]
    assert report.output["meta"]["basis"] == "template"
    assert report.duration_ms < 4000


async def test_the_next_attempt_asks_only_for_what_is_missing(stage: Stage) -> None:
    people = [{"id": str(uuid4()), "name": f"Person {n}", "outlet": f"Outlet {n}"} for n in range(3)]
    given = {**PITCHED, "contacts": people}
    whole = await stage.report("generate-pitch", given)
    kept = [whole.output["pitches"][0], whole.output["pitches"][2]]
    before = stage.calls()
    work = await stage.ask("generate-pitch", given, done=Done(partial={"pitches": kept}, items=(0, 2)))
    report = await stage.orchestrator.next()
    assert (report.attempt_id, stage.calls()) == (work.attempt_id, before + 1)
    assert [call.item for call in report.calls] == [1]
    assert [pitch["contact_id"] for pitch in report.output["pitches"]] == [one["id"] for one in people]
    assert [report.output["pitches"][place] for place in (0, 2)] == kept


PRESS = {
    "artist": PITCHED["artistInfo"],
    "release": {"title": "Glass Coast", "type": "single", "date": "2026-12-20"},
    "quotes": [{"text": "It is a song about the last train home.", "speaker": "Ana Sample, singer"}],
    "contact_line": "Quillon Testerby, press@example.org",
}


@pytest.mark.parametrize(("changes", "basis"), [({}, "model"), ({"skill_hash": "invent=9"}, "template")])
async def test_a_press_release_is_written_by_the_other_provider_too(
    stage: Stage, changes: dict[str, Any], basis: str
) -> None:
    report = await stage.report("write-press-release", PRESS, **changes)
    assert report.error is None
    assert b"Quillon" not in report.to_json()
    opened = await reveal(stage.vault, USER, report.output)
    assert (opened["meta"]["basis"], "NME" in str(opened)) == (basis, False)
    assert [check["name"] for check in opened["checks"] if not check["passed"]] == []
    assert "“It is a song about the last train home.”" in opened["body"]
    assert "Contact: Quillon Testerby, press@example.org" in opened["notes_to_editors"]
    assert opened["missing"] == ["links", "biography", "three facts or more", "location"]
    assert {call.provider for call in report.calls} == {"openai"}


async def test_findings_are_put_into_words_without_anybody_s_name(stage: Stage) -> None:
    findings = {"text": "Three of 48 pitches were answered", "n": 48, "name": "Jane Example"}
    report = await stage.report("write-summary", {"findings": findings})
    assert report.error is None
    assert report.output["meta"]["basis"] == "model"
    assert "Three of 48 pitches were answered" in report.output["text"]
