"""A small Transcoder, whole: trained by asr_train.py, from phones to words."""

import io
import json
import math

import numpy as np
import pytest
import torch
from phone_toy import (
    ARPA,
    PHONES,
    WORDS,
    corpus,
    sentences,
    train_args,
    trained_model,
    write_phones,
)

from asrkit.align import align
from asrkit.batch import Padded
from asrkit.bin import asr_train, transcode, tune_transcoder
from asrkit.kaldi.kaldi_text import read_keyed, write_keyed
from asrkit.model_io import ModelError
from asrkit.score.rates import Counts
from asrkit.tokens import TokenList
from asrkit.train.metrics import read_metrics
from asrkit.transcoder.model import Phones2Words
from asrkit.transcoder.options import asked_of, open_transcoder


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def trained(toy, tmp_path_factory):
    return trained_model(toy, tmp_path_factory.mktemp("exp") / "toy")


def spell(words):
    return " ".join(letter for word in words for letter in word)


def test_the_toy_language_is_learned_and_the_folder_is_whole(trained):
    valid = [row for row in read_metrics(trained / "train.jsonl") if row["split"] == "valid"]
    assert valid[-1]["word_error_rate"] < 0.05
    names = {path.name for path in trained.iterdir()}
    assert {"phones.txt", "tokens.txt", "config.yaml", "average.pt", "best.pt"} <= names


def test_phones_become_words_as_soon_as_each_line_is_read(trained, monkeypatch, capsys):
    printed = []

    class Lines(io.StringIO):
        def __next__(self):
            printed.append(capsys.readouterr().out)
            return super().__next__()

    lines = "u1 " + spell(["cab", "dada", "bd"]) + "\n\nu2\nu3 " + spell(["bc"]) + "\n"
    monkeypatch.setattr("sys.stdin", Lines(lines))
    assert transcode.main(["--transcoder", str(trained), "--phones", "-"]) == 0
    # what was printed before each further line was asked for
    assert printed == ["", "u1\tcab dada bd\n", "", "u2\t\n", "u3\tbc\n"]


def test_a_folder_of_phones_is_decoded_in_batches_and_alone(trained, toy, tmp_path):
    for batch in ("1", "7"):
        argv = ["--transcoder", str(trained), "--data_dir", str(toy / "valid")]
        argv += ["--output_dir", str(tmp_path / batch), "--batch_size", batch]
        assert transcode.main(argv) == 0
    one, seven = (read_keyed(tmp_path / batch / "hyp.text") for batch in ("1", "7"))
    wanted = read_keyed(toy / "valid" / "text")
    assert one == seven
    assert sum(one[key] == wanted[key] for key in wanted) >= 19


def test_posteriors_empty_hypotheses_and_nbest(trained, tmp_path):
    folder = write_phones(tmp_path / "soft", sentences(5, seed=9), posteriors=True)
    (folder / "empty").write_text("u9\n")
    argv = ["--transcoder", str(trained), "--data_dir", str(folder), "--nbest", "3"]
    assert transcode.main([*argv, "--output_dir", str(tmp_path / "out")]) == 0
    words = read_keyed(tmp_path / "out" / "hyp.text")
    assert words["u9"] == ""
    assert len(words) == 6
    rows = [json.loads(line) for line in (tmp_path / "out" / "nbest.jsonl").open()]
    assert [row["nbest"][0]["words"] for row in rows] == list(words.values())
    assert len(rows[0]["nbest"]) == 3
    scores = [h["score"] for h in rows[0]["nbest"]]
    assert scores == sorted(scores, reverse=True)


def test_the_weights_of_a_search_are_chosen_on_a_set_and_recorded(trained, tmp_path):
    spoken = sentences(6, seed=3)
    folder, out = write_phones(tmp_path / "valid", spoken), tmp_path / "out"
    (folder / "empty").write_text("u9\n")
    write_keyed(folder / "text", read_keyed(folder / "text") | {"u9": ""})
    (tmp_path / "lm.arpa").write_text(ARPA)
    argv = ["--transcoder", str(trained), "--data_dir", str(folder)]
    lm = ["--lm", str(tmp_path / "lm.arpa")]
    tuned = ["--weights", str(tmp_path / "a" / "tuned.json")]
    grid = ["--lm_weights", "0", "9", "--word_scores", "-30", "0.5"]
    assert tune_transcoder.main([*argv, *lm, *grid, "--lang", "it", "--out", tuned[1]]) == 0
    found = json.loads((tmp_path / "a" / "tuned.json").read_text())
    # an n-gram that knows one word, or a price on words, makes a good model worse
    assert (found["lm_weight"], found["word_score"], len(found["trials"])) == (0, 0.5, 4)
    assert found["trials"][0]["rate"] < found["trials"][1]["rate"]
    assert transcode.main([*argv, *lm, *tuned, "--output_dir", str(out)]) == 0
    record = json.loads((out / "decoding.json").read_text())
    assert (record["lm_weight"], record["word_score"], record["tuned"]) == (0, 0.5, tuned[1])
    (tmp_path / "a" / "tuned.json").write_text("{}")
    assert transcode.main([*argv, *lm, *tuned, "--output_dir", str(out)]) == 1


def test_files_that_a_run_does_not_write_are_not_left_of_an_earlier_one(trained, tmp_path):
    folder, out = write_phones(tmp_path / "hard", sentences(2, seed=9)), tmp_path / "out"
    argv = ["--transcoder", str(trained), "--data_dir", str(folder), "--output_dir", str(out)]
    out.mkdir()
    (out / "hyp.tokens").write_text("u1 heard before\n")
    assert transcode.main([*argv, "--nbest", "2"]) == 0
    assert {path.name for path in out.iterdir()} == {
        "decoding.json",
        "failed",
        "hyp.text",
        "nbest.jsonl",
    }
    assert transcode.main(argv) == 0
    assert {path.name for path in out.iterdir()} == {"failed", "hyp.text"}


def test_shards_are_of_audio(trained, toy, tmp_path, capsys):
    argv = ["--transcoder", str(trained), "--data_dir", str(toy / "valid"), "--split", "2"]
    assert transcode.main([*argv, "--output_dir", str(tmp_path)]) == 1
    assert "--split has no use without --asr_model, --data_dir" in capsys.readouterr().err


def test_a_file_without_phones_is_an_error(trained, tmp_path, capsys):
    (tmp_path / "phones").write_text("")
    options = ["--phones", str(tmp_path / "phones"), "--output_dir", str(tmp_path / "out")]
    assert transcode.main(["--transcoder", str(trained), *options]) == 1
    assert "phones: is empty" in capsys.readouterr().err
    assert not (tmp_path / "out/hyp.text").exists()


def test_unknown_phones_are_read_as_unk_and_counted(trained, tmp_path, capsys):
    (tmp_path / "phones").write_text("u1 ʘ ʘ c a b\n")
    assert transcode.main(["--transcoder", str(trained), "--phones", str(tmp_path / "phones")]) == 0
    printed = capsys.readouterr()
    assert "ʘ=2" in printed.err
    assert printed.out.startswith("u1\t")
    (tmp_path / "phones").write_text("u1 c <blank> a b\n")
    assert transcode.main(["--transcoder", str(trained), "--phones", str(tmp_path / "phones")]) == 0
    assert "<blank>=1" in capsys.readouterr().err


def test_a_duplicate_utterance_is_refused_not_lost(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("u1 c a b\nu1 a\n"))
    argv = ["--transcoder", str(trained), "--phones", "-", "--output_dir", str(tmp_path / "out")]
    assert transcode.main(argv) == 1
    assert "duplicate utterance 'u1'" in capsys.readouterr().err
    assert not (tmp_path / "out" / "hyp.text").exists()


def test_a_word_score_alone_asks_for_a_search(trained):
    def search(*argv):
        args = transcode.get_parser().parse_args(["--transcoder", str(trained), *argv])
        return open_transcoder(args.transcoder, **asked_of(args)).search

    assert search() is None
    assert search("--word_score", "-1").word_score == -1
    assert search("--nbest", "2").nbest == 2


def test_a_million_phones_are_read_in_windows_and_nothing_is_lost(trained):
    model = Phones2Words(trained, max_phones=16)
    words = [WORDS[number] for number in np.random.default_rng(0).integers(len(WORDS), size=400)]
    found = model([model.posteriors(spell(words).split())])[0][0].words
    assert Counts.of(align(words, found)).errors <= 0.05 * len(words)
    silent = Phones2Words(trained, max_phones=1000)
    sizes = []
    silent.objective.candidates = lambda batch, *_, **__: _stars(sizes, batch.posteriors)
    assert silent([np.zeros((1_000_000, 5), np.float32)])[0][0].words == []
    assert max(sizes) == 1000
    assert sum(sizes) == 1_000_000


def _stars(sizes, posteriors: Padded):
    from asrkit.transcoder.objective import Candidates

    sizes.extend(posteriors.lengths.tolist())
    star = torch.zeros(posteriors.data.shape[:2])
    return Candidates(star, star[..., None] - math.inf, star[..., None].long() + 1)


def test_ctc_needs_no_alignment_and_refuses_a_search(toy, tmp_path, capsys):
    out = tmp_path / "ctc"
    argv = train_args(toy, out, "--objective_conf", "{loss: ctc}", "--max_update", "10")
    assert asr_train.main([*argv, "--valid_interval", "10"]) == 0
    argv = ["--transcoder", str(out), "--data_dir", str(toy / "valid")]
    assert transcode.main([*argv, "--output_dir", str(tmp_path / "o")]) == 0
    assert transcode.main([*argv, "--output_dir", str(tmp_path / "p"), "--nbest", "2"]) == 1
    assert "learned by CTC" in capsys.readouterr().err
    assert not (tmp_path / "p" / "hyp.text").exists()


def test_tuning_on_hypotheses_starts_from_the_text_model(trained, toy, tmp_path):
    write_phones(tmp_path / "heard", sentences(30, seed=4), posteriors=True)
    argv = train_args(toy, tmp_path / "tuned", "--max_update", "3", "--valid_interval", "3")
    argv[argv.index("--train_data") + 1] = str(tmp_path / "heard")
    argv += ["--init", str(trained / "average.pt"), "--init_take", "encoder", "head", "gate"]
    argv += ["--set", "objective_conf.gated=true", "--set", "optimizer_conf.lr=0.001"]
    assert asr_train.main(argv) == 0
    assert read_metrics(tmp_path / "tuned" / "train.jsonl")[-1]["word_error_rate"] < 0.1


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "give one of"),
        (["a.wav"], "need --asr_model"),
        (["--phones", "x", "--asr_model", "y"], "phones already"),
        (["--phones", "x", "--nbest", "2"], "needs --output_dir"),
        (["--phones", "x", "--batch_size", "0"], "at least 1"),
        (["--phones", "x", "--weights", "y"], "--weights has no use without --lm"),
        (["my a.wav", "--asr_model", "y", "--output_dir", "z"], "'my a.wav' holds white space"),
        (["--phones", "no_such_file"], "no_such_file"),
    ],
)
def test_wrong_options_are_refused(trained, capsys, argv, message):
    assert transcode.main(["--transcoder", str(trained), *argv]) == 1
    assert message in capsys.readouterr().err


def test_other_models_are_refused(tmp_path, trained, toy, capsys):
    with pytest.raises(ModelError, match="no such model"):
        Phones2Words(tmp_path / "no")
    speech = ["--encoder", "logmel", "--encoder_conf", "{}"]
    assert asr_train.main(train_args(toy, tmp_path / "x", *speech)) == 1
    assert "reads speech" in capsys.readouterr().err
    without = train_args(toy, tmp_path / "x")
    at = without.index("--phone_list")
    assert asr_train.main(without[:at] + without[at + 2 :]) == 1
    assert "error" in capsys.readouterr().err
    noisy = train_args(toy, tmp_path / "x", "--phone_noise", str(tmp_path / "no.json"))
    assert asr_train.main(noisy) == 1
    assert "no.json: no such file; score --unit per leaves one" in capsys.readouterr().err
    assert not (tmp_path / "x" / "config.yaml").exists()
    assert PHONES.symbols == TokenList.read(trained / "phones.txt").symbols
