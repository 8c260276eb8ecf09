"""NIST SPHERE in every coding, and what FFmpeg cannot unpack."""

from pathlib import Path

import numpy as np
import pytest
from corpora.sphere import CODINGS, sphere
from make_audio import data_dir, tone

from asrkit.audio import decoders
from asrkit.audio.reading import AudioError, decode
from asrkit.kaldi.validate import validate


@pytest.mark.parametrize("coding", CODINGS)
def test_every_coding_decodes(tmp_path: Path, coding: str) -> None:
    path = tmp_path / "a.sph"
    samples = tone(1.03, 8000)  # its last shorten block is not full
    path.write_bytes(sphere(samples, 8000, coding))
    sound = decode(path)
    assert (sound.rate, sound.channels, len(sound.samples)) == (8000, 1, 2 * len(samples))
    exact = decode(sphere(samples, 8000, "pcm")).samples
    worst = 0.02 if coding in ("alaw", "ulaw") else 0.0
    assert float(np.abs(sound.samples - exact).max()) <= worst
    assert decoders.seconds(path) == pytest.approx(1.03)


@pytest.mark.parametrize("coding", ["alaw", "ulaw", "pcm", "shorten"])
def test_a_cut_file_is_an_error(coding: str) -> None:
    whole = sphere(tone(1, 8000), 8000, coding)
    with pytest.raises(AudioError, match="cut short"):
        decode(whole[: len(whole) * 3 // 4])


@pytest.mark.parametrize("name", ["ulaw,embedded-shorten-v2.00", "alaw,embedded-shorten-v2.00"])
def test_shorten_over_mu_law_names_the_remedy(name: str) -> None:
    data = sphere(tone(1, 8000), 8000, "shorten")
    head = data[:1024].replace(b"-s26 pcm,embedded-shorten-v2.00", f"-s27 {name}".encode())
    with pytest.raises(AudioError, match="sph2pipe -f wav"):
        decode(head.rstrip().ljust(1024) + data[1024:])


def test_shorten_that_the_header_hides_is_not_read_as_noise() -> None:
    data = sphere(tone(1, 8000), 8000, "shorten")
    head = data[:1024].replace(b"sample_coding -s26 pcm,embedded-shorten-v2.00\n", b"")
    with pytest.raises(AudioError, match="packed by shorten"):
        decode(head.ljust(1024) + data[1024:])


def test_a_header_without_a_length(tmp_path: Path) -> None:
    path = tmp_path / "a.sph"
    path.write_bytes(b"NIST_1A\n   1024\nchannel_count -i 1\nend_head\n".ljust(1024))
    with pytest.raises(ValueError, match="has no sample_count"):
        decoders.seconds(path)


def test_segments_of_shorten_files_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.sph"
    path.write_bytes(sphere(tone(2, 8000), 8000, "shorten"))
    good = data_dir(tmp_path / "good", {"r": str(path)}, segments={"u": "r 0.5 1.9"})
    assert not validate(good).errors
    bad = data_dir(tmp_path / "bad", {"r": str(path)}, segments={"u": "r 2.5 3.0"})
    assert any(
        "'u' of 'r' starts at 2.50 s, past the end (2.00 s)" in str(p) for p in validate(bad).errors
    )
