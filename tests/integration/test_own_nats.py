"""A NATS of one's own that will not do is refused at the start, in one sentence that says why."""

from pathlib import Path

import pytest
from nats.js.api import StreamConfig

from deployed import OPERATOR, deployed
from shared import streams
from shared.bus import Bus
from shared.refusal import Refusal

JETSTREAM = "jetstream { store_dir: $NATS_STORE_DIR }\naccounts { A { jetstream: %s, users: [%s] } }"
USER = "{ user: operator, password: $NATS_OPERATOR_PASSWORD }"


@pytest.mark.parametrize(
    ("conf", "why"),
    [
        (f"accounts {{ A {{ users: [{USER}] }} }}", "EVT: no JetStream answers"),
        (JETSTREAM % ("disabled", USER), "EVT: JetStream not enabled for account"),
        (JETSTREAM % ("{ max_file: 1G, max_streams: 3 }", USER), "DLQ: maximum number of streams reached"),
        (JETSTREAM % ("{ max_file: 1G, max_bytes_required: true }", USER), "EVT: account requires a stream"),
        (JETSTREAM % ("{ max_file: 1G, max_ack_pending: 100 }", USER), "of CMD: consumer max ack pending"),
    ],
    ids=["off", "not_for_us", "too_few_streams", "bounds_required", "too_few_in_hand"],
)
async def test_what_nats_does_not_allow_is_told_in_its_own_words(conf: str, why: str, tmp_path: Path):
    file = tmp_path / "nats.conf"
    file.write_text(conf)
    async with deployed(tmp_path, file, streams=False) as deployment, deployment.bus(OPERATOR) as bus:
        with pytest.raises(Refusal, match=f"NATS refuses the (stream|consumer) .*{why}"):
            await streams.provision(bus, ack_wait_s=5)


async def test_a_service_says_that_there_is_no_jetstream(tmp_path: Path):
    file = tmp_path / "nats.conf"
    file.write_text(f"accounts {{ A {{ users: [{USER}] }} }}")
    async with deployed(tmp_path, file, streams=False) as deployment, deployment.bus(OPERATOR) as bus:
        with pytest.raises(Refusal, match="EVT: no JetStream answers"):
            await streams.check(bus)


async def test_another_programs_stream_that_takes_our_subjects_is_told_of(nats_url: str):
    bus = await Bus.connect(nats_url, name="test")
    await bus.client.jetstream().add_stream(StreamConfig(name="ORDERS", subjects=["cmd.*.order"]))
    with pytest.raises(Refusal, match="NATS refuses the stream CMD: subjects overlap"):
        await streams.provision(bus, ack_wait_s=5)
    await bus.close()


@pytest.mark.parametrize("field", ["sealed", "no_ack"])
async def test_a_stream_that_takes_nothing_or_does_not_say_so_is_refused(field: str, bus: Bus):
    js = bus.client.jetstream()
    config = (await js.stream_info("EVT")).config
    await js.update_stream(config.evolve(**{field: True}))
    with pytest.raises(Refusal) as refused:
        await streams.check(bus)
    assert refused.value.field == f"EVT.{field}"
