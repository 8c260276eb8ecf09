"""What is sent is bounded, named harmlessly, and kept whole or not at all."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from make_audio import encoded, tone

from asrkit.audio.reading import AudioError, load
from asrkit.files import DataError
from asrkit.serve import uploads
from asrkit.serve.page import temporary
from asrkit.serve.store import Store
from asrkit.serve.uploads import Limits, TooLarge, counted_seconds, keep, slug, suffix_of

# the second is what browsers record: it does not say how long it is
CODECS = [("libmp3lame", "mp3"), ("libopus", "webm"), ("flac", "flac"), ("pcm_s16le", "wav")]
LIMITS = Limits(1 << 20, 60.0)


def wave(seconds: float, rate: int = 8000, kind: str = "WAV") -> bytes:
    made = io.BytesIO()
    samples = 0.2 * np.sin(np.arange(int(seconds * rate)) / 10)
    soundfile.write(made, samples, rate, format=kind)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("my file (2)", "my_file__2"),
        ("../../etc/passwd", "etc_passwd"),
        ("ŋǃxóɔ\u0301", "ŋǃxóɔ\u0301"),
        ("नमस्ते", "नमस्ते"),
        ("a\nb\0c|", "a_b_c"),
        ("...", ""),
        ("x" * 99, "x" * 40),
    ],
)
def test_ids_hold_letters_marks_and_digits(name: str, made: str) -> None:
    assert slug(name) == made


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.MP3", ".mp3"),
        ("a.tar/b", ""),
        ("a.p/../x", ""),
        ("a.mp3 ", ""),
        ("a", ""),
        ("a.toolongone", ""),
    ],
)
def test_endings(name: str, ending: str) -> None:
    assert suffix_of(name) == ending


def receive(chunks: list[bytes], folder: Path, limits: Limits) -> bytes:
    async def sent() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    with temporary(folder / "sent") as target:
        asyncio.run(uploads.receive(sent(), target, limits))
        return target.path.read_bytes()


def test_no_byte_more_than_the_limit_is_written(tmp_path: Path) -> None:
    limits = Limits(1 << 20, 1.0)
    block = bytes(1 << 18)
    assert len(receive([block] * 4, tmp_path, limits)) == 1 << 20
    with pytest.raises(TooLarge, match="more than 1 MB"):
        receive([block] * 4 + [b"x"], tmp_path, limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("codec", "container"), CODECS)
def test_length_is_counted_before_decoding(tmp_path: Path, codec: str, container: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(encoded(tone(3.0, 48_000), 48_000, codec, container, stereo=False))
    assert counted_seconds(path) == pytest.approx(3.0, abs=0.2)
    with pytest.raises(TooLarge, match=r"x\.mp3: is longer than 0\.025 minutes"):
        uploads.read(path, "x.mp3", Limits(1 << 20, 1.5))


def test_what_is_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for content, message in (
        (b"<html>" * 100, r"^name\.html: "),
        (b"", r"is empty"),
        (wave(0.05), r"shorter than 0\.1 s"),
        (wave(3)[:-20_000], "name.html"),
    ):
        path.write_bytes(content)
        with pytest.raises(AudioError, match=message):
            uploads.read(path, "name.html", LIMITS)
    assert counted_seconds(path) >= 0


def sent(store: Store, content: bytes, name: str) -> uploads.Recording:
    with temporary(store.folder / "originals" / "sent") as target:
        target.path.write_bytes(content)
        return keep(store, target, name, "Anna Maria", LIMITS)


def test_original_and_flac_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "originals").mkdir()
    content = wave(2.0)
    first, second = (sent(store, content, "../x y.WAV") for _ in range(2))
    assert first.id != second.id and first.id.startswith("x_y-") and first.seconds == 2.0
    assert first.speaker == "Anna_Maria"
    assert (tmp_path / "originals" / first.file).read_bytes() == content
    assert len(load(str(store.audio(first.id)))) == 32_000
    assert len(list(tmp_path.rglob("*"))) == 1 + 2 + 4
    store.close()


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    (tmp_path / "originals").mkdir()

    def full(event: object) -> None:
        raise DataError("no space left")

    monkeypatch.setattr(store._journal, "add", full)
    with pytest.raises(DataError, match="no space"):
        sent(store, wave(2.0), "x.wav")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["journal.jsonl"]
    store.close()
