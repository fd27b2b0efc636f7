"""Model names are aliases."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from anthropic.resources.messages.messages import DEPRECATED_MODELS
from genai_prices import Usage, calc_price
from openai.types.shared import chat_model

from shared.models import load, of_environment
from shared.refusal import Refusal


def test_a_tier_is_a_model_without_a_warning() -> None:
    resolved = load()["anthropic"].resolve("small")
    assert resolved == ("claude-haiku-4-5", None)


def test_a_retired_name_is_another_model_with_a_warning() -> None:
    resolved = load()["anthropic"].resolve("claude-sonnet-4-20250514")
    assert resolved.model == "claude-sonnet-5"
    assert resolved.warning == (
        "the model claude-sonnet-4-20250514 is retired: claude-sonnet-5 is used in its place"
    )


def _day(said: str) -> date:
    """Read "January 22nd, 2027"."""
    plain = re.sub(r"(?<=\d)\D\D,", ",", said)
    return datetime.strptime(plain, "%B %d, %Y").replace(tzinfo=UTC).date()


def test_every_model_for_which_anthropic_s_sdk_names_a_last_day_ends_on_it() -> None:
    aliases = load()["anthropic"]
    days = {
        name: _day(said)
        for name, said in DEPRECATED_MODELS.items()
        if name.startswith(("claude-opus", "claude-sonnet", "claude-haiku"))
    }
    assert days
    early = {name for name, day in days.items() if aliases.resolve(name, day).model == name}
    late = {name for name, day in days.items() if aliases.resolve(name, day - timedelta(1)).model != name}
    assert (early, late & set(aliases.retiring)) == (set(), set())


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-4-turbo-2024-04-09", "gpt-5.4"),
        ("gpt-4o-2024-05-13", "gpt-5.4"),
        ("o1", "gpt-5.4"),
        ("gpt-4.1-nano", "gpt-5.4-mini"),
        ("o4-mini", "gpt-5.4-mini"),
    ],
)
def test_a_model_that_openai_has_shut_down_has_another_in_its_place(name: str, model: str) -> None:
    resolved = load()["openai"].resolve(name)
    assert (resolved.model, name in (resolved.warning or "")) == (model, True)


@pytest.mark.parametrize(
    ("day", "model", "told"),
    [
        (date(2026, 12, 10), "gpt-5", "ends on 2026-12-11: gpt-5.4 is used in its place from then on"),
        (date(2026, 12, 11), "gpt-5.4", "is retired: gpt-5.4 is used in its place"),
    ],
)
def test_a_model_has_another_in_its_place_from_the_day_on_which_it_ends(day: date, model: str, told: str):
    assert load()["openai"].resolve("gpt-5", day) == (model, f"the model gpt-5 {told}")


def test_every_model_for_which_openai_s_sdk_names_a_last_day_ends_on_it() -> None:
    said = re.findall(
        r'^- ((?:"[^"]+",?\s+)*"[^"]+"):\s+Announced\s+shutdown\s+date:\s+(\S+)\.',
        Path(chat_model.__file__).read_text(),
        re.MULTILINE,
    )
    aliases = load()["openai"]
    days = {
        name: date.fromisoformat(day)
        for names, day in said
        for name in re.findall('"([^"]+)"', names)
        if "audio" not in name
    }
    assert len(days) > 40
    early = {name for name, day in days.items() if aliases.resolve(name, day).model == name}
    late = {name for name, day in days.items() if aliases.resolve(name, day - timedelta(1)).model != name}
    assert (early, late & set(aliases.retiring)) == (set(), set())


def test_any_other_name_goes_as_it_is() -> None:
    assert load()["openai"].resolve("gpt-5.5") == ("gpt-5.5", None)


def test_a_skill_without_a_model_gets_the_default() -> None:
    aliases = load()["openai"]
    assert aliases.resolve(None) == aliases.resolve("medium")


def test_the_models_that_would_think_at_the_price_of_an_answer_are_told_not_to() -> None:
    """So their providers' documentation has it; thinking is taken from max_tokens."""
    settings = load()["anthropic"].settings | load()["openai"].settings
    assert settings == {
        "claude-sonnet-5": {"thinking": {"type": "disabled"}},
        "claude-opus-5": {"thinking": {"type": "disabled"}},
        "gpt-5.5": {"reasoning_effort": "none"},
    }


def test_settings_are_those_of_models_that_are_named() -> None:
    for aliases in load().values():
        assert aliases.settings.keys() <= {*aliases.tiers.values(), *aliases.retired.values()}


def test_every_model_we_name_has_a_price() -> None:
    for provider, aliases in load().items():
        later = {one.model for one in aliases.retiring.values()}
        for model in {*aliases.tiers.values(), *aliases.retired.values(), *later}:
            assert calc_price(Usage(input_tokens=1000), model, provider_id=provider).total_price > 0


def test_another_file_of_aliases_may_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "models.yaml"
    file.write_text("openai: {default: house, tiers: {small: tiny}, retired: {}, schema_in_words: [tiny]}\n")
    monkeypatch.setenv("TOTALAUD_MODELS", str(file))
    assert of_environment()["openai"].resolve("small").model == "tiny"
    assert of_environment()["openai"].schema_in_words == ("tiny",)
    assert of_environment()["anthropic"] == load()["anthropic"], "it is not in the file"


def test_the_file_that_the_page_on_operations_shows_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "OPERATIONS.md").read_text()
    file = tmp_path / "models.yaml"
    file.write_text("openai:" + page.split("```yaml\nopenai:")[1].split("```")[0])
    aliases = load(file)["openai"]
    assert aliases.settings.keys() <= {*aliases.tiers.values()}
    assert aliases.at_once == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "it cannot be read: No such file or directory"),
        (b"openai: [", "it is not YAML at line 1"),
        (b"openai: {default: a, tiers: {}, retired: {}, at_once: 0}", "openai.at_once: "),
        (b"openai: {default: house}", "openai.tiers: is required"),
        (b"just words", "must be an object"),
        (
            b"openai: {default: a, tiers: {}, retired: {}, settings: {a: {n: 5}}}",
            "openai.settings.a.n is not to be set: what is asked, how it is read and what is set aside",
        ),
        (
            b"anthropic: {default: a, tiers: {}, retired: {}, settings: {a: {max_tokens: 5}}}",
            "anthropic.settings.a.max_tokens is not to be set",
        ),
        (b"\xff\xfe\xff", "it is no YAML file"),
    ],
)
def test_a_file_of_aliases_that_is_none_is_named(
    content: bytes | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "models.yaml"
    monkeypatch.setenv("TOTALAUD_MODELS", str(file))
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Refusal) as refused:
        of_environment()
    assert refused.value.message.startswith(f"TOTALAUD_MODELS: {file}: {told}")
