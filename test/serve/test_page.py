"""What the page asks the server, from the upload to the export."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from scripted import Scripted, wave
from starlette.testclient import TestClient

from asrkit.formats.table import WRITERS, suffix
from asrkit.kaldi.validate import validate
from asrkit.serve import journal
from asrkit.serve.app import make_app
from asrkit.serve.formats import TYPES
from asrkit.serve.page import static_files
from asrkit.serve.uploads import Limits
from asrkit.transcript import Transcript


class Client(TestClient):
    """A page of its own over ``folder``."""

    def __init__(self, folder: Path) -> None:
        recognizer = Scripted("uno due tre quattro", "tre")
        super().__init__(
            make_app(recognizer, folder, "it", Limits(1 << 20, 20)), "http://127.0.0.1:8808"
        )

    def add(self, seconds: float = 4.0, name: str = "prova.wav") -> str:
        made = self.post("/api/recordings", params={"name": name}, content=wave(seconds))
        assert made.status_code == 201, made.text
        recording = made.json()["id"]
        until = time.monotonic() + 10
        while self.news(recording)["recordings"][-1]["heard"] < seconds:
            assert time.monotonic() < until
            time.sleep(0.01)
        return str(recording)

    def news(self, recording: str = "", since: int = 0) -> dict:  # type: ignore[type-arg]
        return self.get("/api/state", params={"since": since, "recording": recording}).json()

    def piece(self, recording: str) -> dict:  # type: ignore[type-arg]
        return self.news(recording)["pieces"][0]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Client]:
    with Client(tmp_path / "data") as client:
        yield client


def put(page: Client, piece: dict, what: str, **content: object):  # type: ignore[no-untyped-def,type-arg]
    return page.put(f"/api/pieces/{piece['id']}/{what}", json={"rev": piece["rev"], **content})


def test_from_upload_to_training_data(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Client(folder) as page:
        recording = page.add()
        piece = page.piece(recording)
        assert piece["text"] == "uno due tre quattro"
        assert piece["words"][2] == ["tre", 2.1, 2.9, 0.3]
        assert page.news()["queue"][0]["id"] == piece["id"]
        written = put(page, piece, "text", text="uno due tré quattro").json()["pieces"][0]
        assert (written["rev"], written["words"][2]) == (1, ["tré", 2.1, 2.9, None])
        assert put(page, written, "done", done=True).json()["pieces"][0]["done"]
        assert page.news()["queue"] == []
    assert validate(folder).problems == []  # saved at the latest when the server ends
    assert "tré" in (folder / "text").read_text("utf-8")
    with Client(folder) as page:
        again = page.piece(recording)
        assert (again["text"], again["rev"], again["done"]) == ("uno due tré quattro", 2, True)
        assert page.news()["saved"]["utterances"] == 1


def test_news_are_what_has_changed(page: Client) -> None:
    one, two = page.add(), page.add()
    told = page.news(one)
    assert [of["id"] for of in told["recordings"]] == [one, two]
    assert set(page.news(one, told["sequence"])) == {"sequence", "saved"}
    other = page.piece(two)
    put(page, other, "done", done=True)
    news = page.news(one, told["sequence"])
    assert news["pieces"] == [] and news["order"] == [told["pieces"][0]["id"]]
    assert [of["done"] for of in news["recordings"]] == [0, 1]
    for since in ("x", "9" * 5000):
        assert page.get("/api/state", params={"since": since}).status_code == 400


def test_split_merge_and_borders(page: Client) -> None:
    recording = page.add()
    piece = page.piece(recording)
    at = f"/api/pieces/{piece['id']}"
    made = page.post(f"{at}/split", json={"rev": 0, "before": "uno due", "after": " tre quattro"})
    first, second = made.json()["pieces"]
    assert [first["text"], second["text"]] == ["uno due", "tre quattro"]
    told = page.news(recording)
    assert told["order"] == [first["id"], second["id"]]
    content = {"rev": first["rev"], "other": second["id"], "other_rev": second["rev"]}
    joined = page.post(f"{at}/merge", json=content).json()["pieces"][0]
    assert joined["text"] == piece["text"]
    assert page.news(recording, told["sequence"])["order"] == [first["id"]]
    moved = put(page, joined, "borders", start=0.5, end=3).json()["pieces"][0]
    assert (moved["start"], moved["end"]) == (0.5, 3.0)
    assert put(page, moved, "borders", start=3, end=3).status_code == 422


def test_a_line_that_the_recognizer_has_missed(page: Client) -> None:
    recording = page.add()
    piece = page.piece(recording)
    put(page, piece, "borders", start=0, end=2)
    at = f"/api/recordings/{recording}/pieces"
    made = page.post(at, json={"at": 2.5})
    assert made.status_code == 201 and made.json()["pieces"][0]["start"] == 2.5
    assert page.news(recording)["order"] == [piece["id"], made.json()["pieces"][0]["id"]]
    assert page.post(at, json={"at": 1}).status_code == 422


def test_two_people_lose_nothing(page: Client) -> None:
    recording = page.add()
    piece = page.piece(recording)
    assert put(page, piece, "text", text="of the first", who="a").status_code == 200
    late = put(page, piece, "text", text="of the second", who="b")
    assert late.status_code == 409
    told = late.json()["piece"]
    assert (told["text"], told["others"]) == ("of the first", {"b": "of the second"})
    assert page.piece(recording)["others"] == {"b": "of the second"}
    answer = page.delete(f"/api/pieces/{piece['id']}/others", params={"who": "b"})
    assert answer.json()["pieces"][0]["others"] == {}
    assert put(page, piece, "done", done=True).status_code == 409


def test_a_full_disk_is_told_and_the_page_may_try_again(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = page.add()
    piece = page.piece(recording)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "append", _full)
        answer = put(page, piece, "text", text="x")
        assert answer.status_code == 507 and "No space left" in answer.json()["error"]
        answer = page.post("/api/recordings", params={"name": "x.wav"}, content=wave(1))
        assert answer.status_code == 507 and "is the disk full" in answer.json()["error"]
    assert page.piece(recording) == piece
    assert put(page, piece, "text", text="x").status_code == 200


def _full(*args: object, **options: object) -> None:
    raise OSError(28, "No space left on device")


def test_recordings_are_named_and_removed(page: Client) -> None:
    recording = page.add(name="C:\\fakepath\\uno \u202edue\n.wav")
    assert page.news()["recordings"][0]["name"] == "uno due .wav"
    at = f"/api/recordings/{recording}"
    assert page.patch(at, json={"name": "x", "speaker": "Anna B."}).status_code == 200
    assert page.news()["recordings"][0]["speaker"] == "Anna_B"
    assert page.patch(at, json={"name": " ", "speaker": ""}).status_code == 400
    assert page.delete(at).status_code == 200
    assert page.news()["recordings"] == []
    for path in ("", "/audio", "/peaks", "/export"):
        assert page.request("GET" if path else "DELETE", at + path).status_code == 404


def test_sound_is_given_in_parts(page: Client) -> None:
    recording = page.add()
    whole = page.get(f"/api/recordings/{recording}/audio")
    assert whole.headers["content-type"] == "audio/flac"
    part = page.get(f"/api/recordings/{recording}/audio", headers={"range": "bytes=4-9"})
    assert part.status_code == 206 and part.content == whole.content[4:10]
    peaks = page.get(f"/api/recordings/{recording}/peaks").json()
    assert len(peaks) == 200 and max(peaks) == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("name", TYPES)
def test_exports(page: Client, name: str) -> None:
    recording = page.add(name="Prova à.wav")
    answer = page.get(f"/api/recordings/{recording}/export", params={"format": name})
    assert answer.status_code == 200 and "quattro" in answer.text
    assert unquote(answer.headers["content-disposition"]).endswith(f"UTF-8''Prova à{suffix(name)}")
    if name == "json":
        assert Transcript.from_json(answer.text).language == "it"


def test_every_format_has_a_media_type() -> None:
    assert set(TYPES) == set(WRITERS)


def test_formats_that_there_are_not(page: Client) -> None:
    recording = page.add()
    answer = page.get(f"/api/recordings/{recording}/export", params={"format": "../x"})
    assert answer.status_code == 400 and "none of" in answer.json()["error"]


def test_limits_of_uploads(page: Client, tmp_path: Path) -> None:
    def status(content: bytes, name: str = "x.wav") -> int:
        return page.post("/api/recordings", params={"name": name}, content=content).status_code

    assert status(bytes((1 << 20) + 1)) == 413
    assert status(wave(22)) == 413
    assert status(b"not audio at all") == 422
    assert status(wave(1), "") == 400
    assert list((tmp_path / "data" / "originals").iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b'{"rev": "0", "text": "x"}',
        b'{"rev": true, "text": "x"}',
        b'{"rev": 0}',
        b'{"rev": 0, "text": ["x"]}',
        b'{"rev": 0, "text": "\xff"}',
        b"[" * 100_000,
        b" " * ((1 << 20) + 1),
    ],
)
def test_requests_that_are_none(page: Client, content: bytes) -> None:
    recording = page.add(1.0)
    at = f"/api/pieces/{page.piece(recording)['id']}/text"
    assert page.put(at, content=content).status_code == 400


def test_texts_that_cannot_be(page: Client) -> None:
    piece = page.piece(page.add(1.0))
    at = f"/api/pieces/{piece['id']}/text"
    half = json.dumps({"rev": 0, "text": "\ud800"})
    assert page.put(at, content=half).status_code == 422
    assert put(page, piece, "text", text="x" * 10_001).status_code == 422
    assert page.put("/api/pieces/none/text", json={"rev": 0, "text": ""}).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static//etc/hostname",
        "/static/app.py",
        "/static/",
        "/api/recordings/..%2f..%2fjournal.jsonl/audio",
        "/api/recordings/%2e%2e/audio",
        "/journal.jsonl",
        "/audio/",
    ],
)
def test_no_other_file_is_served(page: Client, path: str) -> None:
    assert page.get(path).status_code in (404, 405)


def test_the_page_is_whole() -> None:
    """Whatever one of its files names is there."""
    files = dict(static_files())
    for name, content in files.items():
        if name.endswith((".html", ".js")) and "esm" not in name:
            text = content.decode()
            named = [part.split('"')[0] for part in text.split('"/static/')[1:]]
            named += [part.split('"')[0] for part in text.split('from "./')[1:]]
            assert set(named) <= set(files), name
    assert {"index.html", "app.js", "wavesurfer.esm.js", "wavesurfer.LICENSE"} <= set(files)


def test_files_of_the_page(page: Client) -> None:
    assert "<title>asrkit" in page.get("/").text
    for name in dict(static_files()):
        answer = page.get(f"/static/{name}")
        assert answer.status_code == 200
    assert page.get("/static/app.js").headers["content-type"].startswith("text/javascript")
    assert page.get("/api/settings").json()["formats"] == list(TYPES)
