"""How a provider's error is told: by its kind and status, never by its text, which may echo the prompt."""

import re
import ssl
from collections.abc import Container, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any

import httpx2

from shared.clock import utc_now
from shared.events import LONGEST_PATIENCE_S
from skill_runner.chats.connection import LONGEST, Packed, TooLong
from skill_runner.failure import Failure
from skill_runner.pace import AWAY, RATE_LIMITED

REDIRECTS = range(300, 400)
BAD_REQUEST = 400
TOO_MANY = 429
OUT_OF_MONEY = (
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "project_spend_limit_exceeded",
    "billing_not_active",
    "billing_hard_limit_reached",
    "budget_exceeded",
    "insufficient_user_quota",
    "enforced_spend_limit_reached",
    "contract_spend_limit_reached",
)
FILTERED = (
    *("content_filter", "content_policy_violation", "invalid_prompt"),
    *("cyber_policy", "bio_policy", "misalignment_policy_violation", "flagged_input"),
)
FILTERING = (BAD_REQUEST, 403)
FILTERED_OR_STOPPED = ("ContentPolicyViolationError", "guardrail_name", "refusal")
UNFIT = ("json_validate_failed",)
BLOCKED = "Output blocked by content filtering policy"
TOO_LONG = (
    *("context_length_exceeded", "exceed_context_size_error", "input_tokens"),
    "ContextWindowExceededError",
)
LITELLM = re.compile(r"(?:litellm\.\w+: )+")
NO_CREDIT = ": there is no credit left, or a limit on spending is reached; check the account's billing"
INPUT_TOO_LONG = ": the input is longer than the model takes"
PASSING = (408, 409, 425)
SERVER_ERROR = 500
OVERLOADED = (503, 529)
AWAY_BEHIND = ("InternalServerError", "APIConnectionError")
BETWEEN = (408, 502, 504, 520, 524)
UNREACHED = (httpx2.ConnectError, httpx2.ConnectTimeout)
NOT_AT_THIS_TIME = (9, 10)
NEVER_SENT = (*UNREACHED, httpx2.PoolTimeout, httpx2.ProxyError, httpx2.LocalProtocolError)


@contextmanager
def as_failures(sdk: ModuleType, provider: str) -> Iterator[None]:
    """Raise what an SDK raises as a Failure; what is not the provider's stays as it is."""
    try:
        yield
    except Exception as error:
        failed = failure(sdk, provider, error)
        if failed is None:
            raise
        raise failed from None


def failure(sdk: ModuleType, provider: str, error: Exception) -> Failure | None:
    """Map an error of an SDK, both share the names; None for one that is not the provider's."""
    match error:
        case _ if _never_sent(error):
            return _unreached(provider, error)
        case _ if isinstance(_of_http(error), TooLong | Packed):
            how = "compressed" if isinstance(_of_http(error), Packed) else f"with more than {LONGEST} bytes"
            why = f"{provider} answered {how}; check the base URL if one is set"
            return Failure("provider_error", why, in_doubt=True)
        case sdk.APITimeoutError() | httpx2.TimeoutException():
            return Failure("timeout", f"{provider} did not answer in time", retryable=True, in_doubt=True)
        case sdk.APIStatusError():
            return _by_status(provider, error)
        case sdk.APIResponseValidationError() | ValueError() | RecursionError():
            return unreadable(provider)
        case sdk.APIConnectionError() | httpx2.HTTPError():
            why = f"the connection to {provider} failed"
            return Failure("provider_error", why, retryable=True, in_doubt=True)
        case _:
            return None


def unreadable(provider: str, answer: Any = None) -> Failure:
    failed = isinstance(answer, dict) and answer.get("error")
    what = (
        "an error in place of a text" if failed else "something unreadable; check the base URL if one is set"
    )
    why = f"{provider} answered with {what}"
    return Failure("provider_error", why, retryable=True, in_doubt=True)


def _never_sent(error: Exception) -> bool:
    """Whether it ended before the request was on its way, so that nothing can have been done for it."""
    return isinstance(_of_http(error), NEVER_SENT)


def _of_http(error: Exception) -> BaseException | None:
    return error if isinstance(error, httpx2.HTTPError) else error.__cause__


def _unreached(provider: str, error: Exception) -> Failure:
    """Tell what stands between, which stays there, from a provider that is away for a while."""
    barrier = _barrier(error)
    away = not barrier and isinstance(_of_http(error), UNREACHED)
    why = f"{provider} cannot be reached{barrier}"
    return Failure(AWAY if away else "provider_error", why, retryable=True)


def _barrier(error: Exception) -> str:
    cause = _of_http(error)
    if isinstance(cause, httpx2.ProxyError):
        return ": the proxy that the environment names does not let the call through"
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            if cause.verify_code in NOT_AT_THIS_TIME:
                return ": its certificate is not valid at this time; check the clock here"
            return (
                ": its certificate is not trusted here; check the base URL where one is set, SSL_CERT_FILE, "
                "and what stands between"
            )
        cause = cause.__cause__ or cause.__context__
    return ""


def _by_status(provider: str, error: Any) -> Failure:
    """Tell by the status; one of a gateway on the way leaves open what the provider behind it has done.

    A provider that says whether to try again is believed, as its SDK would. Anthropic stops an answer that it
    has begun, and may bill, without a kind of its own: that is known by the whole text, which echoes nothing.
    """
    status: int = error.status_code
    headers = error.response.headers
    after = _seconds(headers.get("retry-after", ""), headers.get("date", ""))
    retryable = headers.get("x-should-retry") != "false"
    if _says(error, OUT_OF_MONEY):
        return _refused(provider, status, NO_CREDIT)
    if status in FILTERING and _says(error, FILTERED):
        return Failure("model_refused", f"{provider} refused what it was asked by a filter of its own")
    if status in FILTERING and _says(error, FILTERED_OR_STOPPED):
        why = f"{provider} refused what it was asked, or stopped the answer, by a filter of its own"
        return Failure("model_refused", why, in_doubt=True)
    if status == BAD_REQUEST and getattr(error, "api_message", None) == BLOCKED:
        why = f"{provider} stopped the answer by a filter of its own"
        return Failure("model_refused", why, in_doubt=True)
    if status == BAD_REQUEST and _says(error, UNFIT):
        why = f"{provider} kept back an answer that does not fit the schema"
        return Failure("invalid_output", why, retryable=True, in_doubt=True)
    if status == TOO_MANY:
        hint = f" and asks to wait {after:g} s" if after else ""
        why = f"{provider} takes no more calls now{hint}"
        return Failure(RATE_LIMITED, why, retryable=retryable, retry_after_s=after)
    if status >= SERVER_ERROR or status in PASSING:
        why, doubt = f"{provider} failed with status {status}", status in BETWEEN
        away = status in OVERLOADED or _says(error, AWAY_BEHIND)
        code = AWAY if away else "provider_error"
        return Failure(code, why, retryable=retryable, retry_after_s=after, in_doubt=doubt)
    return _refused(provider, status, INPUT_TOO_LONG if _says(error, TOO_LONG) else _why(status))


def _refused(provider: str, status: int, why: str) -> Failure:
    return Failure("provider_refused", f"{provider} refused the call with status {status}{why}")


def _says(error: Any, kinds: Container[str]) -> bool:
    """Tell a kind of error that shares its status with others: to wait does not help who is out of money."""
    said = [getattr(error, name, None) for name in ("type", "code", "error_code", "param")]
    return any(isinstance(one, str) and one in kinds for one in (*said, *_of_gateway(error.body)))


def _of_gateway(body: Any) -> list[Any]:
    """Return what gateways call an error: OpenRouter in `metadata`, LiteLLM in fields or by its own names."""
    inner = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        return []
    beside = [inner.get(name) for name in ("metadata", "provider_specific_fields")]
    fields = {name: value for one in beside if isinstance(one, dict) for name, value in one.items()}
    named = LITELLM.match(str(inner.get("message")))
    return [*fields, fields.get("error_type"), *(re.findall(r"\w+(?=: )", named[0]) if named else [])]


def _seconds(header: str, date: str) -> float | None:
    """Read `retry-after`: seconds, or the moment in HTTP's form; None for all else.

    A moment is one by the clock of who answers, which `date` tells.
    """
    if header.replace(".", "", 1).isdecimal():
        return min(float(header), LONGEST_PATIENCE_S)
    try:
        seconds = (parsedate_to_datetime(header) - _moment(date)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, round(seconds, 1)), LONGEST_PATIENCE_S)


def _moment(date: str) -> datetime:
    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return utc_now()


def _why(status: int) -> str:
    if status in REDIRECTS:
        return ": it answers from elsewhere; check the base URL"
    return {
        400: ": the model does not take this request or is not known there, the API key is not valid, or "
        "there is no credit left; check the skill's model and config, what TOTALAUD_MODELS makes of it "
        "(schema_in_words, where it takes no schema), the key, and the account's billing",
        401: ": the API key is not valid; a new one is read when the skill-runner starts",
        402: NO_CREDIT,
        403: ": the API key may not use this model",
        404: ": the model is not known there; check the skill's model, what TOTALAUD_MODELS makes of it, "
        "and the base URL where one is set",
        405: ": its API is not there; check the base URL",
        407: ": the proxy that the environment names wants to know who calls",
        413: ": the request is too large",
        422: ": the server does not take a field of the request; check the settings that TOTALAUD_MODELS has "
        "for the model: with max_tokens there, max_completion_tokens is not sent",
    }.get(status, "")
