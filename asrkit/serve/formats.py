"""The formats of transcripts (asrkit/formats) as HTTP names them."""

from __future__ import annotations

from starlette.responses import Response

from asrkit.formats import table
from asrkit.serve.requests import BadRequest
from asrkit.transcript import Transcript

TEXT = "text/plain; charset=utf-8"
TYPES = {
    "json": "application/json",
    "txt": TEXT,
    "srt": "application/x-subrip",
    "vtt": "text/vtt; charset=utf-8",
    "ctm": TEXT,
    "stm": TEXT,
    "textgrid": TEXT,
    "eaf": "application/xml",
    "tsv": "text/tab-separated-values; charset=utf-8",
}


def checked(name: str) -> str:
    """The name of a format. Raises BadRequest."""
    if name not in TYPES:
        raise BadRequest(f"format: {name!r:.40} is none of {', '.join(TYPES)}")
    return name


def answer(transcript: Transcript, name: str, path: str, headers: dict[str, str]) -> Response:
    """A transcript in a format; path: where the file would lie, to which its links are relative."""
    content = table.render(transcript, name, path)
    return Response(content, media_type=TYPES[name], headers=headers)
