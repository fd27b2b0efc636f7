"""What a call costs, to the cent, from the price table in the wheel."""

from decimal import Decimal
from time import process_time
from typing import Any

from msgspec.structs import replace

from skill_runner.pricing import price, total, usage_of


def chat(model: str, prompt: int, cached: int, completion: int) -> dict[str, Any]:
    details = {"cached_tokens": cached}
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "prompt_tokens_details": details}
    return {"model": model, "usage": usage}


def message(model: str, fresh: int, cached: int, output: int) -> dict[str, Any]:
    usage = {"input_tokens": fresh, "cache_read_input_tokens": cached, "output_tokens": output}
    return {"model": model, "usage": usage}


def test_an_openai_call_is_priced_with_its_cached_tokens() -> None:
    usage = usage_of("openai", "gpt-5.5", chat("gpt-5.5", 1200, 1000, 77), simulated=False)
    assert usage.cost_usd == Decimal("0.00381")
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (1200, 1000, 77)


def test_an_anthropic_call_counts_cached_tokens_as_input_too() -> None:
    usage = usage_of("anthropic", "claude-opus-5", message("claude-opus-5", 200, 1000, 77), simulated=False)
    assert usage.cost_usd == Decimal("0.003425")
    assert (usage.input_tokens, usage.cached_tokens) == (1200, 1000)


def test_a_simulated_call_costs_nothing_beside_its_list_price() -> None:
    usage = usage_of("openai", "gpt-5.5", chat("gpt-5.5", 1200, 1000, 77), simulated=True)
    assert (usage.cost_usd, usage.list_price_usd, usage.simulated) == (0, Decimal("0.00381"), True)


def test_an_unknown_model_has_no_price_rather_than_none_to_pay() -> None:
    usage = usage_of("openai", "house-model", chat("house-model", 10, 0, 5), simulated=False)
    assert (usage.cost_usd, usage.list_price_usd, usage.tokens) == (None, None, 15)


def test_a_dated_name_of_the_answer_falls_back_to_the_name_asked_for() -> None:
    usage = usage_of("openai", "gpt-5.5", chat("served-here", 1200, 1000, 77), simulated=False)
    assert usage.cost_usd == Decimal("0.00381")


def test_an_answer_is_priced_by_its_own_name_first() -> None:
    usage = usage_of("openai", "house-model", chat("gpt-5.5", 1200, 1000, 77), simulated=False)
    assert (usage.model, usage.cost_usd) == ("house-model", Decimal("0.00381"))


def test_an_answer_that_names_no_model_is_priced_by_the_name_asked_for() -> None:
    answer = {"usage": chat("gpt-5.5", 1200, 1000, 77)["usage"]}
    assert usage_of("openai", "gpt-5.5", answer, simulated=False).cost_usd == Decimal("0.00381")


def test_an_answer_that_calls_its_model_by_a_name_of_any_length_is_priced_in_no_time() -> None:
    begun = process_time()
    usage = usage_of("openai", "gpt-5.5", chat("gpt-5.5" * 500_000, 1200, 1000, 77), simulated=False)
    assert process_time() - begun < 1
    assert usage.cost_usd == Decimal("0.00381")


def test_the_price_of_another_provider_s_model_is_not_known() -> None:
    usage = usage_of("openai", "claude-opus-5", chat("claude-opus-5", 10, 0, 5), simulated=False)
    assert usage.cost_usd is None


def test_so_many_tokens_cost_as_much_before_the_call_as_after_it() -> None:
    told = usage_of("openai", "gpt-5.5", chat("gpt-5.5", 1200, 0, 77), simulated=False)
    assert price("openai", "gpt-5.5", 1200, 77, {}) == told.cost_usd == Decimal("0.00831")
    assert price("openai", "house-model", 1200, 77, {}) is None


def test_what_was_served_faster_costs_what_faster_costs() -> None:
    answer = chat("gpt-5.5", 1200, 1000, 77)
    costs = [
        usage_of("openai", "gpt-5.5", {**answer, "service_tier": tier}, simulated=False).cost_usd
        for tier in ("default", "priority", "flex", None, ["priority"])
    ]
    plain, fast, slow = Decimal("0.00381"), Decimal("0.009525"), Decimal("0.001905")
    assert costs == [plain, fast, slow, plain, plain]


def test_how_fast_anthropic_answered_stands_in_its_usage() -> None:
    answer = message("claude-fable-5-2", 200, 0, 77)
    answer["usage"] |= {"speed": "fast", "service_tier": "standard"}
    usage = usage_of("anthropic", "claude-fable-5-2", answer, simulated=False)
    assert usage.cost_usd == (200 * Decimal(16) + 77 * Decimal(80)) / 1_000_000


def test_what_stayed_in_one_region_costs_a_tenth_more() -> None:
    answer, plain = message("claude-opus-5", 200, 1000, 77), Decimal("0.003425")
    costs = [
        usage_of(
            "anthropic",
            "claude-opus-5",
            {**answer, "usage": {**answer["usage"], "inference_geo": where}},
            simulated=False,
        ).cost_usd
        for where in ("us", "global", "not_available", None)
    ]
    assert costs == [plain * Decimal("1.1"), plain, plain, plain]
    most = price("anthropic", "claude-opus-5", 1200, 77, {"inference_geo": "us"})
    assert most == Decimal("1.1") * (price("anthropic", "claude-opus-5", 1200, 77, {}) or 0)


def test_what_a_call_asks_for_is_in_the_most_that_it_can_cost() -> None:
    plain = price("openai", "gpt-5.5", 1200, 77, {"reasoning_effort": "none"})
    assert price("openai", "gpt-5.5", 1200, 77, {"service_tier": "priority"}) == Decimal("2.5") * (plain or 0)


def test_what_a_provider_puts_into_its_cache_unasked_is_in_the_most_that_a_call_can_cost() -> None:
    answer = chat("gpt-6-sol", 1200, 0, 77)
    answer["usage"]["prompt_tokens_details"]["cache_write_tokens"] = 1200
    told = usage_of("openai", "gpt-6-sol", answer, simulated=False)
    assert price("openai", "gpt-6-sol", 1200, 77, {}) == told.cost_usd == Decimal("0.00377")


def test_what_settings_have_a_provider_put_into_its_cache_is_in_the_most_that_a_call_can_cost() -> None:
    answer = message("claude-opus-5", 0, 0, 77)
    answer["usage"] |= {
        "cache_creation_input_tokens": 1200,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 1200},
    }
    told = usage_of("anthropic", "claude-opus-5", answer, simulated=False)
    settings = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert price("anthropic", "claude-opus-5", 1200, 77, settings) == told.cost_usd == Decimal("0.013925")
    plain = usage_of("anthropic", "claude-opus-5", message("claude-opus-5", 1200, 0, 77), simulated=False)
    assert price("anthropic", "claude-opus-5", 1200, 77, {}) == plain.cost_usd


def test_the_version_of_the_table_is_told() -> None:
    usage = usage_of("openai", "gpt-5.5", chat("gpt-5.5", 1, 0, 1), simulated=False)
    assert (usage.price_version or "").startswith("genai-prices 0.")


def test_an_answer_without_usage_has_no_price() -> None:
    usage = usage_of("openai", "gpt-5.5", {"model": "gpt-5.5"}, simulated=False)
    assert (usage.tokens, usage.cost_usd) == (0, None)


def test_numbers_of_tokens_that_cannot_be_are_no_usage() -> None:
    for wrong in (
        chat("gpt-5.5", 10**7 + 1, 0, 77),
        chat("gpt-5.5", 1200, 0, 10**30),
        chat("gpt-5.5", -5, 0, 77),
        chat("gpt-5.5", 10, 50, 77),
        {"model": "gpt-5.5", "usage": {"prompt_tokens": "many", "completion_tokens": 77}},
        {"model": "gpt-5.5", "usage": [1200, 77]},
    ):
        usage = usage_of("openai", "gpt-5.5", wrong, simulated=False)
        assert (usage.tokens, usage.cached_tokens, usage.cost_usd) == (0, 0, None)
    for searches in (-1, 10**7 + 1, 10**400):
        searched = message("claude-opus-5", 12, 0, 3)
        searched["usage"]["server_tool_use"] = {"web_search_requests": searches}
        usage = usage_of("anthropic", "claude-opus-5", searched, simulated=False)
        assert (usage.tokens, usage.cost_usd) == (0, None), "what is paid beside tokens is looked at too"
    for cached in (11, 10**30):
        usage = usage_of("openai", "house-model", chat("house-model", 10, cached, 77), simulated=False)
        assert (usage.tokens, usage.cached_tokens) == (0, 0), "what has no price is looked at too"


def test_an_answer_to_no_token_at_all_does_not_say_what_it_costs() -> None:
    for written in (0, 77):
        usage = usage_of("openai", "gpt-5.5", chat("gpt-5.5", 0, 0, written), simulated=False)
        assert (usage.tokens, usage.cost_usd, usage.list_price_usd) == (written, None, None)
    nothing = message("claude-opus-5", 0, 0, 0)
    assert usage_of("anthropic", "claude-opus-5", nothing, simulated=False).cost_usd is None


def test_a_text_in_fewer_tokens_than_it_can_have_does_not_say_what_it_cost() -> None:
    for written, letters, cost in ((0, 1, None), (1, 2_000, None), (77, 2_000, "0.00381"), (0, 0, "0.0015")):
        said = chat("gpt-5.5", 1200, 1000, written)
        usage = usage_of("openai", "gpt-5.5", said, simulated=False, letters=letters)
        assert (usage.output_tokens, usage.cost_usd) == (written, Decimal(cost) if cost else None)


def test_calls_add_up() -> None:
    one = usage_of("openai", "gpt-5.5", chat("gpt-5.5", 1200, 1000, 77), simulated=False)
    both = total(replace(one, in_doubt_usd=Decimal("0.01")), replace(one, in_doubt_usd=Decimal("0.02")))
    assert (both.calls, both.input_tokens, both.output_tokens, both.cached_tokens) == (2, 2400, 154, 2000)
    assert (both.cost_usd, both.list_price_usd) == (Decimal("0.00762"), Decimal("0.00762"))
    assert both.in_doubt_usd == Decimal("0.03")


def test_a_sum_is_simulated_if_one_of_its_calls_was() -> None:
    real, ours = (
        usage_of("openai", "gpt-5.5", chat("gpt-5.5", 1, 0, 1), simulated=said) for said in (False, True)
    )
    assert [total(*two).simulated for two in ((real, real), (real, ours), (ours, real))] == [
        False,
        True,
        True,
    ]


def test_a_sum_with_an_unknown_price_is_unknown() -> None:
    known = usage_of("openai", "gpt-5.5", chat("gpt-5.5", 1200, 1000, 77), simulated=False)
    unknown = usage_of("openai", "house-model", chat("house-model", 10, 0, 5), simulated=False)
    assert total(known, unknown).cost_usd is None
    assert total(unknown, known).cost_usd is None
