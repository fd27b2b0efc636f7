"""The encoded form of our spans, read by OTLP's own decoder."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message
from opentelemetry.sdk.resources import Resource

import otlp
from shared.otlp import request
from shared.span import Attribute, Span

T0 = datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)
LINK = "00-" + "12" * 16 + "-" + "34" * 8 + "-01"
SPAN = Span("ab" * 16, "cd" * 8, "ef" * 8, "run", T0, T0 + timedelta(seconds=1), {})
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
VALUES = st.one_of(
    TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.just("x" * 20_000)
)


def body(*spans: Span) -> bytes:
    return request(spans, Resource({"service.name": "demo"}), "totalaud")


def received(*spans: Span) -> list[otlp.Received]:
    receiver = otlp.Receiver("")
    receiver.take(body(*spans))
    return receiver.spans()


def sent(span: Span) -> Message:
    return ExportTraceServiceRequest.FromString(body(span)).resource_spans[0].scope_spans[0].spans[0]


def test_ids_times_and_the_service_are_kept():
    (one,) = received(SPAN)
    assert (one.service, one.trace_id, one.span_id, one.parent_span_id, one.name) == (
        "demo",
        SPAN.trace_id,
        SPAN.span_id,
        SPAN.parent_span_id,
        "run",
    )
    assert (one.start, one.end) == (1772366400_000001_000, 1772366401_000001_000)


def test_a_root_has_no_parent():
    (one,) = received(msgspec.structs.replace(SPAN, parent_span_id=None))
    assert one.parent_span_id == ""


@given(st.lists(st.dictionaries(TEXTS, VALUES, max_size=20), max_size=5))
def test_attributes_arrive_with_their_types(several: list[dict[str, Attribute]]):
    arrived = received(*[msgspec.structs.replace(SPAN, attributes=attributes) for attributes in several])
    told = [[(name, type(value), value) for name, value in one.attributes.items()] for one in arrived]
    assert told == [[(name, type(value), value) for name, value in one.items()] for one in several]


def test_one_and_true_are_told_apart():
    (one,) = received(msgspec.structs.replace(SPAN, attributes={"int": 1}))
    (same,) = received(msgspec.structs.replace(SPAN, attributes={"int": True}))
    assert (one.attributes["int"], same.attributes["int"]) == (1, True)
    assert type(same.attributes["int"]) is bool


def test_a_list_of_texts_is_an_array():
    span = sent(msgspec.structs.replace(SPAN, attributes={"reasons": ("stop", "length")}))
    assert [one.string_value for one in span.attributes[0].value.array_value.values] == ["stop", "length"]


def test_failure_and_links_are_told():
    (one,) = received(msgspec.structs.replace(SPAN, failed=True, links=(LINK, "no link")))
    assert (one.failed, one.links) == (True, ("34" * 8,))


@pytest.mark.parametrize(
    ("kind", "told"), [("internal", Message.SPAN_KIND_INTERNAL), ("client", Message.SPAN_KIND_CLIENT)]
)
def test_who_asks_is_a_client(kind, told):
    assert sent(msgspec.structs.replace(SPAN, kind=kind)).kind == told
