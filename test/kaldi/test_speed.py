"""Speed perturbation: tables of stage 2, audio of stage 3, subsets that keep copies together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from make_audio import data_dir, flac, tone

from asrkit.audio import reading as audio
from asrkit.bin import perturb_speed
from asrkit.files import DataError
from asrkit.kaldi.datadir import DataDir
from asrkit.kaldi.format import format_dir
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.kaldi.speed import percent, perturb_dir
from asrkit.kaldi.subset import combine, split, subset
from asrkit.kaldi.validate import validate


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two speakers, three utterances of 1, 2 and 3 seconds."""
    names = {"ann-1": 1, "ann-2": 2, "bob-1": 3}
    paths = {u: flac(tmp_path / f"{u}.flac", tone(s)) for u, s in names.items()}
    speakers = {u: u[:3] for u in names}
    inverse = {"ann": "ann-1 ann-2", "bob": "bob-1"}
    return data_dir(tmp_path / "in", paths, utt2spk=speakers, spk2utt=inverse)


def frequency(samples: np.ndarray) -> float:
    """Where the spectrum peaks, in Hz at 16 kHz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax()) * 16000 / len(samples)


def test_tables_of_the_copies(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    perturb_dir(source, out, [0.9, 1.0, 1.1])
    assert validate(out).problems == []
    assert read_keyed(out / "utt2spk") == {
        "ann-1": "ann",
        "ann-2": "ann",
        "bob-1": "bob",
        **{
            f"sp{f}-{u}": f"sp{f}-{u[:3]}"
            for f in ("0.9", "1.1")
            for u in ("ann-1", "ann-2", "bob-1")
        },
    }
    assert read_keyed(out / "spk2utt")["sp1.1-ann"] == "sp1.1-ann-1 sp1.1-ann-2"
    assert read_keyed(out / "utt2speed") == {
        u: "1" if u[0] != "s" else u[2:5] for u in read_keyed(out / "text")
    }
    assert set(read_keyed(out / "text").values()) == {"ciao mondo"}
    assert set(read_keyed(out / "utt2lang").values()) == {"it"}


def test_lengths_of_the_copies(source: Path, tmp_path: Path) -> None:
    """A slower copy is longer: stage 3 counts again, but the tables are true before it."""
    rows = {"ann-1": "16000", "ann-2": "32000", "bob-1": "48000"}
    (source / "utt2num_samples").write_text("".join(f"{u} {n}\n" for u, n in rows.items()))
    (source / "utt2dur").write_text("".join(f"{u} {int(n) / 16000}\n" for u, n in rows.items()))
    perturb_dir(source, tmp_path / "out", [0.8, 1.0])
    samples, seconds = (read_keyed(tmp_path / "out" / f"utt2{n}") for n in ("num_samples", "dur"))
    assert [samples[u] for u in ("ann-2", "sp0.8-ann-2")] == ["32000", "40000"]
    assert [float(seconds[u]) for u in ("ann-2", "sp0.8-ann-2")] == [2.0, 2.5]


def test_audio_is_shorter_and_higher_and_counted(source: Path, tmp_path: Path) -> None:
    perturb_dir(source, tmp_path / "sp", [0.9, 1.1])
    format_dir(tmp_path / "sp", tmp_path / "dump")
    samples = read_keyed(tmp_path / "dump/utt2num_samples")
    assert samples["ann-2"] == "32000"
    assert int(samples["sp0.9-ann-2"]) == pytest.approx(32000 / 0.9, abs=1)
    assert int(samples["sp1.1-ann-2"]) == pytest.approx(32000 / 1.1, abs=1)
    scp = read_keyed(tmp_path / "dump/wav.scp")
    for name, factor in (("ann-2", 1.0), ("sp0.9-ann-2", 0.9), ("sp1.1-ann-2", 1.1)):
        wave = audio.load(scp[name])
        assert len(wave) == int(samples[name])
        assert frequency(wave) == pytest.approx(440 * factor, abs=0.6)
        assert 0.4 < np.abs(wave[4000:-4000]).max() < 0.55


def test_factor_one_is_the_same_audio_as_without(source: Path, tmp_path: Path) -> None:
    perturb_dir(source, tmp_path / "sp", [0.9])
    format_dir(source, tmp_path / "plain")
    format_dir(tmp_path / "sp", tmp_path / "dump")
    one, two = (read_keyed(tmp_path / f / "wav.scp")["bob-1"] for f in ("plain", "dump"))
    assert Path(one).read_bytes() == Path(two).read_bytes()


def test_segments_cut_the_same_recording(source: Path, tmp_path: Path) -> None:
    path = flac(tmp_path / "long.flac", tone(5))
    segments = {"ann-a": "long 0.0 2.0", "ann-b": "long 2.5 4.5"}
    tables = {"utt2spk": dict.fromkeys(segments, "ann"), "spk2utt": {"ann": "ann-a ann-b"}}
    cut = data_dir(tmp_path / "cut", {"long": path}, segments=segments, **tables)
    perturb_dir(cut, tmp_path / "sp", [1.1])
    assert read_keyed(tmp_path / "sp/wav.scp") == {"long": path}
    assert read_keyed(tmp_path / "sp/segments")["sp1.1-ann-b"] == "long 2.5 4.5"
    format_dir(tmp_path / "sp", tmp_path / "dump")
    samples = read_keyed(tmp_path / "dump/utt2num_samples")
    assert int(samples["sp1.1-ann-b"]) == pytest.approx(32000 / 1.1, abs=1)


def test_lengths_in_a_formatted_folder_are_divided(source: Path, tmp_path: Path) -> None:
    format_dir(source, tmp_path / "dump")
    data = perturb_dir(tmp_path / "dump", tmp_path / "sp", [0.8])
    assert data.tables["utt2num_samples"]["sp0.8-ann-1"] == "20000"


def test_another_speed_is_formatted_again(source: Path, tmp_path: Path) -> None:
    perturb_dir(source, tmp_path / "sp", [0.9])
    format_dir(tmp_path / "sp", tmp_path / "dump")
    table = (tmp_path / "sp/utt2speed").read_text()
    (tmp_path / "sp/utt2speed").write_text(table.replace("sp0.9-ann-1 0.9", "sp0.9-ann-1 0.8"))
    assert format_dir(tmp_path / "sp", tmp_path / "dump") == (1, 5, [], [])
    assert read_keyed(tmp_path / "dump/utt2num_samples")["sp0.9-ann-1"] == "20000"


def test_minutes_count_originals_and_take_their_copies(source: Path, tmp_path: Path) -> None:
    perturb_dir(source, tmp_path / "sp", [0.9, 1.1])
    format_dir(tmp_path / "sp", tmp_path / "dump")
    format_dir(source, tmp_path / "plain")
    chosen = subset(tmp_path / "plain", tmp_path / "a", minutes=4 / 60).utterances
    both = subset(tmp_path / "dump", tmp_path / "b", minutes=4 / 60).utterances
    assert 0 < len(chosen) < 3
    assert both == sorted(f"{mark}{u}" for u in chosen for mark in ("", "sp0.9-", "sp1.1-"))


def test_a_list_takes_the_copies_too(source: Path, tmp_path: Path) -> None:
    perturb_dir(source, tmp_path / "sp", [0.9])
    format_dir(tmp_path / "sp", tmp_path / "dump")
    (tmp_path / "list").write_text("bob-1\n")
    found = subset(tmp_path / "dump", tmp_path / "b", utt_list=tmp_path / "list").utterances
    assert found == ["bob-1", "sp0.9-bob-1"]


def test_combined_folders_keep_the_speeds(source: Path, tmp_path: Path) -> None:
    perturb_dir(source, tmp_path / "sp", [0.9])
    format_dir(tmp_path / "sp", tmp_path / "dump")
    combine([tmp_path / "dump"], tmp_path / "all")
    assert DataDir.read(tmp_path / "all").tables["utt2speed"]["sp0.9-bob-1"] == "0.9"


@pytest.mark.parametrize("factor", [0.0, 0.49, 2.1, -1.0, 0.905, float("nan"), float("inf")])
def test_unusable_factors_are_refused(factor: float) -> None:
    with pytest.raises(DataError, match="hundredths"):
        percent(factor)


def test_speed_one_alone_is_no_perturbation(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no speed but 1"):
        perturb_dir(source, tmp_path / "out", [1.0])
    assert not (tmp_path / "out").exists()


def test_copies_of_copies_are_refused(source: Path, tmp_path: Path) -> None:
    perturb_dir(source, tmp_path / "sp", [0.9])
    with pytest.raises(DataError, match="already"):
        perturb_dir(tmp_path / "sp", tmp_path / "out", [0.9])
    with pytest.raises(DataError, match="is an input too"):
        perturb_dir(source, source, [0.9])


def test_a_folder_without_utterances_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: holds no utterances"):
        perturb_dir(tmp_path / "empty", tmp_path / "out", [0.9])
    assert not (tmp_path / "out").exists()


def test_a_bad_table_is_named_in_stage_3(source: Path, tmp_path: Path) -> None:
    perturb_dir(source, tmp_path / "sp", [0.9])
    table = tmp_path / "sp/utt2speed"
    table.write_text(table.read_text().replace("sp0.9-ann-1 0.9", "sp0.9-ann-1 fast"))
    with pytest.raises(DataError, match=r"utt2speed: sp0\.9-ann-1: speed fast"):
        format_dir(tmp_path / "sp", tmp_path / "dump")


def test_program(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--in_dir", str(source), "--out_dir", str(tmp_path / "out")]
    assert perturb_speed.main([*arguments, "--factors", "0.9", "1.0", "1.1"]) == 0
    assert "9 utterances, at speeds 0.9, 1, 1.1" in capsys.readouterr().out
    assert perturb_speed.main([*arguments, "--factors", "3"]) == 1
    assert "hundredths" in capsys.readouterr().err


@pytest.mark.parametrize("by_speaker", [False, True])
def test_parts_have_no_copy_of_each_others_utterances(
    source: Path, tmp_path: Path, by_speaker: bool
) -> None:
    perturb_dir(source, tmp_path / "sp", [0.9, 1.0, 1.1])
    parts = split(tmp_path / "sp", 2, by_speaker=by_speaker)
    heard = [{u.split("-", u[0] == "s")[-1] for u in read_keyed(p / "text")} for p in parts]
    both = {"ann-1", "ann-2"} if by_speaker else {"ann-1"}
    assert heard == [both, {"ann-1", "ann-2", "bob-1"} - both]
    assert [len(read_keyed(p / "text")) for p in parts] == [3 * len(names) for names in heard]


def test_copies_of_whole_recordings_have_rows_of_their_own(tmp_path: Path) -> None:
    audio = {"a": flac(tmp_path / "a", tone(1))}
    perturb_dir(data_dir(tmp_path / "d", audio, reco2dur={"a": "1"}), tmp_path / "sp", [0.5])
    assert read_keyed(tmp_path / "sp" / "reco2dur") == {"a": "1", "sp0.5-a": "2"}
    assert not validate(tmp_path / "sp").errors
