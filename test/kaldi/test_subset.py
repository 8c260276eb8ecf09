"""Combining, splitting, subsets and filtering of data folders."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from make_audio import data_dir, tone

from asrkit.bin import combine_data, filter_data, split_data, subset_data_dir
from asrkit.files import DataError
from asrkit.kaldi.datadir import DataDir
from asrkit.kaldi.filter import filter_dir
from asrkit.kaldi.format import format_dir
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.kaldi.subset import combine, split, subset
from asrkit.kaldi.validate import validate


def dump(folder: Path, ids: list[str], seconds: float = 6, lang: str = "it") -> Path:
    """A dump folder without audio: 10 utterances make a minute."""
    return data_dir(
        folder,
        {key: f"{key}.flac" for key in ids},
        utt2num_samples={key: str(int(seconds * 16000)) for key in ids},
        utt2lang=dict.fromkeys(ids, lang),
        utt2spk={key: key[:1] for key in ids},
        spk2utt={s: " ".join(k for k in ids if k[:1] == s) for s in {k[:1] for k in ids}},
    )


def ids(folder: Path) -> list[str]:
    return list(read_keyed(folder / "wav.scp"))


def test_combine(tmp_path: Path) -> None:
    one, two = dump(tmp_path / "1", ["a1", "c1"]), dump(tmp_path / "2", ["a2", "b"], lang="es")
    (two / "text.phn").write_text("a2 x\nb y\n")
    out = tmp_path / "out"
    assert combine([one, two], out) == ["text.phn"]
    assert ids(out) == ["a1", "a2", "b", "c1"]
    assert read_keyed(out / "utt2lang") == {"a1": "it", "a2": "es", "b": "es", "c1": "it"}
    assert read_keyed(out / "spk2utt") == {"a": "a1 a2", "b": "b", "c": "c1"}
    assert validate(out, check_audio=False).problems == [] and not (out / "text.phn").exists()


def test_combine_with_unlabeled_speech(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = dump(tmp_path / "1", ["a"]), dump(tmp_path / "2", ["b"])
    (two / "text").unlink()
    arguments = [str(one), str(two), "--out_dir", str(tmp_path / "out")]
    assert combine_data.main(arguments) == 1
    assert "2/text: is missing while others have it; for unlabeled" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert combine_data.main([*arguments, "--allow_empty_text", "true"]) == 0
    assert (tmp_path / "out" / "text").read_text() == "a ciao mondo\nb\n"


def test_combine_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = dump(tmp_path / "1", ["a", "b"]), dump(tmp_path / "2", ["b", "c"])
    assert combine_data.main([str(one), str(two), "--out_dir", str(tmp_path / "out")]) == 1
    assert f"{two}/text: 'b' is in {one}/text too" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(DataError, match="is an input too"):
        combine([one, two], two)
    (two / "text").write_text("c x\nb y\n")
    with pytest.raises(DataError, match="2/text:2: 'b' is not in order"):
        combine([one, two], tmp_path / "out")
    (one / "segments").write_text("a a 0 1\nb b 0 1\n")
    with pytest.raises(DataError, match="2/segments: is missing while others have it; format"):
        combine([one, two], tmp_path / "out")


def test_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = dump(tmp_path / "d", [f"{s}{n}" for s in "abc" for n in range(5)])
    parts = split(folder, 4)
    assert [len(ids(part)) for part in parts] == [3, 4, 4, 4]
    assert sorted(key for part in parts for key in ids(part)) == ids(folder)
    assert all(validate(part, check_audio=False).problems == [] for part in parts)
    parts = split(folder, 2, by_speaker=True)
    assert [set(read_keyed(part / "spk2utt")) for part in parts] == [{"a"}, {"b", "c"}]
    assert split_data.main(["--in_dir", str(folder), "--parts", "16"]) == 1
    assert "has 15 utterances, too few for 16 parts" in capsys.readouterr().err


def test_subset_by_minutes_is_nested_and_seeded(tmp_path: Path) -> None:
    folder = dump(tmp_path / "all", [f"u{n:03d}" for n in range(200)])
    chosen = {}
    for name, minutes, seed in (("a", 5, 0), ("b", 10, 0), ("c", 5, 1), ("d", 5, 0)):
        subset(folder, tmp_path / name, minutes=minutes, seed=seed)
        chosen[name] = set(ids(tmp_path / name))
    assert (len(chosen["a"]), len(chosen["b"])) == (50, 100)
    assert chosen["a"] == chosen["d"] and chosen["a"] < chosen["b"] and chosen["a"] != chosen["c"]
    assert validate(tmp_path / "a", check_audio=False).problems == []


def test_subset_per_language_and_lists(tmp_path: Path) -> None:
    dump(tmp_path / "1", [f"i{n:02d}" for n in range(30)])
    dump(tmp_path / "2", [f"e{n:02d}" for n in range(20)], lang="es")
    combine([tmp_path / "1", tmp_path / "2"], tmp_path / "d")
    subset(tmp_path / "d", tmp_path / "a", minutes=1, per_language=True)
    assert sorted(key[0] for key in ids(tmp_path / "a")) == ["e"] * 10 + ["i"] * 10
    subset(tmp_path / "d", tmp_path / "b", utterances=3, per_language=True)
    assert sorted(key[0] for key in ids(tmp_path / "b")) == ["e"] * 3 + ["i"] * 3
    (tmp_path / "list").write_text("i01 whatever\ne02\n")
    subset(tmp_path / "d", tmp_path / "c", utt_list=tmp_path / "list")
    assert ids(tmp_path / "c") == ["e02", "i01"]
    (tmp_path / "list").write_text("q\n")
    with pytest.raises(DataError, match="list: 'q' of 1 not in"):
        subset(tmp_path / "d", tmp_path / "e", utt_list=tmp_path / "list")


def test_list_may_lack_a_share(tmp_path: Path) -> None:
    dump(tmp_path / "d", [f"u{n}" for n in range(9)])
    (tmp_path / "list").write_text("".join(f"u{n}\n" for n in range(5, 10)))
    subset(tmp_path / "d", tmp_path / "a", utt_list=tmp_path / "list", max_missing=0.2)
    assert ids(tmp_path / "a") == ["u5", "u6", "u7", "u8"]
    with pytest.raises(DataError, match="list: 'u9' of 5 not in"):
        subset(tmp_path / "d", tmp_path / "b", utt_list=tmp_path / "list", max_missing=0.1)


def test_subset_of_the_lowest_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0.9 is above 0.10, and 1e-2 below it: numbers, not texts. Equal ones follow their ids."""
    numbers = {"u0": "0.9", "u1": "0.10", "u2": "1e-2", "u3": "0.5", "u4": "0.10"}
    folder = dump(tmp_path / "d", list(numbers))
    table = folder / "utt2confidence"
    table.write_text("".join(f"{name} {number}\n" for name, number in numbers.items()))
    arguments = ["--in_dir", str(folder), "--out_dir", str(tmp_path / "out")]
    lowest = ["--lowest", "utt2confidence"]
    for size, wanted in (
        (["--minutes", "0.2"], ["u1", "u2"]),
        (["--minutes", "0.3"], ["u1", "u2", "u4"]),
        (["--utterances", "4"], ["u1", "u2", "u3", "u4"]),
    ):
        assert subset_data_dir.main([*arguments, *lowest, *size]) == 0
        assert ids(tmp_path / "out") == wanted
        assert read_keyed(tmp_path / "out/utt2confidence") == {key: numbers[key] for key in wanted}
    capsys.readouterr()
    for content, message in (
        ("u0 0.9\nu1 0.1\nu2 0\nu3 0\n", "d/utt2confidence: has no number for 'u4'"),
        ("u0 0.9\nu1 high\nu2 0\nu3 0\nu4 0\n", "'high' of 'u1' is not a finite number"),
        ("u0 0.9\nu1 nan\nu2 0\nu3 0\nu4 0\n", "'nan' of 'u1' is not a finite number"),
    ):
        table.write_text(content)
        assert subset_data_dir.main([*arguments, *lowest, "--minutes", "0.2"]) == 1
        assert message in capsys.readouterr().err
    for name in ("utt2doubt", "spk2utt"):
        assert subset_data_dir.main([*arguments, "--lowest", name, "--minutes", "0.2"]) == 1
        assert f"d/{name}: no table with a number for each utt" in capsys.readouterr().err


def test_subset_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = dump(tmp_path / "d", [f"u{n}" for n in range(9)])
    (tmp_path / "none").write_text("")
    arguments = ["--in_dir", str(folder), "--out_dir", str(tmp_path / "out")]
    for extra, message in (
        (["--minutes", "5"], "d: has only 0.9 minutes, not 5; ask for fewer"),
        (["--minutes", "0.01"], "no utterance is that short"),
        (["--utterances", "10"], "has only 9 utterances, not 10"),
        (["--utt_list", str(tmp_path / "none")], "none: names no utterance of"),
        (["--utt_list", str(folder / "text"), "--max_missing", "-1"], "is a share, from 0 to 1"),
        ([], "give one of minutes, utterances and utt_list"),
    ):
        assert subset_data_dir.main([*arguments, *extra]) == 1
        assert message in capsys.readouterr().err
    (folder / "utt2num_samples").unlink()
    assert subset_data_dir.main([*arguments, "--minutes", "0.5"]) == 1
    assert "utt2num_samples: is missing" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    arguments = ["--in_dir", str(folder), "--out_dir", str(tmp_path / "." / "d")]
    assert subset_data_dir.main([*arguments, "--utterances", "1"]) == 1
    assert "is an input too" in capsys.readouterr().err
    assert len(ids(folder)) == 9


def test_filter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dump(tmp_path / "1", ["a", "b", "c"], seconds=3600)
    dump(tmp_path / "2", ["d", "e"], seconds=1800, lang="es")
    dump(tmp_path / "3", ["f"], seconds=0.1)
    combine([tmp_path / "1", tmp_path / "2", tmp_path / "3"], tmp_path / "d")
    (tmp_path / "d" / "text").write_text("a x\nb y\nc\nd x\ne z\nf z\n")
    arguments = ["--in_dir", str(tmp_path / "d"), "--out_dir", str(tmp_path / "out")]
    assert filter_data.main([*arguments, "--min_seconds", "0.5", "--max_seconds", "4000"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:4]] == [
        ["es", "1.00", "2", "0.00", "0"],
        ["it", "2.00", "2", "1.00", "2"],
        ["all", "3.00", "4", "1.00", "2"],
    ]
    assert (tmp_path / "out" / "removed").read_text() == (
        "c empty text\nf 0.10 s is shorter than 0.5 s\n"
    )
    assert ids(tmp_path / "out") == ["a", "b", "d", "e"]
    assert filter_data.main([*arguments, "--max_seconds", "0.01"]) == 1
    assert "no utterance is left" in capsys.readouterr().err
    assert filter_data.main([*arguments[:2], "--out_dir", str(tmp_path / "d")]) == 1
    assert "is an input too" in capsys.readouterr().err


def test_filter_by_what_ctc_needs(tmp_path: Path) -> None:
    folder = dump(tmp_path / "d", ["a", "b", "c"], seconds=0.06)  # 3 frames
    (folder / "text.phn").write_text("a x y z\nb x x y\nc\n")
    out = tmp_path / "out"
    arguments = ["--in_dir", str(folder), "--out_dir", str(out), "--token_file", "text.phn"]
    assert filter_data.main(arguments) == 0
    assert ids(out) == ["a", "c"]
    assert (out / "removed").read_text() == "b 4 frames are needed for its tokens, it has 3\n"
    assert (out / "text.phn").read_text() == "a x y z\nc\n"


def test_reading_tells_all_flaws(tmp_path: Path) -> None:
    folder = dump(tmp_path / "d", ["a", "b"])
    (folder / "text").write_bytes(b"b x\r\na y\n")
    with pytest.raises(DataError, match=r"text:1: holds a carriage.*\n.*text:2: 'a' is not in"):
        DataDir.read(folder)


@pytest.mark.parametrize(
    ("take", "part"),
    [
        (filter_dir, ""),
        (lambda folder, out: subset(folder, out, utterances=2), ""),
        (lambda folder, _: split(folder, 1), "org/split1/1"),
    ],
)
def test_what_is_made_of_audio_that_was_made_again_is_new(
    tmp_path: Path, take: Callable[..., object], part: str
) -> None:
    """Stages go by the time of wav.scp, whose text is as before, and so are all lengths."""
    path = str(tmp_path / "x.wav")
    soundfile.write(path, np.stack([tone(1), -0.5 * tone(1)], 1), 16000)
    source, org = data_dir(tmp_path / "data", {"u": path, "v": path}), tmp_path / "org"
    raw = tmp_path / (part or "raw")

    def is_new(channel: int) -> bool:
        format_dir(source, org, channel=channel)
        take(org, raw)
        return (raw / "wav.scp").stat().st_mtime > 1000

    assert is_new(1)
    for file in (*org.iterdir(), *raw.iterdir()):
        os.utime(file, (1000, 1000))
    assert not is_new(1)
    assert is_new(2)
    assert DataDir.read(raw).tables["utt2num_samples"] == {"u": "16000", "v": "16000"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("text", "a ciao\n", "text: has no line for 'b'; run fix_data_dir"),
        ("utt2lang", "b it\n", "utt2lang: has no line for 'a'; run fix_data_dir"),
        ("text.phn", "a tS a o\n", "text.phn: has no line for 'b'; make it again (stage 5)"),
        ("utt2num_samples", "a 9\nb x\n", "utt2num_samples: 'b' has 'x', not a positive number"),
    ],
)
def test_a_table_that_does_not_fit_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, said: str
) -> None:
    folder = dump(tmp_path / "1", ["a", "b"])
    (folder / "text.phn").write_text("a tS a o\nb tS a o\n")
    (folder / name).write_text(text)
    argv = ["--in_dir", str(folder), "--out_dir", str(tmp_path / "out"), "--token_file", "text.phn"]
    assert filter_data.main(argv) == 1
    assert f"{folder}/{said}" in capsys.readouterr().err
