"""Requests that end before they are whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

from scripted import Scripted
from starlette.testclient import TestClient

from asrkit.serve.app import make_app
from asrkit.serve.uploads import Limits


def test_a_page_that_is_closed_while_it_sends_is_no_fault(tmp_path: Path) -> None:
    app = make_app(Scripted("uno"), tmp_path, "it", Limits(1 << 20, 20))
    messages = iter(
        [{"type": "http.request", "body": b"RIFF", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, object]:
        return next(messages)

    async def send(message: object) -> None:
        pass

    with TestClient(app, "http://127.0.0.1:8808"):
        scope = {
            "type": "http", "method": "POST", "path": "/api/recordings", "scheme": "http",
            "query_string": b"name=x.wav", "headers": [(b"host", b"127.0.0.1:8808")],
        }  # fmt: skip
        asyncio.run(app(scope, receive, send))
    assert list((tmp_path / "originals").iterdir()) == []
