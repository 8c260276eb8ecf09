"""Audio labeled by a model: what is kept, what it says, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from random_model import LOGMEL, save_random

from asrkit.audio.reading import decode
from asrkit.bin import label_data
from asrkit.decode.labels import guess_of
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.transcript import Token, Word

CLIPS = sorted((Path(__file__).parents[1] / "corpora" / "clips").glob("it/*.opus"))[:4]
LEXICON = {"ab": "a b", "acid": "a c d", "bed": "b e d", "face": "f a c e", "fe": "f e"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    lexicon = "".join(f"{word}\t{phones}\n" for word, phones in LEXICON.items())
    (folder / "lexicon.txt").write_text(lexicon)
    # a model that has learned nothing writes few words unless it is paid for them
    (folder / "weights.json").write_text('{"lm_weight": 0, "word_score": 20}')
    return save_random(folder / "exp", "logmel", LOGMEL, {}, "text.phn")


@pytest.fixture
def data(tmp_path):
    """Four clips of one speaker with texts that no label may repeat."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = {name: [] for name in ("wav.scp", "text", "text.phn", "utt2spk", "utt2num_samples")}
    for number, clip in enumerate(CLIPS):
        samples = decode(clip).samples
        soundfile.write(folder / f"{number}.flac", samples, 16_000)
        rows["wav.scp"].append(f"u{number} {folder}/{number}.flac")
        rows["text"].append(f"u{number} secret")
        rows["text.phn"].append(f"u{number} s e c r e t")
        rows["utt2spk"].append(f"u{number} s")
        rows["utt2num_samples"].append(f"u{number} {len(samples)}")
    for name, lines in rows.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


def labeled(model: Path, data: Path, *options: str) -> tuple[int, Path]:
    out = data.parent / "out"
    argv = ["--model", str(model), "--in_dir", str(data), "--out_dir", str(out), *options]
    return label_data.main(argv), out


def words(model: Path) -> list[str]:
    files = (model.parent / "lexicon.txt", model.parent / "weights.json")
    return ["--lexicon", str(files[0]), "--weights", str(files[1])]


def test_words_and_their_tokens_replace_the_texts(model, data):
    status, out = labeled(model, data, *words(model), "--min_confidence", "0")
    assert status == 0
    text, tokens = read_keyed(out / "text"), read_keyed(out / "text.phn")
    assert sorted(text) == ["u0", "u1", "u2", "u3"]
    for name, line in text.items():
        assert tokens[name] == " ".join(LEXICON[word] for word in line.split())
    assert read_keyed(out / "wav.scp") == read_keyed(data / "wav.scp")
    assert (out / "spk2utt").read_text() == "s u0 u1 u2 u3\n"


def test_only_the_surest_are_kept_and_what_is_labeled_is_left_out(model, data, capsys):
    _, out = labeled(model, data, *words(model), "--min_confidence", "0")
    sure = {name: float(value) for name, value in read_keyed(out / "utt2confidence").items()}
    least, *rest = sorted(sure, key=lambda name: sure[name])
    between = (sure[least] + sure[rest[0]]) / 2
    assert labeled(model, data, *words(model), "--min_confidence", f"{between}")[0] == 0
    assert sorted(read_keyed(out / "text")) == sorted(rest)
    assert "3 of 4 utterances, " in capsys.readouterr().out
    other = data.parent / "other"
    other.mkdir()
    (other / "utt2spk").write_text(f"{rest[0]} s\n")
    args = [*words(model), "--min_confidence", f"{between}", "--without", str(other)]
    assert labeled(model, data, *args)[0] == 0
    assert sorted(read_keyed(out / "text")) == sorted(rest[1:])


def test_phones_without_a_lexicon_have_no_words(model, data):
    _, out = labeled(model, data, *words(model), "--min_confidence", "0")
    assert (out / "text").exists()
    status, out = labeled(model, data, "--decode", "greedy", "--min_confidence", "0")
    assert status == 0 and not (out / "text").exists()
    assert set(" ".join(read_keyed(out / "text.phn").values())) <= set("abcdef ")


def test_words_of_subword_units_are_put_together(data, tmp_path):
    """``text`` alone: stage 5 makes units of it again."""
    units = save_random(tmp_path / "exp", "logmel", LOGMEL, {}, "text.bpe30")
    status, out = labeled(units, data, "--min_confidence", "0")
    assert status == 0 and not list(out.glob("text.*"))
    assert set("".join(read_keyed(out / "text").values())) <= set("abcdef")


def test_what_the_search_does_not_use_is_refused(model, data, capsys):
    lexicon, weights = words(model)[1::2]
    for options, message in {
        ("--lm", lexicon): f"--lm {lexicon}: has no use with --decode greedy",
        ("--weights", weights): "--weights has no use with --decode greedy",
        ("--nj", "2"): "--nj has no use with --decode greedy",
        ("--decode", "free", "--lexicon", lexicon): "has no use with --decode free",
        ("--decode", "free", "--weights", weights): "--weights has no use with --decode free and",
        ("--decode", "lexicon", "--lexicon", lexicon, "--lm", lexicon): "--lm",
    }.items():
        status, out = labeled(model, data, *options)
        assert status == 1 and message in capsys.readouterr().err and not out.exists()


def test_nothing_is_left_of_an_earlier_call(model, data):
    """Of audio that has no text, either."""
    for name in ("text", "text.phn"):
        (data / name).unlink()
    _, out = labeled(model, data, *words(model), "--min_confidence", "0")
    assert (out / "text").exists()
    (out / "text.char").write_text("u0 a\n")
    assert labeled(model, data, "--decode", "greedy", "--min_confidence", "0")[0] == 0
    assert not (out / "text").exists() and not (out / "text.char").exists()
    assert (out / "text.phn").exists()


def test_confidence_is_the_mean_of_the_words():
    tokens = (Token("x", 0, 1), Token("y", 0, 1))
    said = [Word("a", 0, 1, 0.5, tokens), Word("b", 0, 1, 1.0, tokens)]
    assert guess_of(said) == ("a b", "x y x y", 0.75)


def test_a_model_that_does_not_say_what_its_tokens_are(data, tmp_path, capsys):
    nameless = save_random(tmp_path / "exp", "logmel", LOGMEL, {})
    assert labeled(nameless, data, "--min_confidence", "0")[0] == 1
    assert "its configuration names no token_file" in capsys.readouterr().err


def test_refusals(model, data, capsys):
    assert labeled(model, data, *words(model), "--min_confidence", "1")[0] == 1
    said = capsys.readouterr().err
    assert "of 4 utterances none has a confidence of 1 or more, the surest 0." in said
    assert labeled(model, data, "--without", str(data))[0] == 1
    assert "every utterance is labeled already" in capsys.readouterr().err
    assert labeled(model, data, "--min_confidence", "2")[0] == 1
    assert "between 0 and 1, not 2" in capsys.readouterr().err
    argv = ["--model", str(model), "--in_dir", str(data), "--out_dir", str(data)]
    assert label_data.main(argv) == 1
    assert "is an input too" in capsys.readouterr().err
    assert labeled(model, data, "--decode", "greedy", "--lang", "it")[0] == 1
    assert "--lang has no use with --decode greedy" in capsys.readouterr().err
