"""Whole files are read whatever lies about them; cut and damaged ones are told."""

import io
import math
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from make_audio import encoded, tone

from asrkit.audio import decoders
from asrkit.audio import reading as audio
from asrkit.audio.reading import AudioError, decode

TAILS = {
    "newline": b"\n",
    "zeros": bytes(4096),
    "id3v1": b"TAG" + b"title".ljust(125, b"\0"),
    "ape": b"APETAGEX" + struct.pack("<III", 2000, 64, 1) + bytes(44),
    "lyrics": b"LYRICSBEGININD0000200INF00005helloLYRICS200",
}
NOISE = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)


def sound(container: str, samples: np.ndarray = NOISE, subtype: str = "PCM_16") -> bytes:
    """[S] or [S, C] at 16 kHz as libsndfile writes it."""
    out = io.BytesIO()
    soundfile.write(out, samples, 16000, format=container, subtype=subtype)
    return out.getvalue()


def mp3() -> bytes:
    return encoded(np.tile(NOISE, 3), 48000, "mp3", "mp3", stereo=False)


def bare_mp3() -> bytes:
    """Frames alone: no ID3 tag, no Xing header, and so no stated length."""
    return mp3()[mp3().index(b"\xff\xfb", mp3().index(b"\xff\xfb") + 4) :]


def unknown_flac() -> bytes:
    """As an encoder writes FLAC to a pipe: 36 bits of zeros where the length belongs."""
    data = bytearray(sound("FLAC"))
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    return bytes(data)


def resized(wav: bytes, size: int, riff: int | None = None) -> bytes:
    """A WAV file that states another size of its data."""
    at = wav.index(b"data")
    riff = (size + at) % (1 << 32) if riff is None else riff
    return (
        wav[:4]
        + struct.pack("<I", riff)
        + wav[8 : at + 4]
        + struct.pack("<I", size)
        + wav[at + 8 :]
    )


@pytest.mark.parametrize("tail", TAILS)
def test_bytes_after_the_end_of_an_mp3_do_no_harm(tail: str) -> None:
    for whole in (mp3(), bare_mp3()):
        want = decode(whole).samples
        assert np.array_equal(decode(whole + TAILS[tail]).samples, want)
    with pytest.raises(AudioError, match=r"cut short: .*fetch it again"):
        decode(mp3()[: len(mp3()) * 2 // 3] + TAILS[tail])


def test_mp3_files_one_after_the_other_are_heard_to_the_end() -> None:
    one, tag = mp3(), TAILS["id3v1"]
    for both in (one + one, one + tag + one, one + bytes(999) + one, bare_mp3() + tag + bare_mp3()):
        assert 63500 < len(decode(both).samples) < 65500


def test_a_hole_in_an_mp3_is_damage() -> None:
    data = bare_mp3()
    with pytest.raises(AudioError, match=r"is damaged or cut off after"):
        decode(data[:5000] + bytes(800) + data[5800:])


@pytest.mark.parametrize("tail", ["", *TAILS])
def test_flac_of_unknown_length_is_read_to_its_end(tail: str) -> None:
    got = decode(unknown_flac() + TAILS.get(tail, b""))
    np.testing.assert_array_equal(got.samples, decode(sound("FLAC")).samples)
    assert (got.rate, got.channels, got.codec) == (16000, 1, "flac")


def test_flac_of_unknown_length_through_a_pipe_of_another_container() -> None:
    whole = decode(b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + unknown_flac())
    assert len(whole.samples) == 32000


@pytest.mark.parametrize("make", [unknown_flac, lambda: sound("FLAC")])
def test_damaged_and_cut_flac_is_told(make: Callable[[], bytes]) -> None:
    data = make()
    chance = np.random.default_rng(1)
    for place in chance.integers(500, len(data) - 64, 12):
        bad = bytearray(data)
        bad[place : place + 16] = chance.bytes(16)
        with pytest.raises(AudioError, match=r"is damaged|is cut short|cannot be decoded"):
            decode(bytes(bad))
    for share in (0.3, 0.7, 0.99):
        with pytest.raises(AudioError, match=r"is damaged or cut off|is cut short"):
            decode(data[: int(share * len(data))])


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_wav_from_a_pipe_is_read_to_its_end(channels: int, subtype: str) -> None:
    wave = sound("WAVEX", np.stack([NOISE] * channels, 1), subtype)
    frame = {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}[subtype] * channels
    sizes = [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000 // frame * frame, 2_000_000_000 // frame * frame]
    for size in [*sizes, 0x7FFFFFFF - 44, 0xFFFFFFFF - 68]:
        np.testing.assert_array_equal(decode(resized(wave, size)).samples, decode(wave).samples)
    for riff in (
        0,
        wave.index(b"data"),
        0xFFFFFFFF,
    ):  # a recorder that was cut off leaves the first
        assert len(decode(resized(wave, 0, riff)).samples) == 32000


def test_an_empty_wav_before_other_chunks_is_empty() -> None:
    tags = (
        b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"Lavf58.76.100\0"
    )
    empty = sound("WAV", NOISE[:0])
    whole = resized(empty + tags, 0, len(empty) + len(tags) - 8)
    with pytest.raises(AudioError, match="holds no samples; leave it out"):
        decode(whole)


def test_a_wav_that_states_more_than_there_is_is_cut_short() -> None:
    for size in (64002, 1_000_000_000, 3_000_000_000):
        with pytest.raises(AudioError, match=f"cut short: 32000 of the {size // 2} samples"):
            decode(resized(sound("WAV"), size))
    data = sound("RF64")
    with pytest.raises(AudioError, match=r"cut short: .* of the 32000 samples"):
        decode(data[:40000])


def test_two_wav_files_in_one_are_told() -> None:
    with pytest.raises(AudioError, match=r"is two WAV files, the second from byte 64044 on"):
        decode(sound("WAV") * 2)


@pytest.mark.parametrize(
    "codec", ["g722", "adpcm_g726", "mp2", "mp3", "ac3", "adpcm_ms", "adpcm_ima_wav", "pcm_alaw"]
)
def test_wav_holds_any_coding(codec: str) -> None:
    rate = {"adpcm_g726": 8000, "ac3": 48000}.get(codec, 16000)
    data = encoded(tone(2, rate), rate, codec, "wav", stereo=False)
    for tail in ("", *TAILS):
        assert 32000 <= len(decode(data + TAILS.get(tail, b"")).samples) < 34000
    with pytest.raises(AudioError, match="cut short: "):
        decode(data[: len(data) * 2 // 3])


@pytest.mark.parametrize("samples", [8000, 8001, 8320])  # 25 blocks, which RIFF pads, and 26
def test_gsm_in_wav_ends_where_its_header_says(samples: int) -> None:
    stream = io.BytesIO()
    soundfile.write(stream, tone(samples / 8000, 8000), 8000, format="WAV", subtype="GSM610")
    assert len(decode(stream.getvalue()).samples) == 2 * samples


def test_a_whole_file_in_a_coding_that_is_read_in_part_is_not_called_cut() -> None:
    data = encoded(NOISE, 16000, "aac", "wav", stereo=False)  # without the frames' own headers
    with pytest.raises(AudioError, match=r"coded as FFmpeg cannot read.*convert it to FLAC"):
        decode(data)


def test_what_one_decoder_gives_up_on_is_read_by_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def gives_up(*_: object) -> decoders.Decoded:
        raise ValueError("not today")

    monkeypatch.setattr(decoders, "_with_ffmpeg", gives_up)
    assert len(decode(mp3()).samples) == 32000
    monkeypatch.undo()
    monkeypatch.setattr(decoders, "_with_libsndfile", gives_up)
    np.testing.assert_array_equal(decode(sound("WAV")).samples, load_all(sound("WAV")))
    monkeypatch.setattr(decoders, "_with_ffmpeg", gives_up)
    with pytest.raises(AudioError, match=r"\(libsndfile: not today; FFmpeg: not today\); convert"):
        decode(sound("WAV"))


def load_all(data: bytes) -> np.ndarray:
    samples, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    return samples


def test_a_lost_page_of_ogg_is_not_silently_left_out() -> None:
    data = sound("OGG", np.tile(NOISE, 3), "VORBIS")
    assert len(decode(data).samples) == 96000
    page = data.index(b"OggS", len(data) // 2)
    with pytest.raises(AudioError, match=r"cut short: .* samples"):
        decode(data[:page] + b"OOPS" + data[page + 4 :])


def broadcast() -> bytes:
    """3 s of Opus in Ogg whose pages begin to count at 100 s, as what is cut from a stream."""
    out = io.BytesIO()
    with (
        av.open(io.BytesIO(encoded(tone(3, 48000), 48000, "libopus", "ogg", stereo=False))) as made,
        av.open(out, "w", format="ogg") as box,
    ):
        stream = box.add_stream_from_template(made.streams.audio[0])
        for packet in made.demux(audio=0):
            if packet.pts is not None and packet.time_base is not None:
                packet.stream = stream
                packet.pts += int(100 / packet.time_base)
                packet.dts = packet.pts
                box.mux(packet)
    return out.getvalue()


def test_a_recorded_broadcast_is_whole_and_as_long_as_it_is() -> None:
    data = broadcast()
    with av.open(io.BytesIO(data)) as box:
        assert (box.duration or 0) > 103 * av.time_base
    assert abs(len(decode(data).samples) - 48000) <= 160
    with pytest.raises(AudioError, match="cut short"):
        decode(data[: len(data) // 2])


@pytest.mark.parametrize(("rate", "why"), [(1, "rate of 1 Hz"), (900_000, "rate of 900000 Hz")])
def test_impossible_rates_are_told_before_they_are_resampled(rate: int, why: str) -> None:
    data = bytearray(sound("WAV"))
    data[24:28] = struct.pack("<I", rate)
    with pytest.raises(AudioError, match=why):
        decode(bytes(data))


def test_more_channels_or_hours_than_a_recording_has(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AudioError, match="has 100 channels"):
        decode(sound("WAV", np.zeros((10, 100), np.float32)))
    for name in ("LONGEST", "MOST_SAMPLES"):
        with monkeypatch.context() as changed:
            changed.setattr(decoders, name, 1)
            for data in (sound("WAV"), sound("FLAC"), mp3()):
                with pytest.raises(AudioError, match=r"is longer than .* hours or .*; cut it"):
                    decode(data)


def test_too_little_memory_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(audio, "_resample", full)
    with pytest.raises(AudioError, match="audio: needs more memory than there is"):
        decode(sound("WAV"))


def test_seconds_by_header(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for data, want in (
        (sound("WAV"), 2.0),
        (sound("FLAC"), 2.0),
        (encoded(NOISE, 16000, "g722", "wav", stereo=False), 2.0),
        (unknown_flac(), math.inf),
        (resized(sound("WAV"), 0), math.inf),
        (resized(sound("WAV"), 0x7FFFF000), 2.0),
    ):
        path.write_bytes(data)
        assert decoders.seconds(path) == pytest.approx(want)
    path.write_bytes(b"<html>404</html>" * 100)
    with pytest.raises(ValueError, match="Format not recognised"):
        decoders.seconds(path)
