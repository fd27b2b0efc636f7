"""The routes of the local model server."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field, replace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from shared.health import whose
from totalaud.model_server.answer import answer, invented
from totalaud.model_server.counts import CHARS_PER_TOKEN, Counts, tokens
from totalaud.model_server.faults import Allowance, Order, Weather
from totalaud.model_server.request import Ask, BadRequest, Dialect, Json, read
from totalaud.model_server.wire import Said, error, pieces, whole

RETRY_AFTER_S = "0.2"
REFUSAL = "I cannot help with that."
UNFIT = '{"unexpected": true}'


class Cut(Exception):  # noqa: N818 - ends the connection in the middle
    """The connection breaks here, as ordered."""


def build(seed: str) -> Starlette:
    """Make the application; it keeps counts in memory and prompts nowhere."""
    server = Server(seed)
    return Starlette(
        routes=[
            Route("/healthz", server.health),
            Route("/calls", server.calls, methods=["GET", "DELETE"]),
            Route("/faults", server.faults, methods=["GET", "PUT"]),
            Route("/v1/chat/completions", server.chat, methods=["POST"]),
            Route("/v1/responses", server.responses, methods=["POST"]),
            Route("/v1/messages", server.messages, methods=["POST"]),
        ]
    )


@dataclass
class Server:
    """One process' counts and weather."""

    seed: str
    counts: Counts = field(default_factory=Counts)
    weather: Weather = field(default_factory=Weather)
    allowance: Allowance = field(default_factory=Allowance)
    chance: random.Random = field(default_factory=random.Random)
    in_the_air: list[str | None] = field(default_factory=list)

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=whose())

    async def calls(self, request: Request) -> Response:
        """Tell or forget: `{total, refused, by_key, by_model, billed, in_the_air}`."""
        if request.method == "DELETE":
            self.counts = Counts()
        counts = self.counts
        told = {
            "total": counts.total,
            "refused": counts.refused,
            "by_key": counts.by_key.as_dict(),
            "by_model": counts.by_model,
            "billed": {model: bill._asdict() for model, bill in counts.billed.items()},
            "in_the_air": self.in_the_air,
        }
        return JSONResponse(told)

    async def faults(self, request: Request) -> Response:
        """Tell or set the faults of all calls."""
        if request.method == "PUT":
            try:
                self.weather = Weather.parse(await request.json())
                self.allowance = Allowance(self.weather.calls_per_s)
            except ValueError as problem:
                return JSONResponse(error("chat", 400, str(problem)), status_code=400)
        return JSONResponse(asdict(self.weather))

    async def chat(self, request: Request) -> Response:
        return await self._call("chat", request)

    async def responses(self, request: Request) -> Response:
        return await self._call("responses", request)

    async def messages(self, request: Request) -> Response:
        return await self._call("messages", request)

    async def _call(self, dialect: Dialect, request: Request) -> Response:
        try:
            ask = read(dialect, await request.json())
            order = Order.parse(ask.model)
        except (BadRequest, ValueError) as problem:
            return JSONResponse(error(dialect, 400, str(problem)), status_code=400)
        name, ask = ask.model, replace(ask, model=order.model)
        if wait_s := self.allowance.wait_s():
            self.counts.refused += 1
            return _fault(dialect, 429, f"{wait_s:.3f}")
        key = request.headers.get("idempotency-key")
        call = self.counts.call(key, ask.model, f"{dialect} {name}", ask.prompt)
        fault = order.fault(call) or self.weather.fault(self.chance)
        self.in_the_air.append(key)
        try:
            await asyncio.sleep(order.latency_s + self.weather.delay_s(self.chance))
        finally:
            self.in_the_air.remove(key)
        if fault is not None and fault.isdigit():
            return _fault(dialect, int(fault), RETRY_AFTER_S)
        said = self._say(ask, fault)
        self.counts.bill(said.model, said.prompt, said.cached, said.completion)
        return _respond(ask, said, cut=fault == "cut")

    def _say(self, ask: Ask, fault: str | None) -> Said:
        text = {"refuse": REFUSAL, "invalid": UNFIT}.get(fault or "") or answer(ask, self.seed)
        if fault == "invent":
            text = invented(text)
        most = len(text) // 2 if fault == "truncate" else (ask.max_tokens or len(text)) * CHARS_PER_TOKEN
        return Said(
            model=ask.model,
            text=text[:most],
            ending="refused" if fault == "refuse" else "length" if most < len(text) else "done",
            prompt=tokens(ask.text),
            cached=self.counts.cached_tokens(ask.model, ask.text),
            completion=tokens(text[:most]),
        )


def _fault(dialect: Dialect, status: int, retry_after: str) -> Response:
    body = error(dialect, status, "a fault on order")
    return JSONResponse(body, status, headers={"retry-after": retry_after})


def _respond(ask: Ask, said: Said, *, cut: bool) -> Response:
    if ask.stream:
        return StreamingResponse(_events(ask, said, cut=cut), media_type="text/event-stream")
    body = json.dumps(whole(ask, said), ensure_ascii=False).encode()
    if cut:
        headers = {"content-length": str(len(body))}
        return StreamingResponse(_broken(body), media_type="application/json", headers=headers)
    return Response(body, media_type="application/json")


async def _broken(body: bytes) -> AsyncIterator[bytes]:
    yield body[: len(body) // 2]
    raise Cut


async def _events(ask: Ask, said: Said, *, cut: bool) -> AsyncIterator[bytes]:
    for number, (name, body) in enumerate(pieces(ask, said)):
        if cut and number > 1:
            raise Cut
        yield _event(name, body)
    if ask.dialect == "chat":
        yield b"data: [DONE]\n\n"


def _event(name: str | None, body: Json) -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()
