"""``/v1/stream``: a WebSocket, sound in while it is made, text out; nothing of it is kept."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from asrkit.arguments import format_error
from asrkit.audio.pcm import Samples
from asrkit.audio.reading import AudioError
from asrkit.decode.hotwords import HotwordError
from asrkit.rate import RATE
from asrkit.serve.recognizing import Hearing
from asrkit.serve.requests import BadRequest, in_thread
from asrkit.serve.rest import hotwords_of
from asrkit.serve.uploads import Limits, TooLarge
from asrkit.transcript import Segment, plain

PATH = "/v1/stream"
END = "end"  # the message after the last samples
MOST_BYTES = 1 << 20  # of a message
MOST_STREAMS = 8  # at once: each holds half a minute of a search
IDLE = 60.0  # seconds without a message
_BUSY = 1013  # code that closes: try again later
# codes that close a stream with an error, the first that fits
_CODES: tuple[tuple[type[Exception], int], ...] = (
    (TooLarge, 1009),
    (AudioError, 1007),
    (BadRequest, 1008),
    (HotwordError, 1008),
    (ValueError, 1011),  # of the server: a lexicon that cannot be read any more
    (OSError, 1011),
)
_FAULTS = tuple(kind for kind, _ in _CODES)


def can_be() -> bool:
    """Whether the server can speak the protocol."""
    return importlib.util.find_spec("wsproto") is not None


class Live:
    """Streams of one recognizer, which takes turns among them and with all else."""

    def __init__(self, hearing: Hearing, limits: Limits) -> None:
        self.hearing, self.limits = hearing, limits
        self._open = 0

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute(PATH, self.stream), Route(PATH, self.upgrade, methods=["GET"])]

    async def upgrade(self, request: Request) -> Response:
        """To a request that is none of a WebSocket, or that the server cannot take as one."""
        reason = f"{PATH} is the address of a WebSocket; docs/streaming.md has its messages"
        if not can_be():
            reason = "WebSockets need a package on the server: pip install wsproto"
        return JSONResponse({"error": reason}, 426, {"upgrade": "websocket"})

    async def stream(self, socket: WebSocket) -> None:
        await socket.accept()
        if self._open == MOST_STREAMS:
            return await _refuse(socket, f"{MOST_STREAMS} streams are open; try later", _BUSY)
        self._open += 1
        try:
            await self._recognize(socket)
        except WebSocketDisconnect:
            pass  # what was final was sent when it became so
        finally:
            self._open -= 1

    async def _recognize(self, socket: WebSocket) -> None:
        try:
            rate = _rate(socket.query_params.get("rate", str(RATE)))
            hotwords = hotwords_of(socket.query_params)
            speaking = await in_thread(self.hearing.speaking, rate, hotwords)
        except _FAULTS as error:
            return await _end(socket, error)
        fault: Exception | None = None
        count = 0  # of segments that were sent
        try:
            async for message in self._messages(socket, rate):
                partial = await in_thread(speaking.accept, message)
                count += len(partial.segments)
                await _tell(socket, partial.segments)
                await _send(socket, text=partial.text, until=partial.until)
        except _FAULTS as error:
            fault = error
        try:
            whole = await in_thread(speaking.finish)
        except _FAULTS as error:
            return await _end(socket, fault or error)
        await _tell(socket, whole.segments[count:])
        if fault is not None:
            return await _end(socket, fault)
        await _send(socket, transcript=whole.as_plain())
        await socket.close()

    async def _messages(self, socket: WebSocket, rate: int) -> AsyncIterator[np.ndarray]:
        """The samples of each message, up to the one that ends the stream. Raises what _CODES has,
        and WebSocketDisconnect."""
        samples, size = Samples(), 0
        while True:
            try:
                message = await asyncio.wait_for(socket.receive(), IDLE)
            except (TimeoutError, asyncio.TimeoutError):
                raise BadRequest(f"no message has come for {IDLE:g} seconds") from None
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            text, data = message.get("text"), message.get("bytes") or b""
            if text is not None:
                if text != END:
                    raise BadRequest(f"{text!r:.40}: the only message of text is {END}")
                samples.check_end("stream")
                return
            if len(data) > MOST_BYTES:
                raise TooLarge(f"a message has at most {MOST_BYTES >> 20} MiB; send smaller ones")
            size += len(data)
            if size > 2 * rate * self.limits.seconds:
                raise TooLarge(
                    f"the stream is longer than {self.limits.seconds / 60:g} minutes; begin "
                    "another, or start the server with a larger --max_minutes"
                )
            yield samples.add(data)


def _rate(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise BadRequest(f"rate: {text!r:.40} is not a whole number of Hz")
    return int(text)


async def _tell(socket: WebSocket, segments: Sequence[Segment]) -> None:
    for one in segments:
        await _send(socket, segment=plain(one))


async def _send(socket: WebSocket, **content: Any) -> None:
    await socket.send_text(json.dumps(content, ensure_ascii=False))


async def _end(socket: WebSocket, error: Exception) -> None:
    code = next(code for kind, code in _CODES if isinstance(error, kind))
    await _refuse(socket, format_error(error), code)


async def _refuse(socket: WebSocket, reason: str, code: int) -> None:
    await _send(socket, error=reason)
    await socket.close(code)
