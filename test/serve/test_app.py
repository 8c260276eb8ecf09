"""The program: addresses, missing packages, and a server that is killed while people type."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from random_model import save_random
from scripted import wave

from asrkit.bin import serve
from asrkit.files import DataError
from asrkit.infer import Speech2Text
from asrkit.kaldi.validate import validate
from asrkit.serve.app import listen
from asrkit.transcript import Transcript

ROOT = Path(__file__).resolve().parents[2]
CLIP = ROOT / "test/corpora/clips/it/00.opus"
# a server of a scripted recognizer, as asrkit serve runs one of a model
SERVER = """
import sys
from pathlib import Path
from scripted import Scripted
from asrkit.serve import app
from asrkit.serve.uploads import Limits
with app.listen("127.0.0.1", 0) as at:
    page = app.make_app(Scripted("uno due"), Path(sys.argv[1]), "it", Limits(1 << 20, 60))
    print(at.getsockname()[1], flush=True)
    app.run(page, at)
"""


def test_a_port_that_is_taken() -> None:
    with listen("127.0.0.1", 0) as at:
        port = at.getsockname()[1]
        with pytest.raises(DataError, match=f"--port {port}: another program listens there; stop"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("no.such.host.invalid", 8808, "--host no.such.host.invalid: no such address"),
        ("192.0.2.1", 0, "--host 192.0.2.1 --port 0: Cannot assign"),
        ("127.0.0.1", 99_999, "--port 99999: ports end at 65535"),
    ],
)
def test_addresses_that_are_none(host: str, port: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        listen(host, port)


def test_exit_code_where_the_port_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with listen("127.0.0.1", 0) as at:
        port = str(at.getsockname()[1])
        assert serve.main(["--port", port, "--data", str(tmp_path / "x")]) == 1
    assert f"error: --port {port}: another program" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_missing_packages_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "uvicorn" else whole(name)
    )
    assert serve.main([]) == 1
    said = capsys.readouterr().err
    assert said == (
        'error: the page needs uvicorn; install what it needs with: pip install "asrkit[serve]"\n'
    )


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'test'}"}
    command = [sys.executable, "-c", SERVER, str(folder)]
    server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, f"http://127.0.0.1:{int(server.stdout.readline())}"


def ask(address: str, method: str, path: str, content: bytes | None = None) -> dict:  # type: ignore[type-arg]
    request = urllib.request.Request(address + path, content, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return dict(json.load(answer))


def wait(done: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not done():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.slow
def test_a_killed_server_loses_nothing(tmp_path: Path) -> None:
    """kill -9 after any answer: what was answered is there, and the folder is valid after it."""
    folder = tmp_path / "data"
    server, at = start(folder)
    try:
        recording = ask(at, "POST", "/api/recordings?name=x.wav", wave(4.0))["id"]
        news = f"/api/state?since=0&recording={recording}"
        wait(lambda: ask(at, "GET", news)["pieces"])
        piece = ask(at, "GET", news)["pieces"][0]
        for rev in range(50):
            content = json.dumps({"rev": rev, "text": f"uno {rev}"}).encode()
            ask(at, "PUT", f"/api/pieces/{piece['id']}/text", content)
        content = json.dumps({"rev": 50, "done": True}).encode()
        ask(at, "PUT", f"/api/pieces/{piece['id']}/done", content)
        server.kill()
        server.wait()
        server, at = start(folder)
        again = ask(at, "GET", news)["pieces"][0]
        assert (again["text"], again["rev"], again["done"]) == ("uno 49", 51, True)
        assert validate(folder).problems == []  # saved as it began
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) in (0, -signal.SIGTERM)
    finally:
        server.kill()
        server.wait()


@pytest.mark.slow
def test_the_program_with_a_model(tmp_path: Path) -> None:
    model = save_random(
        tmp_path / "x", "logmel", {"width": 16, "layers": 1, "heads": 2, "mels": 16}, {}
    )
    command = [sys.executable, "-m", "asrkit", "serve", "--model", str(model), "--port", "0"]
    command += ["--data", str(tmp_path / "data"), "--host", "0.0.0.0"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        assert address.startswith("http://0.0.0.0:") and "?token=" in address
        opened = urllib.request.build_opener(urllib.request.HTTPCookieProcessor)
        with opened.open(address.replace("0.0.0.0", "127.0.0.1"), timeout=20) as answer:
            assert b"<title>asrkit" in answer.read()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(address.partition("?")[0].replace("0.0.0.0", "127.0.0.1"))
        at = address.partition("?")[0].replace("0.0.0.0", "127.0.0.1")
        token = {"Authorization": f"Bearer {address.partition('token=')[2]}"}
        request = urllib.request.Request(f"{at}v1/transcribe", CLIP.read_bytes(), token)
        with urllib.request.urlopen(request, timeout=20) as answer:
            told = Transcript.from_json(answer.read())
        assert told == dataclasses.replace(Speech2Text(model).transcribe(CLIP), audio="audio")
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == 0
    finally:
        server.kill()
        server.wait()


def test_ipv6_where_there_is_one() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 on this machine")
    try:
        with listen("::1", 0) as at:
            assert at.family == socket.AF_INET6
    except DataError:
        pytest.skip("no IPv6 on this machine")
