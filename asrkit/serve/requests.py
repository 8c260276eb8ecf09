"""What the routes share: bodies of bounded size, errors as JSON, work that may block in threads."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from asrkit.arguments import format_error
from asrkit.audio.reading import AudioError
from asrkit.files import DataError
from asrkit.serve.pieces import PieceError
from asrkit.serve.recordings import Conflict, Unknown
from asrkit.serve.uploads import TooLarge
from asrkit.serve.view import piece_view

LONGEST_NAME = 200  # characters
MOST_JSON = 1 << 20  # bytes of a request that is no audio
T = TypeVar("T", str, int, float, bool)
Endpoint = Callable[[Request], Awaitable[Response]]


class BadRequest(ValueError):
    """A request that is not as the page or the documentation has it."""


# the first that fits; 507 (insufficient storage) where the system refused to write
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (Unknown, 404),
    (TooLarge, 413),
    (AudioError, 422),
    (PieceError, 422),
    (BadRequest, 400),
    (DataError, 507),
    (OSError, 507),
    (ValueError, 500),  # of the server: a lexicon that cannot be read any more
)


def answering(endpoint: Endpoint) -> Endpoint:
    """The endpoint, its errors as JSON: ``error`` for people, ``piece`` where another has changed
    it."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:  # a page that was closed while it sent: nobody reads the answer
            return Response(status_code=400)
        except Conflict as conflict:
            view = piece_view(conflict.piece)
            return JSONResponse({"error": str(conflict), "piece": view}, status_code=409)
        except tuple(kind for kind, _ in _STATUS) as error:
            status = next(status for kind, status in _STATUS if isinstance(error, kind))
            return JSONResponse({"error": format_error(error)}, status_code=status)

    return answered


async def refused(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: an unknown path, another method, a form that is none."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises BadRequest."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_JSON:
            raise BadRequest(f"a request of more than {MOST_JSON >> 20} MB")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise BadRequest("the request is not valid JSON") from None
    if not isinstance(found, dict):
        raise BadRequest("the request is no JSON object")
    return found


def take(content: dict[str, Any], key: str, kind: type[T]) -> T:
    """A value of the kind. Raises BadRequest."""
    value = content.get(key)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadRequest(f"{key}: {value!r:.40} is not of type {kind.__name__}")
    return value


def file_name(text: str) -> str:
    """A file's or a speaker's name for people: one line, without folders, of bounded length."""
    shown = "".join(c if c.isprintable() else " " for c in text.replace("\\", "/"))
    return " ".join(shown.rpartition("/")[2].split())[:LONGEST_NAME]


in_thread = run_in_threadpool
