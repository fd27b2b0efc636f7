"""What a provider call used and what it cost, from genai-prices' own table; never from the network."""

from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import version
from typing import Any

from msgspec.structs import replace

from shared.models import terms
from shared.subjects import Pool
from shared.usage import Usage
from skill_runner.chats.chat import label

MOST_TOKENS = 10**7
LONGEST_TOKEN = 128
FLAVOR: dict[Pool, str] = {"openai": "chat", "anthropic": "default"}
ANYWHERE = (None, "", "global", "not_available")
IN_ONE_REGION = Decimal("1.1")
CACHED = "cache_control"


def usage_of(
    provider: Pool, model: str, answer: dict[str, Any], *, simulated: bool, letters: int = 0
) -> Usage:
    """Read the usage of a provider's answer; input includes cached tokens for every provider.

    A model without a known price costs None; so does an answer that does not say what it used, or says what
    cannot be, such as to have been asked nothing, or to have written a text of `letters` in no tokens: a
    server that does not count says zero, or one. A simulated one costs 0, beside its list price. What was
    served faster, or in one region, is billed so, and says so.
    """
    from genai_prices import Usage as Counts

    try:
        counts = _counted(provider, answer.get("usage"))
        at = terms({**answer, **answer["usage"]})
        names = [label(answer.get("model")), model]
        told = counts.input_tokens and letters <= LONGEST_TOKEN * (counts.output_tokens or 0)
        price = _price(counts, names, provider, at) if told else None
    except (ValueError, TypeError):
        counts, price = Counts(), None
    return Usage(
        provider=provider,
        model=model,
        input_tokens=int(counts.input_tokens or 0),
        output_tokens=int(counts.output_tokens or 0),
        cached_tokens=int(counts.cache_read_tokens or 0),
        cost_usd=Decimal(0) if simulated else price,
        list_price_usd=price,
        price_version=f"genai-prices {version('genai-prices')}",
        simulated=simulated,
    )


def _counted(provider: Pool, told: Any) -> Any:
    """Read what there was of each kind that is paid for; raises ValueError or TypeError if it cannot be."""
    from genai_prices import extract_usage

    counts = extract_usage({"usage": told}, provider_id=provider, api_flavor=FLAVOR[provider]).usage
    read, cached = counts.input_tokens or 0, counts.cache_read_tokens or 0
    told = [count for count in vars(counts).values() if count is not None]
    if not (cached <= read and all(0 <= count <= MOST_TOKENS for count in told)):
        raise ValueError("more than there can be")
    return counts


def _price(counts: Any, names: list[str], provider: Pool, at: Mapping[str, str]) -> Decimal | None:
    """Return the price by the first name that has one: providers answer with dated names.

    The table does not know what both providers take for a call that stays in one region.
    """
    from genai_prices import calc_price

    times = Decimal(1) if at.get("inference_geo") in ANYWHERE else IN_ONE_REGION
    for name in names:
        try:
            return times * calc_price(counts, name, provider_id=provider, price_context=at).total_price
        except LookupError:
            continue
    return None


def price(
    provider: Pool, model: str, input_tokens: int, output_tokens: int, settings: Mapping[str, Any]
) -> Decimal | None:
    """Return what so many tokens cost at most, none of them cached; None without a known price."""
    from genai_prices import Usage as Counts

    kept = _put_into_cache(provider, input_tokens, settings)
    counts = Counts(input_tokens=input_tokens, output_tokens=output_tokens, **kept)
    return _price(counts, [model], provider, terms(settings))


def _put_into_cache(provider: Pool, tokens: int, settings: Mapping[str, Any]) -> dict[str, int]:
    """Return how much of an input the provider may keep for later calls, which most models take more for.

    OpenAI does so unasked, Anthropic where the settings say it, and for an hour at most.
    """
    if provider == "openai":
        return {"cache_write_tokens": tokens}
    return {"cache_write_tokens": tokens, "cache_write_1h_tokens": tokens} if CACHED in settings else {}


def total(one: Usage, other: Usage) -> Usage:
    """Add up two calls of one attempt; a sum with an unknown price is unknown."""
    return replace(
        one,
        calls=one.calls + other.calls,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        cost_usd=_sum(one.cost_usd, other.cost_usd),
        list_price_usd=_sum(one.list_price_usd, other.list_price_usd),
        simulated=one.simulated or other.simulated,
        in_doubt_usd=one.in_doubt_usd + other.in_doubt_usd,
    )


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other
