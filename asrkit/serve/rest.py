"""``POST /v1/transcribe``: audio in, a transcript out, for programs; nothing of it is kept."""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from asrkit.formats.table import suffix
from asrkit.serve import formats, uploads
from asrkit.serve.openapi import document
from asrkit.serve.page import temporary
from asrkit.serve.recognizing import Hearing
from asrkit.serve.requests import BadRequest, answering, file_name, in_thread
from asrkit.serve.uploads import Limits, TooLarge
from asrkit.temporary import Temporary
from asrkit.transcript import Transcript


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
            multipart = request.headers.get("content-type", "").startswith("multipart/form-data")
            if multipart:
                name, wanted = await self._form(request, sent)
            else:
                await uploads.receive(request.stream(), sent, self.limits)
                name, wanted = "audio", None
            wanted = formats.checked(request.query_params.get("format", wanted or "json"))
            found = await in_thread(self._recognize, sent, name)
        beside = f"{Path(name).stem}{suffix(wanted)}"
        return await in_thread(formats.answer, found, wanted, beside, {})

    async def _form(self, request: Request, sent: Temporary) -> tuple[str, str | None]:
        """Name of the file in the form, which goes to ``sent``, and the format asked for."""
        bounded = Request(request.scope, _bounded(request, self.limits.bytes + (1 << 16)))
        async with bounded.form(max_files=1, max_fields=4) as form:
            file, wanted = form.get("file"), form.get("format")
            if not isinstance(file, UploadFile):
                raise BadRequest('file: is missing; send the audio as the field "file"')

            async def parts():  # type: ignore[no-untyped-def]
                while part := await file.read(1 << 20):
                    yield part

            await uploads.receive(parts(), sent, self.limits)
            return file_name(file.filename or "") or "audio", wanted if isinstance(
                wanted, str
            ) else None

    def _recognize(self, sent: Temporary, name: str) -> Transcript:
        return self.hearing.transcript(uploads.read(sent.path, name, self.limits), name)


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
