"""The description of ``/v1`` for programs, in OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from asrkit import __version__
from asrkit.decode.hotwords import BOOST
from asrkit.rate import RATE
from asrkit.serve.formats import TYPES
from asrkit.serve.uploads import Limits

_NUMBER = {"type": "number"}
_STRING = {"type": "string"}
_SECONDS = {"type": "number", "minimum": 0, "description": "seconds from the beginning"}
_CONFIDENCE = {"type": "number", "minimum": 0, "maximum": 1}


def _object(needed: str, **properties: object) -> dict[str, Any]:
    return {"type": "object", "required": needed.split(), "properties": properties}


def _listed(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


_TIMED = {"text": _STRING, "start": _SECONDS, "end": _SECONDS, "confidence": _CONFIDENCE}
SCHEMAS = {
    "Token": _object("text start end", **_TIMED),
    "Word": _object("text start end", **_TIMED, tokens=_listed("Token")),
    "Alternative": _object("text score", text=_STRING, score=_NUMBER),
    "Segment": _object(
        "text start end",
        **_TIMED,
        words=_listed("Word"),
        speaker=_STRING,
        lang=_STRING,
        alternatives=_listed("Alternative"),
    ),
    "Transcript": _object(
        "format segments duration",
        format=_STRING,
        segments=_listed("Segment"),
        duration=_NUMBER,
        audio=_STRING,
        language=_STRING,
        model=_STRING,
    ),
    "StreamMessage": {
        "oneOf": [
            _object("text until", text=_STRING, until=_SECONDS),
            _object("segment", segment={"$ref": "#/components/schemas/Segment"}),
            _object("transcript", transcript={"$ref": "#/components/schemas/Transcript"}),
            {"$ref": "#/components/schemas/Error"},
        ]
    },
    "Error": _object("error", error={"type": "string", "description": "what is wrong, and where"}),
}
_ERRORS = {
    "400": "not such a request",
    "401": "without the token, where the server asks for one",
    "413": "more bytes or minutes than the server takes",
    "422": "no audio, or damaged",
    "500": "a fault of the server, such as a lexicon that it cannot read",
    "507": "the server's disk is full",
}


_STREAM = (
    "Each message of bytes is more samples of one channel, little-endian whole numbers of 16 bits; "
    "the message of text end follows the last. Each message back is a StreamMessage in JSON: text, "
    "what was said up to the second until and is not in a segment yet; segment, one that is final; "
    "transcript, all of it, before the server closes; error, before it closes for another reason."
)


def _stream(
    expected: dict[str, Any], boost: dict[str, Any], error: dict[str, Any]
) -> dict[str, Any]:
    """A WebSocket, of which OpenAPI has the request that opens it alone."""
    rate = {"type": "integer", "default": RATE, "description": "of the samples, in Hz"}
    options = {"rate": rate, "hotwords": expected, "boost": boost}
    refused = {"401": _ERRORS["401"], "426": "no WebSocket"}
    return {
        "operationId": "stream",
        "summary": "Open a WebSocket that turns sound into text while it is made",
        "description": _STREAM,
        "parameters": [
            {"name": name, "in": "query", "schema": schema} for name, schema in options.items()
        ],
        "responses": {
            "101": {"description": "the WebSocket is open"},
            **{code: {"description": what, "content": error} for code, what in refused.items()},
        },
        "security": [{}, {"token": []}],
    }


def document(limits: Limits) -> dict[str, Any]:
    """limits: of this server, which the description names."""
    formats = {"type": "string", "enum": list(TYPES), "default": "json"}
    audio = {"type": "string", "format": "binary"}
    expected = {"type": "string", "description": "words and phrases, with commas between them"}
    boost = {"type": "number", "default": BOOST, "description": "of hotwords: a natural log"}
    options = {"format": formats, "hotwords": expected, "boost": boost}
    form = _object("file", file=audio, **options)
    content: dict[str, Any] = {}
    for media_type in TYPES.values():
        kind = media_type.partition(";")[0]
        content[kind] = {"schema": _STRING}
    content["application/json"] = {"schema": {"$ref": "#/components/schemas/Transcript"}}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    errors = {code: {"description": what, "content": error} for code, what in _ERRORS.items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "asrkit serve",
            "version": __version__,
            "description": f"Audio of at most {limits.bytes >> 20} MB and "
            f"{limits.seconds / 60:g} minutes, of any codec. Nothing that is sent is kept.",
        },
        "paths": {
            "/v1/transcribe": {
                "post": {
                    "operationId": "transcribe",
                    "summary": "Turn audio into text, with times",
                    "parameters": [
                        {"name": name, "in": "query", "schema": schema}
                        for name, schema in options.items()
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {
                            "multipart/form-data": {"schema": form},
                            "application/octet-stream": {"schema": audio},
                            "audio/*": {"schema": audio},
                        },
                    },
                    "responses": {"200": {"description": "the text", "content": content}, **errors},
                    "security": [{}, {"token": []}],
                }
            },
            "/v1/stream": {"get": _stream(expected, boost, error)},
        },
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
