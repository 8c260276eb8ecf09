"""The formats that a transcript is given in over HTTP."""

from __future__ import annotations

from collections.abc import Callable

from asrkit.transcript import Transcript

# name -> (media type, writer)
FORMATS: dict[str, tuple[str, Callable[[Transcript], str]]] = {
    "json": ("application/json", Transcript.to_json),
    "txt": (
        "text/plain; charset=utf-8",
        lambda transcript: "".join(f"{segment.text}\n" for segment in transcript.segments),
    ),
}
