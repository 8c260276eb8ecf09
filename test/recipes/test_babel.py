"""BABEL: splits, and data folders of the miniature corpus."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from corpora import babel
from corpora.sphere import sphere
from make_audio import tone
from whole_recipe import corpus_of

import babel_prepare
import babel_split
from asrkit.files import DataError
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.kaldi.utterances import Utterance
from asrkit.kaldi.validate import validate

corpus = corpus_of(babel.make)


def prepare(corpus: Path, data: Path, lang: str, *options: str) -> int:
    where = ["--lang", lang, "--babel", str(corpus), "--data", str(data)]
    return babel_prepare.main([*where, *options])


# -- Splits


def talk(speakers: int, calls: int = 3) -> list[Utterance]:
    return [
        Utterance(
            f"404_{n:05d}_{end}_{call}", f"404_{n:05d}_{end}", "a", "b", "r", (0.0, 1.0 + n % 7)
        )
        for n in range(speakers)
        for end in "AB"
        for call in range(calls)
    ]


def seconds(utterances: list[Utterance]) -> float:
    return sum(map(babel_split.length, utterances))


def test_a_tenth_without_common_voices() -> None:
    everything = talk(200)
    train, valid = babel_split.split(everything, "speaker")
    assert 0.09 < seconds(valid) / seconds(everything) < 0.11
    numbers = [{u.speaker.split("_")[1] for u in part} for part in (train, valid)]
    assert not numbers[0] & numbers[1]
    assert {u.speaker[-1] for u in valid} == {"A", "B"}  # both ends of a call
    assert sorted(train + valid) == sorted(everything)
    assert babel_split.split(everything, "speaker")[1] == valid
    assert babel_split.split(everything, "speaker", seed=1)[1] != valid


def test_a_tenth_of_the_utterances_shares_voices() -> None:
    everything = talk(200)
    train, valid = babel_split.split(everything, "utterance")
    assert 0.09 < seconds(valid) / seconds(everything) < 0.11
    assert {u.speaker for u in valid} & {u.speaker for u in train}


def test_one_speaker_cannot_be_split() -> None:
    with pytest.raises(DataError, match="1 speakers cannot be split"):
        babel_split.split(talk(1), "speaker")
    assert len(babel_split.split(talk(1), "utterance")[1]) == 1
    with pytest.raises(DataError, match="speaker, utterance"):
        babel_split.split(talk(3), "random")


# -- Data folders


def test_three_valid_folders_and_every_fault_by_line(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted((p, p.stat().st_mtime_ns) for p in corpus.rglob("*"))
    assert prepare(corpus, tmp_path, "ka") == 0
    parts = {name: tmp_path / f"ka_{name}" for name in ("train", "valid", "test")}
    for folder in parts.values():
        assert not validate(folder).errors
    numbers = {n: {s.split("_")[1] for s in read_keyed(p / "spk2utt")} for n, p in parts.items()}
    assert not numbers["train"] & numbers["valid"]
    assert numbers["test"] == set(babel.NUMBERS["dev"])
    assert set(read_keyed(parts["test"] / "utt2lang").values()) == {"ka"}
    rows = [row.split("\t") for row in (tmp_path / "faults/ka.tsv").read_text().splitlines()[1:]]
    kinds = {row[2] for row in rows}
    for fault in babel.FAULTS:
        assert any(kind.startswith(fault) for kind in kinds), fault
    assert {"no audio", "nothing spoken"} <= kinds
    assert all(Path(row[0]).is_file() and row[1].isdigit() for row in rows)
    told = capsys.readouterr()
    assert "_outLine.txt:2: time marks out of order: segment 0-9000 s left out" in told.err
    assert "8 training sides, 518 in Kaldi's lists" in told.err
    assert "4 dev sides, 124 in" in told.err
    assert "1 untranscribed training sides, 535 in" in told.err
    assert "ka: time marks out of order: 2" in told.out
    assert "the paper fine-tunes on 46 h" in told.out
    texts = [(folder / "text").read_bytes() for folder in parts.values()]
    assert prepare(corpus, tmp_path, "ka") == 0
    assert [(folder / "text").read_bytes() for folder in parts.values()] == texts
    assert sorted((p, p.stat().st_mtime_ns) for p in corpus.rglob("*")) == before


def test_segments_and_texts_of_a_side(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path, "sw", "--valid_share", "0.3") == 0
    train = tmp_path / "sw_train"
    text, segments = read_keyed(train / "text"), read_keyed(train / "segments")
    key = "202_11096_A_20130112_103011_000000"
    assert segments[key].startswith("BABEL_OP2_202_11096_20130112_103011_inLine 0.000 ")
    assert read_keyed(train / "utt2spk")[key] == "202_11096_A"
    assert not re.search("[<(]", text[key])  # these tags are noises
    assert sum("<hes>" in line.split() for line in text.values()) >= 1


def test_other_codes_and_romanized_words(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path, "yue", "--roman", "true") == 0
    assert set(read_keyed(tmp_path / "yue_train/utt2lang").values()) == {"yue"}
    assert all(line.endswith("roman") for line in read_keyed(tmp_path / "yue_test/text").values())


def test_romanized_words_are_looked_up_as_such(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "lexicon.txt").write_text("字\troman\tz i\n词\n", "utf-8")
    options = ["--roman", "true", "--tags", "kaldi", "--lexicon", str(tmp_path / "lexicon.txt")]
    assert prepare(corpus, tmp_path, "yue", *options) == 0
    assert all(line.endswith("roman") for line in read_keyed(tmp_path / "yue_test/text").values())


def test_kaldi_policy_reads_the_lexicon_of_the_pack(corpus: Path, tmp_path: Path) -> None:
    assert prepare(corpus, tmp_path, "sw", "--tags", "kaldi") == 0
    train = " ".join(read_keyed(tmp_path / "sw_train/text").values()).split()
    train += " ".join(read_keyed(tmp_path / "sw_valid/text").values()).split()
    lexicon = corpus / babel.RELEASES["202"].root / "conversational/reference_materials/lexicon.txt"
    words = {line.split("\t")[0] for line in lexicon.read_text("utf-8").splitlines()}
    marks = {"<hes>", "<oov>", "<noise>", "<v-noise>", "<silence>"}
    assert set(train) - marks <= words
    assert {"<oov>", "<noise>", "<v-noise>", "<silence>"} <= set(train)


def test_sides_of_a_list(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [f"BABEL_OP2_202_{n}_2013{d}_inLine" for n, d in (
        ("10161", "0112_103010"), ("37210", "0312_103037"))]  # fmt: skip
    (tmp_path / "llp").write_text(f"{ids[0]}\n{ids[1]}.sph\n")
    options = ["--train_list", str(tmp_path / "llp")]
    assert prepare(corpus, tmp_path, "sw", *options) == 0
    recordings = [read_keyed(tmp_path / f"sw_{name}/wav.scp") for name in ("train", "valid")]
    assert sorted({**recordings[0], **recordings[1]}) == ids
    assert "2 training sides, 128 in Kaldi's lists" in capsys.readouterr().err
    (tmp_path / "llp").write_text("BABEL_OP2_202_99999_20130112_103010_inLine\n")
    assert prepare(corpus, tmp_path, "sw", *options) == 1
    assert "1 sides of --train_list are not there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lang", "ka"], "where is BABEL? Give --babel FOLDER"),
        (["--lang", "ka", "--babel", "/nowhere"], "/nowhere: no such folder"),
        (["--lang", "ka", "--packs", "404"], "--packs is CODE=FOLDER"),
        (["--lang", "tp", "--babel", "/"], "--lang tp: write tpi"),
        (["--lang", "404", "--babel", "/"], "--lang 404: write ka"),
        (["--lang", "it", "--babel", "/"], "no language 'it'"),
    ],
)
def test_bad_options(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert babel_prepare.main([*options, "--data", str(tmp_path / "data")]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_options_that_need_the_corpus(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(corpus, tmp_path / "data", "sw", "--tags", "mine") == 1
    assert "--tags is one of xlsr, kaldi, lhotse" in capsys.readouterr().err
    options = ["--tags", "kaldi", "--lexicon", str(tmp_path / "none")]
    assert prepare(corpus, tmp_path / "data", "sw", *options) == 1
    assert "needs it, or give --lexicon" in capsys.readouterr().err
    assert prepare(corpus, tmp_path / "data", "sw", "--lexicon", "x") == 1
    assert "--lexicon has no use with --tags xlsr" in capsys.readouterr().err
    assert prepare(corpus, tmp_path / "data", "sw", "--valid_split", "none") == 1
    assert not (tmp_path / "data").exists()
    folder = corpus / babel.RELEASES["404"].root
    arguments = ["--lang", "ka", "--data", str(tmp_path / "data"), "--packs", f"georgian={folder}"]
    assert babel_prepare.main(arguments) == 0


def test_shorten_over_mu_law_becomes_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a b.sph"
    data = sphere(tone(1, 8000), 8000, "shorten")
    head = data[:1024].replace(b"-s26 pcm,", b"-s27 ulaw,").rstrip().ljust(1024)
    path.write_bytes(head + data[1024:])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="with sph2pipe on the PATH this is done here"):
        babel_prepare.source_of(path)
    (tmp_path / "sph2pipe").write_text("#!/bin/sh\n")
    (tmp_path / "sph2pipe").chmod(0o755)
    assert babel_prepare.source_of(path) == f"sph2pipe -f wav -p '{path}' |"
    path.write_bytes(data)
    assert babel_prepare.source_of(path) == str(path)
