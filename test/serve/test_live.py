"""The WebSocket of streams: text while sound comes, and nothing final is lost."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from scripted import Dictated, Scripted
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from asrkit.decode.streaming import Partial
from asrkit.files import DataError
from asrkit.serve import live
from asrkit.serve.app import listen, make_app, run
from asrkit.serve.uploads import Limits
from asrkit.transcript import Transcript

SECOND = (np.sin(np.arange(16_000)) * 10_000).astype("<i2").tobytes()
AT = "ws://127.0.0.1:8808/v1/stream"
SCRIPTED = Scripted("uno due tre")


def app(folder: Path, **more: Any):  # type: ignore[no-untyped-def]
    return make_app(SCRIPTED, folder, "it", Limits(1 << 18, 20), **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    made = app(tmp_path_factory.mktemp("data"))
    with TestClient(made, "http://127.0.0.1:8808") as client:
        yield client


def until_closed(socket: WebSocketTestSession) -> tuple[list[dict[str, Any]], int]:
    found = []
    while True:
        try:
            found.append(json.loads(socket.receive_text()))
        except WebSocketDisconnect as end:
            return found, end.code


def test_text_comes_while_sound_does(client: TestClient) -> None:
    with client.websocket_connect(AT + "?hotwords=Anna&boost=3") as socket:
        socket.send_bytes(SECOND[:8_001])
        assert socket.receive_json() == {"text": "uno", "until": 0.25}
        socket.send_bytes(SECOND[8_001:] + SECOND)
        first, second, text = (socket.receive_json() for _ in range(3))
        assert [one["segment"]["text"] for one in (first, second)] == ["uno", "due"]
        assert text == {"text": "tre", "until": 2.0}
        socket.send_bytes(SECOND[:16_000])
        assert socket.receive_json()["until"] == 2.5
        socket.send_text("end")
        found, code = until_closed(socket)
    assert [one["segment"]["text"] for one in found[:-1]] == ["tre"] and code == 1000
    transcript = Transcript.from_plain(found[-1]["transcript"])
    assert transcript.text == "uno due tre" and transcript.duration == 3.0
    assert SCRIPTED.expected == [("Anna", 3.0)]


def test_other_rates(client: TestClient) -> None:
    with client.websocket_connect(AT + "?rate=8000") as socket:
        socket.send_bytes(SECOND)
        assert [socket.receive_json().get("until") for _ in range(3)] == [None, None, 2.0]


@pytest.mark.parametrize(
    ("messages", "message", "code"),
    [
        (["stop"], "'stop': the only message of text is end", 1008),
        ([bytes((1 << 20) + 1)], "at most 1 MiB", 1009),
        ([bytes(700_000)], "longer than 0.333333 minutes", 1009),
        ([b"abc", "end"], "ends within a sample (1 bytes too many)", 1007),
    ],
)
def test_what_is_wrong_is_said_after_what_was_final(client, messages, message, code) -> None:  # type: ignore[no-untyped-def]
    with client.websocket_connect(AT) as socket:
        socket.send_bytes(SECOND[:20_000])
        socket.receive_json()
        for one in messages:
            (socket.send_text if isinstance(one, str) else socket.send_bytes)(one)
        found, closed = until_closed(socket)
    *_, segment, error = found
    assert segment["segment"]["text"] == "uno" and message in error["error"] and closed == code


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("rate=fast", "rate: 'fast' is not a whole number"),
        ("rate=-1", "rate: '-1'"),
        ("boost=much", "boost: 'much'"),
    ],
)
def test_no_such_stream(client: TestClient, query: str, message: str) -> None:
    with client.websocket_connect(f"{AT}?{query}") as socket:
        ((answer,), code) = until_closed(socket)
    assert message in answer["error"] and code == 1008


@pytest.mark.parametrize("later", [False, True])
def test_a_fault_of_the_server_is_said(client: TestClient, monkeypatch, later: bool) -> None:  # type: ignore[no-untyped-def]
    """A lexicon that is damaged while the server runs; the others are served all the same."""

    def broken(*_: object, **__: object) -> None:
        raise DataError("lexicon.txt:3: no pronunciation")

    with monkeypatch.context() as patched:
        where: object = Dictated if later else SCRIPTED
        patched.setattr(where, "accept" if later else "stream", broken)
        patched.setattr(Dictated, "finish", broken)
        with client.websocket_connect(AT) as socket:
            if later:
                socket.send_bytes(SECOND)
            assert until_closed(socket) == ([{"error": "lexicon.txt:3: no pronunciation"}], 1011)
    test_other_rates(client)


def test_a_client_that_is_silent_or_gone(client: TestClient, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    for _ in range(2 * live.MOST_STREAMS):  # each leaves its place
        with client.websocket_connect(AT) as socket:
            socket.send_bytes(SECOND[:100])
            socket.receive_json()
    monkeypatch.setattr(live, "IDLE", 0.05)
    with client.websocket_connect(AT) as socket:
        socket.send_bytes(SECOND)
        found, code = until_closed(socket)
    assert found[0]["segment"]["text"] == "uno" and code == 1008
    assert "no message has come" in found[-1]["error"]


def test_so_many_at_once(client: TestClient, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(live, "MOST_STREAMS", 1)
    with client.websocket_connect(AT) as one:
        one.send_bytes(SECOND[:100])
        one.receive_json()
        with client.websocket_connect(AT) as other:
            ((answer,), code) = until_closed(other)
        assert "1 streams are open" in answer["error"] and code == 1013


def test_who_may(client: TestClient, tmp_path: Path) -> None:
    """As for all else: our own page, programs, and with a token where the network is let in."""

    def denied(there: TestClient, **headers: str) -> int:
        with (
            pytest.raises(WebSocketDenialResponse) as refusal,
            there.websocket_connect(AT, headers=headers),
        ):
            pass
        assert refusal.value.json()["error"]
        assert refusal.value.headers["x-content-type-options"] == "nosniff"
        return int(refusal.value.status_code)

    assert denied(client, host="example.org") == 421
    for origin in ("http://example.org", "null", "https://127.0.0.1:8808"):
        assert denied(client, origin=origin) == 403
    with client.websocket_connect(AT, headers={"origin": "http://127.0.0.1:8808"}):
        pass
    with TestClient(
        app(tmp_path, host="0.0.0.0", token="a-token"), "http://127.0.0.1:8808"
    ) as there:
        assert denied(there) == 401
        assert denied(there, authorization="Bearer other") == 401
        with there.websocket_connect(AT, headers={"authorization": "Bearer a-token"}):
            pass


def test_a_request_that_is_no_websocket(client: TestClient, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    answer = client.get("/v1/stream")
    assert answer.status_code == 426 and "address of a WebSocket" in answer.json()["error"]
    monkeypatch.setattr(live, "can_be", lambda: False)
    assert "pip install wsproto" in client.get("/v1/stream").json()["error"]


def test_a_busy_recognizer_loses_no_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a ping lies behind samples, which are read when there is time for them."""
    websocket = pytest.importorskip("websocket")
    accept, config = Dictated.accept, uvicorn.Config

    def slowly(self: Dictated, samples: np.ndarray) -> Partial:
        time.sleep(0.3)
        return accept(self, samples)

    def impatient(*args: Any, **given: Any) -> uvicorn.Config:
        return config(*args, **{"ws_ping_interval": 0.02, "ws_ping_timeout": 0.05, **given})

    monkeypatch.setattr(Dictated, "accept", slowly)
    monkeypatch.setattr(uvicorn, "Config", impatient)
    with listen("127.0.0.1", 0) as at:
        address = f"ws://127.0.0.1:{at.getsockname()[1]}/v1/stream"
        threading.Thread(target=run, args=(app(tmp_path), at), daemon=True).start()
        socket = websocket.create_connection(address, timeout=30)
        for _ in range(3):
            socket.send_binary(SECOND)
        socket.send("end")
        found = [json.loads(socket.recv()) for _ in range(7)]
        assert Transcript.from_plain(found[-1]["transcript"]).text == "uno due tre"
        socket.close()


def test_over_the_wire(tmp_path: Path) -> None:
    """uvicorn's own protocol: a message that is too large for it, and a whole stream."""
    websocket = pytest.importorskip("websocket")
    with listen("127.0.0.1", 0) as at:
        port = at.getsockname()[1]
        threading.Thread(target=run, args=(app(tmp_path), at), daemon=True).start()
        socket = websocket.create_connection(f"ws://127.0.0.1:{port}/v1/stream", timeout=30)
        socket.send_binary(SECOND * 2)
        keys = [set(json.loads(socket.recv())) for _ in range(3)]
        assert keys == [{"segment"}, {"segment"}, {"text", "until"}]
        socket.send("end")
        assert "transcript" in json.loads(socket.recv())
        socket.close()
        for size, said in ((live.MOST_BYTES + 2, True), (2 * live.MOST_BYTES + 2, False)):
            socket = websocket.create_connection(f"ws://127.0.0.1:{port}/v1/stream", timeout=30)
            socket.send_binary(bytes(size))
            if said:
                assert "at most 1 MiB" in json.loads(socket.recv())["error"]
            code, data = socket.recv_data()
            assert code == websocket.ABNF.OPCODE_CLOSE and data[:2] == (1009).to_bytes(2, "big")
            socket.close()
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.create_connection(
                f"ws://127.0.0.1:{port}/v1/stream", timeout=30, origin="http://example.org"
            )
