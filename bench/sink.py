"""A receiver of traces (OTLP http) that keeps what it gets, and counts it when told {"do": "count"}."""

import asyncio
import gzip
import sys
from collections import Counter

import uvloop
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.driving import lines, say

TAKEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"


class Sink:
    """Bodies as they came: it is to cost little, for it shares the machine with what is measured."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request after the other from a connection."""
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).lower():
                body = await reader.readexactly(int(_value(head, b"content-length")))
                packed = b"gzip" in _value(head, b"content-encoding")
                self._bodies.append(gzip.decompress(body) if packed else body)
                writer.write(TAKEN)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def count(self) -> Counter[str]:
        """Return how many spans there are of each name."""
        found: Counter[str] = Counter()
        for body in self._bodies:
            request = ExportTraceServiceRequest.FromString(body)
            found.update(
                span.name
                for of_resource in request.resource_spans
                for of_scope in of_resource.scope_spans
                for span in of_scope.spans
            )
        return found


def _value(head: bytes, name: bytes) -> bytes:
    return head.partition(b"\r\n" + name + b":")[2].partition(b"\r\n")[0].strip()


async def main(port: int) -> None:
    sink = Sink()
    async with await asyncio.start_server(sink.hear, "127.0.0.1", port):
        say({"ready": True})
        async for told in lines():
            assert told == {"do": "count"}
            say(dict(sink.count()))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
