"""``POST /v1/transcribe``: audio in, a transcript out, for programs; nothing of it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from asrkit.decode.hotwords import BOOST, HotwordError
from asrkit.formats.table import suffix
from asrkit.serve import formats, uploads
from asrkit.serve.openapi import document
from asrkit.serve.page import temporary
from asrkit.serve.recognizing import Hearing
from asrkit.serve.requests import BadRequest, answering, file_name, in_thread
from asrkit.serve.uploads import Limits, TooLarge
from asrkit.temporary import Temporary
from asrkit.transcript import Transcript

MOST_HOTWORDS = 1000  # of a request


class Rest:
    """folder: where audio lies while it is decoded."""

    def __init__(self, hearing: Hearing, folder: Path, limits: Limits) -> None:
        self.hearing, self.folder, self.limits = hearing, folder, limits

    def routes(self) -> list[Route]:
        return [
            Route("/v1/transcribe", answering(self.transcribe), methods=["POST"]),
            Route("/v1/openapi.json", answering(self.openapi), methods=["GET"]),
        ]

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(document(self.limits))

    async def transcribe(self, request: Request) -> Response:
        with temporary(self.folder / "sent") as sent:
            asked = dict(request.query_params)
            multipart = request.headers.get("content-type", "").startswith("multipart/form-data")
            if multipart:
                name, fields = await self._form(request, sent)
                asked = {**fields, **asked}
            else:
                await uploads.receive(request.stream(), sent, self.limits)
                name = "audio"
            wanted = formats.checked(asked.get("format", "json"))
            found = await in_thread(self._recognize, sent, name, hotwords_of(asked))
        beside = f"{Path(name).stem}{suffix(wanted)}"
        return await in_thread(formats.answer, found, wanted, beside, {})

    async def _form(self, request: Request, sent: Temporary) -> tuple[str, dict[str, str]]:
        """Name of the file in the form, which goes to ``sent``, and the fields of text."""
        bounded = Request(request.scope, _bounded(request, self.limits.bytes + (1 << 16)))
        async with bounded.form(max_files=1, max_fields=4) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise BadRequest('file: is missing; send the audio as the field "file"')

            async def parts():  # type: ignore[no-untyped-def]
                while part := await file.read(1 << 20):
                    yield part

            await uploads.receive(parts(), sent, self.limits)
            fields = {key: value for key, value in form.items() if isinstance(value, str)}
            return file_name(file.filename or "") or "audio", fields

    def _recognize(
        self, sent: Temporary, name: str, hotwords: list[tuple[str, float]]
    ) -> Transcript:
        samples = uploads.read(sent.path, name, self.limits)
        try:
            return self.hearing.transcript(samples, name, hotwords)
        except HotwordError as error:
            raise BadRequest(str(error)) from None


def hotwords_of(asked: Mapping[str, str]) -> list[tuple[str, float]]:
    """Phrases of the field ``hotwords``, with the field ``boost``. Raises BadRequest."""
    phrases = [phrase.strip() for phrase in re.split("[,\n]", asked.get("hotwords", ""))]
    try:
        boost = float(asked.get("boost", BOOST))
    except ValueError:
        raise BadRequest(f"boost: {asked['boost']!r:.40} is not a number") from None
    found = [(phrase, boost) for phrase in phrases if phrase]
    if len(found) > MOST_HOTWORDS:
        raise BadRequest(f"hotwords: {len(found)} phrases; at most {MOST_HOTWORDS} are taken")
    return found


def _bounded(request: Request, most: int):  # type: ignore[no-untyped-def]
    """``receive`` that raises TooLarge: the parser of forms would write all of it to the disk."""
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > most:
            raise TooLarge(f"the request has more than {most >> 20} MB")
        return message

    return receive
