"""The routes of the page: its files, and what it reads and changes."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import numpy as np
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from asrkit.audio.reading import load
from asrkit.formats.table import suffix
from asrkit.rate import RATE
from asrkit.serve import formats, uploads
from asrkit.serve.data_folder import Saver
from asrkit.serve.pieces import LONGEST_TEXT
from asrkit.serve.recognizing import Decoder
from asrkit.serve.requests import BadRequest, Endpoint, answering, body, file_name, in_thread, take
from asrkit.serve.store import Store
from asrkit.serve.uploads import Limits, slug
from asrkit.serve.view import piece_view, recording_view, state
from asrkit.temporary import Temporary

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".LICENSE": "text/plain; charset=utf-8",
}
PEAKS = 50  # values a second of the waveform that is drawn
MOST_PEAKS = 60_000


class Page:
    """The routes over one store."""

    def __init__(self, store: Store, saver: Saver, decoder: Decoder, limits: Limits) -> None:
        self.store, self.saver, self.decoder, self.limits = store, saver, decoder, limits
        self.files = dict(static_files())
        (store.folder / "originals").mkdir(exist_ok=True)

    def routes(self) -> list[Route]:
        def route(path: str, endpoint: Endpoint, *methods: str) -> Route:
            return Route(path, answering(endpoint), methods=list(methods))

        of, piece = "/api/recordings/{recording}", "/api/pieces/{piece}"
        return [
            route("/", self.file, "GET"),
            route("/static/{name}", self.file, "GET"),
            route("/api/settings", self.settings, "GET"),
            route("/api/state", self.state, "GET"),
            route("/api/recordings", self.upload, "POST"),
            route(of, self.rename, "PATCH"),
            route(of, self.remove, "DELETE"),
            route(f"{of}/audio", self.audio, "GET"),
            route(f"{of}/peaks", self.peaks, "GET"),
            route(f"{of}/export", self.export, "GET"),
            route(f"{of}/pieces", self.insert, "POST"),
            route(f"{piece}/text", self.write, "PUT"),
            route(f"{piece}/done", self.mark, "PUT"),
            route(f"{piece}/borders", self.move, "PUT"),
            route(f"{piece}/split", self.split, "POST"),
            route(f"{piece}/merge", self.merge, "POST"),
            route(f"{piece}/others", self.settle, "DELETE"),
        ]

    # reading

    async def file(self, request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in self.files:
            return JSONResponse({"error": "no such file"}, status_code=404)
        return Response(self.files[name], media_type=TYPES[Path(name).suffix])

    async def settings(self, request: Request) -> Response:
        return JSONResponse(
            {
                "lang": self.store.lang,
                "folder": str(self.store.folder),
                "formats": list(formats.TYPES),
                "max_bytes": self.limits.bytes,
                "max_characters": LONGEST_TEXT,
            }
        )

    async def state(self, request: Request) -> Response:
        query = request.query_params
        since = query.get("since", "0")
        if not (since.isascii() and since.isdigit() and len(since) < 16):
            raise BadRequest(f"since: {since!r:.40} is not a number")
        told = await in_thread(
            state, self.store, self.saver.saved, int(since), query.get("recording", "")
        )
        return JSONResponse(told)

    async def audio(self, request: Request) -> Response:
        return FileResponse(self.store.audio(_recording(request)), media_type="audio/flac")

    async def peaks(self, request: Request) -> Response:
        return JSONResponse(await in_thread(peaks, str(self.store.audio(_recording(request)))))

    async def export(self, request: Request) -> Response:
        name = formats.checked(request.query_params.get("format", "json"))
        recording = self.store.recording(_recording(request))
        called = Path(recording.name).stem + suffix(name)
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(called, safe='')}"}

        def made() -> Response:
            transcript = self.store.transcript(recording.id)
            beside = Path(transcript.audio).with_name(called)
            return formats.answer(transcript, name, str(beside), headers)

        return await in_thread(made)

    # changing

    async def upload(self, request: Request) -> Response:
        name, speaker = (
            file_name(request.query_params.get(key, "")) for key in ("name", "speaker")
        )
        if not name:
            raise BadRequest("name: is missing")
        with temporary(self.store.folder / "originals" / "sent") as sent:
            await uploads.receive(request.stream(), sent, self.limits)
            made = await in_thread(uploads.keep, self.store, sent, name, speaker, self.limits)
        self.decoder.wake()
        return JSONResponse(recording_view(made, []), status_code=201)

    async def rename(self, request: Request) -> Response:
        content = await body(request)
        name, speaker = (
            file_name(take(content, "name", str)),
            file_name(take(content, "speaker", str)),
        )
        recording = _recording(request)
        if not name:
            raise BadRequest("name: is empty")
        await in_thread(self.store.rename, recording, name, slug(speaker))
        return JSONResponse({})

    async def remove(self, request: Request) -> Response:
        await in_thread(self.store.remove, _recording(request))
        return JSONResponse({})

    async def write(self, request: Request) -> Response:
        content = await body(request)
        rev, text, who = take(content, "rev", int), take(content, "text", str), _who(content)
        made = await in_thread(self.store.write, _piece(request), rev, text, who)
        return JSONResponse({"pieces": [piece_view(made)]})

    async def mark(self, request: Request) -> Response:
        content = await body(request)
        rev, done = take(content, "rev", int), take(content, "done", bool)
        made = await in_thread(self.store.mark, _piece(request), rev, done)
        return JSONResponse({"pieces": [piece_view(made)]})

    async def move(self, request: Request) -> Response:
        content = await body(request)
        rev, start, end = (
            take(content, "rev", int),
            take(content, "start", float),
            take(content, "end", float),
        )
        made = await in_thread(self.store.move, _piece(request), rev, start, end)
        return JSONResponse({"pieces": [piece_view(made)]})

    async def insert(self, request: Request) -> Response:
        at = take(await body(request), "at", float)
        made = await in_thread(self.store.insert, _recording(request), at)
        return JSONResponse({"pieces": [piece_view(made)]}, status_code=201)

    async def split(self, request: Request) -> Response:
        content = await body(request)
        rev = take(content, "rev", int)
        before, after = take(content, "before", str), take(content, "after", str)
        made = await in_thread(self.store.split, _piece(request), rev, before, after)
        return JSONResponse({"pieces": list(map(piece_view, made))})

    async def merge(self, request: Request) -> Response:
        content = await body(request)
        rev, other = take(content, "rev", int), take(content, "other", str)
        other_rev = take(content, "other_rev", int)
        made = await in_thread(self.store.merge, _piece(request), rev, other, other_rev)
        return JSONResponse({"pieces": [piece_view(made)]})

    async def settle(self, request: Request) -> Response:
        who = request.query_params.get("who", "")
        made = await in_thread(self.store.settle, _piece(request), who)
        return JSONResponse({"pieces": [piece_view(made)]})


def static_files() -> Iterator[tuple[str, bytes]]:
    """The page's files: what is served is exactly these, by name."""
    for entry in resources.files("asrkit.serve").joinpath("static").iterdir():
        if Path(entry.name).suffix in TYPES:
            yield entry.name, entry.read_bytes()


@contextlib.contextmanager
def temporary(target: Path) -> Iterator[Temporary]:
    """A temporary file that is gone at the end, unless it was renamed."""
    made = Temporary(target)
    try:
        yield made
    finally:
        if made.path.exists():
            made.remove()


@functools.lru_cache(maxsize=4)
def peaks(path: str) -> list[float]:
    """Largest magnitudes of equal parts of a recording: what a waveform is drawn of."""
    samples = np.abs(load(path))
    count = min(max(1, len(samples) * PEAKS // RATE), MOST_PEAKS)
    edges = np.linspace(0, len(samples), count, endpoint=False, dtype=np.int64)
    return [round(float(value), 3) for value in np.maximum.reduceat(samples, edges)]


def _recording(request: Request) -> str:
    return str(request.path_params["recording"])


def _piece(request: Request) -> str:
    return str(request.path_params["piece"])


def _who(content: dict[str, object]) -> str:
    return str(content.get("who", ""))[:40]
