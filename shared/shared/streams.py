"""The four streams: what they are, how they are made, and how a service makes sure they are still so."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    PersistMode,
    RePublish,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamInfo,
)
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from shared.bus import Bus
from shared.refusal import Refusal
from shared.room import ELECTED_S
from shared.subjects import POOLS

DAY_S = 24 * 3600.0
QUEUED_DAYS = 7
OLDEST_SERVER = (2, 14)
MANY = 10_000
ANSWER_S, AGAIN_S = 2.5, 0.5
NO_LEADER = 10008
BORN = "born"
RESTORING = "restoring"
NEEDS = "With servers of your own"
CHECKED = (
    "subjects", "retention", "max_age", "storage", "discard",
    "deny_delete", "deny_purge", "allow_direct", "republish", "max_msgs", "max_bytes",
    "max_msgs_per_subject", "max_msg_size", "sealed", "no_ack",
)  # fmt: skip


def streams(replicas: int = 1) -> list[StreamConfig]:
    """Limits retention for all: a work-queue stream pays one more fsync for every ack.

    What is in WORK can be made again from EVT, so nobody waits until it is on disk; NATS has that for one
    server only.
    """
    behind = PersistMode.ASYNC if replicas == 1 else None

    def stream(name: str, subjects: list[str], keep_days: float | None) -> StreamConfig:
        truth = keep_days is None
        return StreamConfig(
            name=name,
            subjects=subjects,
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
            max_age=None if keep_days is None else keep_days * DAY_S,
            num_replicas=replicas,
            allow_direct=True,
            max_consumers=MANY,
            deny_delete=truth,
            deny_purge=truth,
            republish=RePublish(src="evt.>", dest="feed.>") if truth else None,
        )

    return [
        stream("EVT", ["evt.>"], None),
        stream("CMD", ["cmd.>", "late.>"], QUEUED_DAYS),
        stream("WORK", ["work.>"], 7).evolve(persist_mode=behind),
        stream("DLQ", ["dlq.>"], 30),
    ]


@dataclass(frozen=True, slots=True)
class Durable:
    stream: str
    name: str
    filters: tuple[str, ...]
    deliver: DeliverPolicy = DeliverPolicy.ALL
    headers_only: bool | None = None


def durables() -> list[Durable]:
    pools = [Durable("WORK", pool, (f"work.{pool}.>",)) for pool in POOLS]
    traces = Durable("EVT", "traces", ("evt.*.session.>", "evt.*.execution.>"), DeliverPolicy.NEW, True)
    return [Durable("CMD", "orchestrator", ("cmd.>", "late.>")), *pools, traces]


async def provision(bus: Bus, *, ack_wait_s: float, replicas: int = 1) -> None:
    """Make what is missing; what is there must be as it should, else it is refused, unchanged."""
    check_server(bus)
    for config in streams(replicas):
        name = str(config.name)
        with _told(f"the stream {name}"):
            try:
                found = (await info(bus, name)).config
            except NotFoundError:
                await add(bus, config)
            else:
                _check_whole(found)
                _check_copies(found, replicas)
    await check(bus)
    await add_durables(bus, ack_wait_s=ack_wait_s)


async def add(bus: Bus, config: StreamConfig) -> None:
    """Make a stream that is missing."""
    with _told(f"the stream {config.name}"):
        await bus.client.jetstream(timeout=10).add_stream(config)


async def add_durables(bus: Bus, *, ack_wait_s: float) -> None:
    """Make the consumers that are missing."""
    js = bus.client.jetstream(timeout=10)
    for durable in durables():
        wanted = ConsumerConfig(
            durable_name=durable.name,
            filter_subjects=list(durable.filters),
            deliver_policy=durable.deliver,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=30.0 if durable.name == "traces" else ack_wait_s,
            max_deliver=-1,
            max_ack_pending=MANY,
            headers_only=durable.headers_only,
        )
        with _told(f"the consumer {durable.name} of {durable.stream}"):
            await js.add_consumer(durable.stream, wanted)


async def check(bus: Bus) -> None:
    """Refuse to run on an old server or on a stream whose configuration is not ours."""
    check_server(bus)
    for config in streams():
        await _check_stream(bus, config)


async def info(bus: Bus, stream: str, subjects: str | None = None) -> StreamInfo:
    """Return what NATS has of a stream, with how much of each of its `subjects`; raises NotFoundError.

    While a cluster elects a leader a question is lost, so it is put again for longer than that takes.
    """
    js, until = bus.client.jetstream(timeout=ANSWER_S), time.monotonic() + ELECTED_S
    while True:
        try:
            return await js.stream_info(stream, subjects_filter=subjects)
        except (TimeoutError, ServiceUnavailableError) as error:
            waits = isinstance(error, TimeoutError) or error.err_code == NO_LEADER
            if not waits or time.monotonic() > until:
                raise
        await asyncio.sleep(AGAIN_S)


def born(info: StreamInfo) -> str:
    """Return when the stream was first made; NATS itself forgets it when a snapshot is restored."""
    return (info.config.metadata or {}).get(BORN) or str(info.created)


def is_half(config: StreamConfig) -> bool:
    """Tell whether the log comes from a restore that is not at its end: keys or the queue are missing."""
    return RESTORING in (config.metadata or {})


def check_server(bus: Bus) -> None:
    version = bus.client.connected_server_version
    if (version.major, version.minor) < OLDEST_SERVER:
        raise Refusal(
            "old_server",
            "nats",
            f"nats-server {version.major}.{version.minor} is too old: "
            f"{OLDEST_SERVER[0]}.{OLDEST_SERVER[1]} or newer is needed; upgrade the server",
        )


async def _check_stream(bus: Bus, wanted: StreamConfig) -> None:
    name = str(wanted.name)
    try:
        with _told(f"the stream {name}"):
            found = (await info(bus, name)).config
    except NotFoundError:
        raise Refusal("no_stream", name, f"the stream {name} is missing: run 'totalaud provision'") from None
    _check_whole(found)
    for field in CHECKED:
        if (have := _plain(getattr(found, field))) != (want := _plain(getattr(wanted, field))):
            raise Refusal(
                "stream_changed",
                f"{name}.{field}",
                f"the stream {name} was changed by hand: {field} is {have}, should be {want}; "
                "set it back with 'nats stream edit'",
            )


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Raise Refusal for what the server or the account does not allow, in NATS' own words."""
    try:
        yield
    except NotFoundError:
        raise
    except APIError as error:
        why = error.description or "no JetStream answers"
        raise Refusal(
            "nats", None, f"NATS refuses {what}: {why}; OPERATIONS.md says what it needs ('{NEEDS}')"
        ) from None


def _check_whole(found: StreamConfig) -> None:
    if is_half(found):
        raise Refusal(
            "restoring",
            found.name,
            f"the restore that made {found.name} goes on or broke off: wait for it, else run it again",
        )


def _check_copies(found: StreamConfig, replicas: int) -> None:
    """Refuse another number of copies than was asked for; who asks for one, the default, takes any number."""
    if replicas in (1, found.num_replicas):
        return
    edit = f"set it with 'nats stream edit {found.name} --replicas {replicas}'"
    anew = (
        f"NATS cannot spread it: stop the services, 'nats stream rm {found.name}', it is filled from the log"
    )
    raise Refusal(
        "stream_changed",
        f"{found.name}.num_replicas",
        f"the stream {found.name} has {found.num_replicas} of {replicas} copies; "
        f"{anew if found.persist_mode == PersistMode.ASYNC else edit}",
    )


def _plain(value: object) -> object:
    match value:
        case None | 0 | -1 | False:
            return None
        case RePublish(src=src, dest=dest):
            return (src, dest)
        case list():
            return sorted(value)
        case _:
            return value
