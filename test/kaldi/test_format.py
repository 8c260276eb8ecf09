"""Stage 3 from any source: what it writes, what it skips, what it refuses."""

import os
import resource
from pathlib import Path

import numpy as np
import pytest
import soundfile
from make_audio import data_dir, encoded, flac, tone

from asrkit.audio import reading as audio
from asrkit.bin.format_audio import main
from asrkit.data.index import DataIndex
from asrkit.files import DataError
from asrkit.kaldi import format as stage3
from asrkit.kaldi.datadir import DataDir
from asrkit.kaldi.fix import fix
from asrkit.kaldi.format import format_dir
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.kaldi.validate import validate


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A 44.1 kHz stereo MP3, a FLAC, a pipe, and a key with a slash."""
    mp3 = tmp_path / "b.mp3"
    mp3.write_bytes(encoded(tone(2, 44100), 44100, "mp3", "mp3", stereo=True))
    one = flac(tmp_path / "a.flac", tone(1))
    table = {"a": one, "b": str(mp3), "c": f"cat {one} |", "d/1": flac(tmp_path / "d", tone(0.5))}
    return data_dir(tmp_path / "data", table)


def times(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("nj", [1, 3])
def test_everything_becomes_16_khz_flac(source: Path, tmp_path: Path, nj: int) -> None:
    out = tmp_path / "out"
    assert format_dir(source, out, nj=nj) == (4, 0, [], [])
    scp, samples = read_keyed(out / "wav.scp"), read_keyed(out / "utt2num_samples")
    assert list(scp) == ["a", "b", "c", "d/1"]
    for key, path in scp.items():
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.format) == (16000, 1, "FLAC")
        assert info.frames == int(samples[key])
    assert samples == {"a": "16000", "b": "32000", "c": "16000", "d/1": "8000"}
    assert read_keyed(out / "utt2orig") == {
        "a": "16000 1 flac",
        "b": "44100 2 mp3float",
        "c": "16000 1 flac",
        "d/1": "16000 1 flac",
    }
    np.testing.assert_array_equal(audio.load(scp["a"]), audio.load(scp["c"]))
    np.testing.assert_allclose(audio.load(scp["a"]), tone(1), atol=1e-4)
    for name in ("text", "utt2spk", "spk2utt", "utt2lang"):
        assert (out / name).read_bytes() == (source / name).read_bytes()
    assert len(DataIndex.open(out)) == 4


def test_second_run_touches_nothing(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    format_dir(source, out)
    before = times(out)
    assert format_dir(source, out) == (0, 4, [], [])
    assert {k: v for k, v in times(out).items() if "/.format" not in k} == {
        k: v for k, v in before.items() if "/.format" not in k
    }


def test_only_what_changed_is_done_again(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    format_dir(source, out)
    flac(tmp_path / "d", tone(0.25))
    os.unlink(read_keyed(out / "wav.scp")["b"])
    assert format_dir(source, out) == (2, 2, [], [])
    assert read_keyed(out / "utt2num_samples")["d/1"] == "4000"


def test_interrupted_run_goes_on(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    calls = []

    def stop_at_third(job: stage3.Recording) -> list[stage3.Done | stage3.Bad]:
        calls.append(job)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return convert(job)

    convert = stage3.convert
    monkeypatch.setattr(stage3, "convert", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        format_dir(source, out)
    assert not (out / "wav.scp").exists()
    monkeypatch.setattr(stage3, "convert", convert)
    with open(out / ".format", "a") as stream:
        stream.write("c\tdead\t16")  # as a crash leaves it
    assert format_dir(source, out) == (2, 2, [], [])


def test_segments_are_cut_and_reach_a_little_past_the_end(tmp_path: Path) -> None:
    path = flac(tmp_path / "r.flac", tone(2))
    segments = {"r-1": "r 0.25 0.75", "r-2": "r 1 2.4"}
    source = data_dir(tmp_path / "data", {"r": path}, segments=segments)
    format_dir(source, tmp_path / "out")
    scp = read_keyed(tmp_path / "out" / "wav.scp")
    whole = audio.load(path)
    np.testing.assert_array_equal(audio.load(scp["r-1"]), whole[4000:12000])
    np.testing.assert_array_equal(audio.load(scp["r-2"]), whole[16000:])
    assert not (tmp_path / "out" / "segments").exists()


def test_segment_past_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = flac(tmp_path / "r.flac", tone(2))
    segments = {"r-1": "r 0 1", "r-2": "r 1 2.6", "r-3": "r 2 2.1"}
    source = data_dir(tmp_path / "data", {"r": path}, segments=segments)
    assert main(["--in_dir", str(source), "--out_dir", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert "error: 2 of 3 utterances" in error
    assert "r-2: " in error and "the segment ends at 2.60 s, past the end (2.00 s)" in error


def test_a_segment_to_the_end_of_its_recording(tmp_path: Path) -> None:
    path = flac(tmp_path / "r.flac", tone(2))
    source = data_dir(tmp_path / "d", {"r": path}, segments={"r-1": "r 0 0.5", "r-2": "r 0.5 -1.0"})
    assert not validate(source).errors and fix(source).notes == []
    format_dir(source, tmp_path / "out")
    assert read_keyed(tmp_path / "out" / "utt2num_samples") == {"r-1": "8000", "r-2": "24000"}
    with pytest.raises(DataError, match=r"segments: 'r-2' ends with its recording .* stage 3"):
        DataDir.read(source).seconds(source)


def test_tables_of_recordings_stay_where_they_are_those_of_utterances(tmp_path: Path) -> None:
    path = flac(tmp_path / "r.flac", tone(2))
    whole = data_dir(tmp_path / "whole", {"a": path, "b": path}, reco2dur={"a": "2", "b": "2"})
    parts = data_dir(tmp_path / "parts", {"r": path}, segments={"a": "r 0 1"}, reco2dur={"r": "2"})
    for source, there in ((whole, True), (parts, False)):
        format_dir(source, tmp_path / "out" / source.name)
        assert (tmp_path / "out" / source.name / "reco2dur").exists() == there


def test_silence_and_mixed_rates_are_told_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio = {
        "a": flac(tmp_path / "a", tone(1)),
        "b": flac(tmp_path / "b", np.zeros(16000)),
        "c": flac(tmp_path / "c", tone(1, 8000), 8000),
    }
    source, out = data_dir(tmp_path / "data", audio), tmp_path / "out"
    for _ in (1, 2):
        assert main(["--in_dir", str(source), "--out_dir", str(out)]) == 0
        said = capsys.readouterr().err
        assert f"warning: {out}: 1 of 3 utterances: all samples are 0: b; listen to them" in said
        assert "(1 at 8000 Hz, 2 at 16000 Hz)" in said
    assert format_dir(data_dir(tmp_path / "d8", {"c": audio["c"]}), tmp_path / "o8").notes == []


def bad_sources(folder: Path) -> dict[str, str]:
    long = folder / "long.flac"
    flac(long, np.random.default_rng(0).normal(0, 0.1, 80000).astype(np.float32))
    cut = folder / "cut.flac"
    cut.write_bytes(long.read_bytes()[:60000])
    (folder / "empty.wav").write_bytes(b"")
    nan = tone()
    nan[5] = np.nan
    soundfile.write(folder / "nan.wav", nan, 16000, subtype="FLOAT")
    return {
        "cut": str(cut),
        "empty": str(folder / "empty.wav"),
        "good": flac(folder / "good.flac", tone()),
        "missing": str(folder / "no.wav"),
        "nan": str(folder / "nan.wav"),
        "pipe1": "echo oops >&2; exit 3 |",
        "pipe2": f"cat {folder / 'no.wav'} | cat |",
    }


def test_all_bad_utterances_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = data_dir(tmp_path / "data", bad_sources(tmp_path))
    out = tmp_path / "out"
    arguments = ["--in_dir", str(source), "--out_dir", str(out), "--nj", "2"]
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert "6 of 7 utterances" in error and "Traceback" not in error
    for part in ("cut: ", "is empty", "No such file", "sample 5 is not finite", "with 3 (oops)"):
        assert part in error.replace("not a finite number", "not finite")
    assert list(read_keyed(out / "bad_audio")) == [
        "cut",
        "empty",
        "missing",
        "nan",
        "pipe1",
        "pipe2",
    ]
    assert not any((out / name).exists() for name in ("wav.scp", "text", "utt2num_samples"))
    assert main([*arguments, "--max_bad", "5"]) == 1
    assert main([*arguments, "--max_bad", "0.5"]) == 1
    assert main([*arguments, "--max_bad", "0.9"]) == 0
    assert list(read_keyed(out / "wav.scp")) == ["good"] == list(read_keyed(out / "text"))
    assert not [path for path in out.rglob("*.tmp")]


def test_command_values_are_not_files(tmp_path: Path) -> None:
    """A path is never run: only a value that ends in a pipe is a command."""
    source = data_dir(tmp_path / "data", {"a": f"$(touch {tmp_path}/oops).wav"})
    with pytest.raises(DataError, match=r"cannot be read"):
        format_dir(source, tmp_path / "out")
    assert not (tmp_path / "oops").exists()


def test_invalid_folder_is_refused_first(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (source / "utt2lang").write_text("a it\nc it\nb it\n")
    assert main(["--in_dir", str(source), "--out_dir", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert "utt2lang:3: 'b' is not in order" in error and "'d/1' is not in utt2lang" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("nj", ["1", "2"])
def test_disk_full(
    source: Path, tmp_path: Path, nj: str, capsys: pytest.CaptureFixture[str]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        arguments = ["--in_dir", str(source), "--out_dir", str(tmp_path / "out"), "--nj", nj]
        assert main(arguments) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    error = capsys.readouterr().err
    assert ".flac: cannot be written (File too large)" in error and "Traceback" not in error
    assert [p.name for p in (tmp_path / "out").rglob("*") if p.is_file()] == []


def test_killed_worker(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage3, "convert", _die)
    with pytest.raises(DataError, match="a process was killed"):
        format_dir(source, tmp_path / "out", nj=2)


def _die(job: object) -> None:
    os._exit(9)


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2
    assert main(["--in_dir", "a", "--out_dir", "b", "--nj", "0"]) == 1
    assert "error: nj=0 must be at least 1" in capsys.readouterr().err


def odd(folder: Path) -> list[str]:
    path = folder / "odd_audio"
    return path.read_text().splitlines() if path.exists() else []


def test_what_is_odd_of_segments_is_listed_every_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    swapped, both = str(tmp_path / "x.wav"), str(tmp_path / "y.wav")
    soundfile.write(swapped, np.stack([tone(1), -tone(1)], 1), 16000)
    soundfile.write(both, np.stack([tone(1), 0.5 * tone(1)], 1), 16000)
    half = flac(tmp_path / "s.flac", np.concatenate([tone(1), 0 * tone(1)]))
    segments = {"a": "s 0 1", "b": "s 1 2", "c": "x 0 1", "d": "y 0 1"}
    source = data_dir(tmp_path / "data", {"s": half, "x": swapped, "y": both}, segments=segments)
    out = tmp_path / "out"
    argv = ["--in_dir", str(source), "--out_dir", str(out)]
    told = ["b all samples are 0", "c channels cancel out, number 1 is taken"]
    for _ in range(2):  # the second run has nothing to do
        assert main(argv) == 0
        said = capsys.readouterr().err
        assert odd(out) == told
        assert all(f": 1 of 4 utterances: {line[2:]}: {line[0]};" in said for line in told)
    scp = read_keyed(out / "wav.scp")
    np.testing.assert_allclose(audio.load(scp["c"]), tone(1), atol=1e-4)
    np.testing.assert_allclose(audio.load(scp["d"]), 0.75 * tone(1), atol=1e-4)


def test_a_channel_is_taken_and_another_one_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "x.wav")
    soundfile.write(path, np.stack([tone(1), -0.5 * tone(1)], 1), 16000)
    source, out = data_dir(tmp_path / "data", {"u": path}), tmp_path / "out"
    for channel, factor in ((1, 1.0), (2, -0.5)):
        assert format_dir(source, out, channel=channel) == (1, 0, [], [])
        assert format_dir(source, out, channel=channel) == (0, 1, [], [])
        samples = audio.load(read_keyed(out / "wav.scp")["u"])
        np.testing.assert_allclose(samples, factor * tone(1), atol=1e-4)
    argv = ["--in_dir", str(source), "--out_dir", str(out), "--channel", "3"]
    assert main(argv) == 1
    assert "has 2 channel(s), and number 3 is asked for" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*argv[:-1], "0"])


def test_a_journal_of_an_earlier_version(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    format_dir(source, out)
    lines = (out / ".format").read_text().splitlines()
    (out / ".format").write_text("".join(line.rpartition("\t")[0] + "\n" for line in lines))
    assert format_dir(source, out) == (0, 4, [], [])


def test_two_rates_in_one_folder(tmp_path: Path) -> None:
    rates = (8000, 16000, 44100)
    files = {str(r): flac(tmp_path / f"{r}.flac", tone(1, r), r) for r in rates}
    format_dir(data_dir(tmp_path / "data", files), tmp_path / "out")
    for path in read_keyed(tmp_path / "out" / "wav.scp").values():
        samples = audio.load(path)
        assert len(samples) == 16000
        np.testing.assert_allclose(samples[400:-400], tone(1)[400:-400], atol=5e-3)
