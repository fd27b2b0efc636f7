"""What a delivery reads from its acknowledgement's subject, and to whom it is acknowledged."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nats.aio.msg import Msg

from shared.delivery import Delivery

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
NANOSECONDS = int(AT.timestamp()) * 10**9
PLAIN = f"$JS.ACK.WORK.custom.3.41.7.{NANOSECONDS}.0"
OF_A_DOMAIN = f"$JS.ACK.hub.hash.WORK.custom.3.41.7.{NANOSECONDS}.0.random"


class Server:
    """The client of a connection, as far as a message uses it."""

    def __init__(self) -> None:
        self._server_info = {"server_id": "one"}
        self.is_connected = True
        self.said: list[bytes] = []

    async def publish(self, subject: str, payload: bytes = b"") -> None:
        assert subject == PLAIN
        self.said.append(payload)

    def restarted(self) -> None:
        self._server_info = {"server_id": "another"}


def delivery(server: Server, reply: str = PLAIN) -> Delivery:
    client: Any = server
    message = Msg(client, subject="work.custom.a.1", reply=reply, data=b"{}", headers={"traceparent": "a"})
    return Delivery.of(message)


@pytest.mark.parametrize("reply", [PLAIN, OF_A_DOMAIN, OF_A_DOMAIN.removesuffix(".random")])
def test_its_number_its_tries_and_its_age_are_read_with_a_domain_and_without(reply: str):
    found = delivery(Server(), reply)
    assert (found.seq, found.deliveries, found.headers) == (41, 3, {"traceparent": "a"})
    assert found.age(AT + timedelta(seconds=5)) == timedelta(seconds=5)


async def test_it_is_acknowledged_once_and_nothing_is_said_of_it_after_that():
    server = Server()
    one = delivery(server)
    await one.working()
    await one.ack()
    await one.ack()
    await one.nak(1)
    await one.working()
    assert server.said == [b"+WPI", b""], "an empty acknowledgement says that it is done"


async def test_only_the_server_process_that_delivered_it_is_told_how_it_ended():
    server = Server()
    away, other = delivery(server), delivery(server)
    server.is_connected = False
    await away.ack()
    await away.nak(1)
    server.is_connected = True
    server.restarted()
    await other.ack()
    await other.nak(1)
    assert server.said == []
    await delivery(server).nak(1)
    assert server.said == [b'-NAK {"delay": 1000000000}']
