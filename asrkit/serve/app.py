"""The server as an ASGI application, and the address that it listens on."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from asrkit.files import DataError
from asrkit.serve import live
from asrkit.serve.data_folder import Saver
from asrkit.serve.guard import Guard
from asrkit.serve.live import Live
from asrkit.serve.page import Page
from asrkit.serve.recognizing import WINDOW, Decoder, Hearing, Recognizer
from asrkit.serve.requests import refused
from asrkit.serve.rest import Rest
from asrkit.serve.store import UNKNOWN, Store
from asrkit.serve.uploads import Limits

CLOSING = 3  # seconds that open requests have when the server is stopped


def make_app(
    recognizer: Recognizer,
    folder: Path,
    lang: str | None,
    limits: Limits,
    *,
    host: str = "127.0.0.1",
    token: str | None = None,
    max_seconds: float = WINDOW,
) -> Starlette:
    """The page over ``folder``, and /v1. Its threads begin now and end with the lifespan.

    max_seconds: of a window of the recognizer.
    """
    store = Store(folder, lang)
    try:
        saver = Saver(store)
        hearing = Hearing(recognizer, None if store.lang == UNKNOWN else store.lang, max_seconds)
        decoder = Decoder(hearing, store)
    except BaseException:
        store.close()
        raise

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            decoder.close()
            saver.close()
            store.close()

    routes = [
        *Page(store, saver, decoder, limits).routes(),
        *Rest(hearing, folder / "originals", limits).routes(),
        *Live(hearing, limits).routes(),
    ]
    guard = Middleware(Guard, host=host, token=token)
    handlers: dict[Any, Any] = {HTTPException: refused}
    return Starlette(
        routes=routes, middleware=[guard], exception_handlers=handlers, lifespan=lifespan
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0: any free one. DataError where there is no such address, or
    someone else is there."""
    if port > 65_535:  # getaddrinfo takes the rest of a division
        raise DataError(f"--port {port}: ports end at 65535; give another")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise DataError(f"--host {host}: no such address ({error.strerror})") from None
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(128)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise DataError(
                f"--port {port}: another program listens there; stop that one, or give another "
                "port (0: any free one)"
            ) from None
        raise DataError(f"--host {host} --port {port}: {error.strerror}; give another") from None
    return made


def run(app: Starlette, at: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        ws="wsproto" if live.can_be() else "none",
        ws_max_size=2 * live.MOST_BYTES,  # what is a little too large is told why
        ws_ping_timeout=None,  # answers wait behind samples while the recognizer is busy
        proxy_headers=False,
        timeout_graceful_shutdown=CLOSING,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[at])
