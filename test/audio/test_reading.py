"""Reading audio of every kind, and refusing what is broken."""

from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile
from make_audio import encoded, flac, tone

from asrkit.audio import headers
from asrkit.audio import reading as audio
from asrkit.audio.reading import AudioError, decode, load


def same_tone(samples: np.ndarray, seconds: float, shift: int, floor: float) -> None:
    """The tone of ``make_audio`` at 16 kHz, at most ``shift`` samples away."""
    assert samples.dtype == np.float32 and samples.ndim == 1
    want = tone(seconds)
    assert abs(len(samples) - len(want)) <= shift
    size = min(len(samples), len(want)) - 2 * shift - 400
    middle = want[shift + 200 : shift + 200 + size]
    error = min(
        float(np.abs(samples[at + 200 : at + 200 + size] - middle).mean())
        for at in range(2 * shift + 1)
    )
    assert error < floor


def test_flac_and_wav_are_exact(tmp_path: Path) -> None:
    samples = (tone() * 32767).astype(np.int16)
    for name in ("a.flac", "a.wav"):
        soundfile.write(tmp_path / name, samples, 16000)
        sound = decode(tmp_path / name)
        np.testing.assert_array_equal(sound.samples, samples.astype(np.float32) / 32768)
        assert (sound.rate, sound.channels) == (16000, 1)
        np.testing.assert_array_equal(load(str(tmp_path / name)), sound.samples)


def test_stereo_mp3_at_44100(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(encoded(tone(1, 44100), 44100, "mp3", "mp3", stereo=True))
    sound = decode(path)
    assert (sound.rate, sound.channels, sound.codec) == (44100, 2, "mp3float")
    same_tone(sound.samples, 1, 600, 0.03)


@pytest.mark.parametrize(
    ("rate", "heard", "elsewhere"),
    [
        (8000, 3700, 4300),  # telephone speech: no mirror image above its band
        (24000, 7000, 1000),
        (44100, 7000, 900),
        (48000, 7000, 2000),
        (48000, None, 7000),  # 9 kHz come back as 7 where they are not taken out
    ],
)
def test_resampling_keeps_the_band_and_adds_nothing(
    tmp_path: Path, rate: int, heard: int | None, elsewhere: int
) -> None:
    time = np.arange(rate) / rate
    soundfile.write(
        tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * (heard or 9000) * time), rate, "FLOAT"
    )
    middle = decode(tmp_path / "a.wav").samples[2000:14000]

    def level(hertz: int) -> float:
        turns = np.exp(-2j * np.pi * hertz * np.arange(2000, 14000) / 16000)
        return float(abs(2 * np.mean(middle * turns)))

    if heard:
        assert level(heard) == pytest.approx(0.5, rel=0.15 if rate == 8000 else 1e-3)
    assert level(elsewhere) < 0.5e-4  # -80 dB


@pytest.mark.parametrize(
    ("codec", "container", "rate", "suffix"),
    [
        ("libopus", "ogg", 48000, "opus"),
        ("aac", "mp4", 22050, "m4a"),
        ("pcm_mulaw", "wav", 8000, "wav"),
    ],
)
def test_other_codecs(tmp_path: Path, codec: str, container: str, rate: int, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    data = tone(1, rate)
    path.write_bytes(encoded(data, rate, codec, container, stereo=False))
    sound = decode(path)
    assert (sound.rate, sound.channels) == (rate, 1)
    same_tone(sound.samples, 1, 1600, 0.03)


def test_raw_g722(tmp_path: Path) -> None:
    path = tmp_path / "a.g722"
    path.write_bytes(encoded(tone(1), 16000, "g722", "g722", stereo=False))
    sound = decode(path)
    assert (sound.rate, sound.codec) == (16000, "g722")
    same_tone(sound.samples, 1, 64, 0.02)


def sphere(samples: np.ndarray, claimed: int | None = None) -> bytes:
    """A NIST SPHERE file of 16 bit PCM at 8 kHz, as the LDC writes them."""
    fields = f"""NIST_1A
   1024
channel_count -i 1
sample_count -i {claimed or len(samples)}
sample_rate -i 8000
sample_n_bytes -i 2
sample_byte_format -s2 01
sample_sig_bits -i 16
sample_coding -s3 pcm
end_head
"""
    return fields.encode().ljust(1024) + (samples * 32767).astype("<i2").tobytes()


def test_sphere(tmp_path: Path) -> None:
    path = tmp_path / "a.sph"
    path.write_bytes(sphere(tone(1, 8000)))
    sound = decode(path)
    assert (sound.rate, sound.channels) == (8000, 1)
    same_tone(sound.samples, 1, 8, 0.01)
    path.write_bytes(sphere(tone(1, 8000), claimed=9000))
    with pytest.raises(AudioError, match="cut short: 8000 of the 9000"):
        decode(path)


def test_sphere_of_telephone_speech(tmp_path: Path) -> None:
    head, pcm = sphere(tone(1, 8000))[:1024], tone(1, 8000)
    head = head.replace(b"n_bytes -i 2", b"n_bytes -i 1").replace(
        b"sig_bits -i 16", b"sig_bits -i 8"
    )
    mulaw = encoded(pcm, 8000, "pcm_mulaw", "mulaw", stereo=False)
    path = tmp_path / "a.sph"
    path.write_bytes(head.replace(b"coding -s3 pcm", b"coding -s4 ulaw").ljust(1024) + mulaw)
    sound = decode(path)
    assert (sound.rate, sound.codec) == (8000, "pcm_mulaw")
    same_tone(sound.samples, 1, 8, 0.02)
    shorten = head.replace(b"-s3 pcm", b"-s27 ulaw,embedded-shorten-v2.00")[:1024]
    path.write_bytes(shorten + mulaw)
    with pytest.raises(AudioError, match="sph2pipe -f wav"):
        decode(path)


def test_channels_are_averaged(tmp_path: Path) -> None:
    both = np.stack([tone(), np.zeros(16000, np.float32)], axis=1)
    soundfile.write(tmp_path / "a.wav", both, 16000, subtype="FLOAT")
    sound = decode(tmp_path / "a.wav")
    assert sound.channels == 2
    np.testing.assert_allclose(sound.samples, tone() / 2, atol=1e-7)


def test_bytes_and_archives_equal_files(tmp_path: Path) -> None:
    path = flac(tmp_path / "a.flac", tone())
    want = decode(path).samples
    np.testing.assert_array_equal(decode(Path(path).read_bytes()).samples, want)
    ark, scp = tmp_path / "x.ark", tmp_path / "x.scp"
    samples = (tone() * 32768).round().clip(-32768, 32767).astype(np.int16)
    both = {"a": (samples[:99], 16000), "b": (samples, 16000)}
    flac_args = {"write_function": "soundfile", "write_kwargs": {"format": "flac"}}
    kaldiio.save_ark(str(ark), both, str(scp), **flac_args)
    entry = scp.read_text().splitlines()[1].split()[1]
    np.testing.assert_array_equal(decode(entry).samples, samples / np.float32(32768))
    np.testing.assert_array_equal(load(entry, 300, 50), samples[300:350] / np.float32(32768))
    kaldiio.save_ark(str(ark), {"a": (16000, samples[:99]), "b": (16000, samples)}, str(scp))
    entry = scp.read_text().splitlines()[1].split()[1]
    np.testing.assert_array_equal(load(entry, 300, 50), samples[300:350] / np.float32(32768))


def test_load_reads_a_part(tmp_path: Path) -> None:
    path = flac(tmp_path / "a.flac", tone())
    whole = load(path)
    for start, frames in ((0, 10), (12345, 1000), (15999, 1), (4096, -1)):
        part = whole[start:] if frames < 0 else whole[start : start + frames]
        np.testing.assert_array_equal(load(path, start, frames), part)
    with pytest.raises(AudioError, match="16000 samples where at least 16001"):
        load(path, 15000, 1001)


def test_load_refuses_what_stage_3_did_not_make(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"8000 Hz and 1 channels.*run stage 3"):
        load(flac(tmp_path / "a.flac", tone(rate=8000), 8000))
    with pytest.raises(AudioError, match=r"16000 Hz and 2 channels.*run stage 3"):
        load(flac(tmp_path / "b.flac", np.stack([tone()] * 2, axis=1)))
    (tmp_path / "x.ark").write_bytes(b"b \0BFM nothing")
    for entry in ("x.ark:2", "x.ark:999", "no.ark:2"):
        with pytest.raises(AudioError, match=r"x.ark:|cannot be read"):
            load(str(tmp_path / entry))
    with pytest.raises(AudioError, match=r"cannot be read"):
        load(str(tmp_path / "none.flac"))


def noisy(seconds: float, rate: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, int(seconds * rate)).astype(np.float32)


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("kind", ["flac", "wav", "mp3", "m4a", "opus", "id3-flac"])
def test_truncated(tmp_path: Path, kind: str, share: float) -> None:
    path = tmp_path / f"a.{kind}"
    if kind in ("flac", "wav"):
        soundfile.write(path, noisy(3, 16000), 16000)
    elif kind == "mp3":
        path.write_bytes(encoded(noisy(3, 44100), 44100, "mp3", "mp3", stereo=True))
    elif kind == "opus":
        path.write_bytes(encoded(noisy(3, 48000), 48000, "libopus", "ogg", stereo=False))
    elif kind == "id3-flac":  # a tag that some editors put before FLAC
        flac(path, noisy(3, 16000))
        path.write_bytes(b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + path.read_bytes())
    else:
        path.write_bytes(encoded(noisy(3, 44100), 44100, "aac", "ipod", stereo=False))
    assert abs(len(decode(path).samples) - 48000) < 1600
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(AudioError, match=f"a.{kind}: (is cut short: |cannot be decoded)"):
        decode(path)


def test_wav_of_unknown_length_from_a_pipe_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), 16000, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    for size in (0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF800):
        data[at : at + 4] = size.to_bytes(4, "little")
        assert len(decode(bytes(data)).samples) == 16000


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"a\.wav: cannot be read \(No such file or directory\)"):
        decode(tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.g722"])
def test_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(AudioError, match=r"is empty .0 bytes."):
        decode(tmp_path / name)


def test_no_samples(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0, np.float32), 16000)
    with pytest.raises(AudioError, match="holds no samples"):
        decode(tmp_path / "a.wav")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(tmp_path: Path, value: float) -> None:
    samples = tone()
    samples[123] = value
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    with pytest.raises(AudioError, match="sample 123 is not a finite number"):
        decode(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="not finite"):
        load(str(tmp_path / "a.wav"))


def test_unscaled_floats(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone() * 32768, 16000, subtype="FLOAT")
    with pytest.raises(AudioError, match="samples up to 16384; scale them"):
        decode(tmp_path / "a.wav")


def test_not_audio(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"<html>404 Not Found</html>" * 50)
    with pytest.raises(AudioError, match="cannot be decoded"):
        decode(tmp_path / "a.mp3")


def test_odd_rate(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(rate=15999), 15999)
    with pytest.raises(AudioError, match="unusable rate of 15999 Hz"):
        decode(tmp_path / "a.wav")


def test_flac_is_written_clipped(tmp_path: Path) -> None:
    with open(tmp_path / "a.flac", "wb") as stream:
        audio.write_flac(stream, np.array([1.5, -1.5, 0.25], np.float32))
    assert load(str(tmp_path / "a.flac")).tolist() == [1 - 2**-15, -1, 0.25]


def test_an_mp3_cut_within_its_first_header_states_no_length():
    frame = b"\xff\xfb\x90\x00" + bytes(32) + b"Xing" + bytes([0, 0, 0, 1])
    assert headers.promised_frames(frame + (10).to_bytes(4, "big")) == 10 * 1152 - 5 * 1152
    for cut in range(4, len(frame)):
        assert headers.promised_frames(frame[:cut]) is None
