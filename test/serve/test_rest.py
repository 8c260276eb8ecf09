"""POST /v1/transcribe, and its description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from scripted import Scripted, wave
from starlette.testclient import TestClient

from asrkit.decode.hotwords import BOOST
from asrkit.decode.lexicon import LexiconError
from asrkit.serve.app import make_app
from asrkit.serve.formats import TYPES
from asrkit.serve.uploads import Limits
from asrkit.transcript import Transcript

AUDIO = wave(4.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


SCRIPTED = Scripted("uno due")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    app = make_app(SCRIPTED, folder, "it", Limits(1 << 18, 20))
    with TestClient(app, "http://127.0.0.1:8808") as client:
        yield client


def test_raw_audio_and_forms(client: TestClient, folder: Path) -> None:
    raw = client.post("/v1/transcribe", content=AUDIO)
    assert raw.headers["content-type"] == "application/json"
    transcript = Transcript.from_json(raw.text)
    assert transcript.text == "uno due uno due" and transcript.duration == 4.0
    form = client.post("/v1/transcribe", files={"file": ("x y.wav", AUDIO)})
    assert Transcript.from_json(form.text).audio == "x y.wav"
    assert Transcript.from_json(form.text).segments == transcript.segments
    assert list((folder / "originals").iterdir()) == []  # nothing is kept


def test_expected_words_of_a_request(client: TestClient) -> None:
    def expected(**options: object) -> list[tuple[str, float]]:
        assert client.post("/v1/transcribe", **options).status_code == 200  # type: ignore[arg-type]
        return SCRIPTED.expected

    named = {"hotwords": "Anna Rossi, Milano\nNapoli,", "boost": "4"}
    wanted = [("Anna Rossi", 4.0), ("Milano", 4.0), ("Napoli", 4.0)]
    assert expected(content=AUDIO, params=named) == wanted
    assert expected(files={"file": ("x.wav", AUDIO)}, data=named) == wanted
    assert expected(content=AUDIO, params={"hotwords": "Anna"}) == [("Anna", BOOST)]
    assert expected(content=AUDIO) == []
    for key, value in {"boost": "much", "hotwords": "a," * 1001}.items():
        answer = client.post("/v1/transcribe", content=AUDIO, params={key: value})
        assert answer.status_code == 400 and answer.json()["error"].startswith(f"{key}: ")


def test_a_fault_of_the_server_is_said(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **options: object) -> NoReturn:
        raise LexiconError("lexicon.txt:3: not 'word<TAB>phones'")

    monkeypatch.setattr(SCRIPTED, "passages", fails)
    answer = client.post("/v1/transcribe", content=AUDIO)
    assert answer.status_code == 500
    assert answer.json() == {"error": "lexicon.txt:3: not 'word<TAB>phones'"}


@pytest.mark.parametrize("name", TYPES)
def test_formats(client: TestClient, name: str) -> None:
    answer = client.post("/v1/transcribe", params={"format": name}, content=AUDIO)
    assert answer.status_code == 200 and "uno" in answer.text
    assert answer.headers["content-type"].startswith(TYPES[name].partition(";")[0])
    form = client.post("/v1/transcribe", files={"file": ("audio", AUDIO)}, data={"format": name})
    assert form.status_code == 200


def test_requests_that_are_none(client: TestClient, folder: Path) -> None:
    def status(**options: object) -> int:
        answer = client.post("/v1/transcribe", **options)  # type: ignore[arg-type]
        assert answer.json()["error"]
        return answer.status_code

    assert status(content=b"") == 422
    assert status(content=b"no audio") == 422
    assert status(content=AUDIO, params={"format": "doc"}) == 400
    assert status(files={"sound": ("x.wav", AUDIO)}) == 400
    assert status(data={"file": "text"}, files={"other": ("x", b"")}) == 400
    assert status(content=bytes(1 << 19)) == 413
    assert status(files={"file": ("x.wav", bytes(1 << 19))}) == 413
    assert status(content=b"x", headers={"content-type": "multipart/form-data; boundary=x"}) == 400
    assert status(content=b"x", headers={"content-type": "multipart/form-data"}) == 400
    assert client.get("/v1/transcribe").status_code == 405
    assert list((folder / "originals").iterdir()) == []


def test_description_is_openapi_and_of_this_server(client: TestClient) -> None:
    told = client.get("/v1/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    post = told["paths"]["/v1/transcribe"]["post"]
    assert post["parameters"][0]["schema"]["enum"] == list(TYPES)
    assert "0 MB" in told["info"]["description"]
    references = _references(told)
    assert references and all(_find(told, reference) for reference in references)


def test_description_names_every_key_of_a_transcript(client: TestClient) -> None:
    schemas = client.get("/v1/openapi.json").json()["components"]["schemas"]
    answer = client.post("/v1/transcribe", content=AUDIO).json()
    _check(answer, schemas["Transcript"], schemas)


def _check(value: object, schema: dict, schemas: dict) -> None:  # type: ignore[type-arg]
    if "$ref" in schema:
        return _check(value, schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if schema["type"] == "object":
        assert isinstance(value, dict)
        assert set(schema["required"]) <= set(value) <= set(schema["properties"])
        for key, inner in value.items():
            _check(inner, schema["properties"][key], schemas)
    elif schema["type"] == "array":
        assert isinstance(value, list)
        for inner in value:
            _check(inner, schema["items"], schemas)
    else:
        assert isinstance(value, {"number": (int, float), "string": str}[schema["type"]])
    return None


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [found for inner in value.values() for found in _references(inner)]
    return (
        [found for inner in value for found in _references(inner)]
        if isinstance(value, list)
        else []
    )


def _find(told: dict, reference: str) -> object:  # type: ignore[type-arg]
    found: object = told
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]  # type: ignore[index]
    return found
