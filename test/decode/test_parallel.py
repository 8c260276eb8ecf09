from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from decode.toy import TOKENS, scores, unigram_arpa, unsure

from asrkit.bin import tune_lm
from asrkit.decode.beam import BeamDecoder, DecodeError
from asrkit.decode.lexicon import LexiconError, write_lexicon
from asrkit.decode.parallel import BeamTask, decode_many, load_scores, save_scores
from asrkit.decode.prior import LabelPrior
from asrkit.decode.tune import tune
from asrkit.shards import stamp

LEXICON = {"ab": [("a", "b")], "cd": [("c", "d")], "abcd": [("a", "b", "c", "d")]}


@pytest.fixture
def task(tmp_path: Path) -> BeamTask:
    TOKENS.write(tmp_path / "tokens.txt")
    write_lexicon(tmp_path / "lexicon.txt", LEXICON)
    options = {"lexicon": tmp_path / "lexicon.txt", "word_score": -0.1}
    return BeamTask(tmp_path / "tokens.txt", options)


def test_two_processes_give_what_one_gives(task: BeamTask) -> None:
    frames = ["a-b", "c-d-", "ab-cd", "", "abab"] * 4
    rows = [(f"u{n}", scores(row)) for n, row in enumerate(frames)]
    one = list(decode_many(task, rows))
    two = list(decode_many(task, iter(rows), nj=2))
    assert one == two and [key for key, _ in one] == [key for key, _ in rows]
    assert one[2][1][0].words == ["abcd"]


def test_what_hypotheses_depend_on(task: BeamTask, tmp_path: Path) -> None:
    """By this it is known whether what another run made may stay."""
    path = LabelPrior(1, dict.fromkeys(TOKENS.symbols, 0.1)).write(tmp_path)
    plain, with_prior = task.known(), replace(task, prior=path, prior_weight=0.5).known()
    assert plain["lexicon"][0] == str(tmp_path / "lexicon.txt") and plain["word_score"] == -0.1
    assert with_prior == {**plain, "prior": list(stamp(path)), "prior_weight": 0.5}


def test_an_error_in_a_process_arrives(task: BeamTask, tmp_path: Path) -> None:
    with pytest.raises(LexiconError):
        list(decode_many(BeamTask(task.token_list, {"lexicon": tmp_path / "no"}), []))
        list(decode_many(BeamTask(task.token_list, {"lexicon": tmp_path / "no"}), [], nj=2))
    with pytest.raises(DecodeError, match="NaN"):
        list(decode_many(task, [("u", np.full((2, 6), np.nan))], nj=2))


@pytest.mark.parametrize("nj", [1, 2])
def test_what_the_vocabularies_lack_is_told_once(task: BeamTask, tmp_path: Path, nj: int) -> None:
    (tmp_path / "lexicon.txt").write_text("ab\ta b\nAb\tA b\n", "utf-8")
    said: list[str] = []
    rows = [(f"u{n}", scores("a-b")) for n in range(20)]
    assert len(list(decode_many(task, rows, nj=nj, tell=said.append))) == 20
    assert said == ["1 of 2 pronunciations of the lexicon are left out: the model has no A"]


def test_stored_scores(tmp_path: Path) -> None:
    save_scores(tmp_path / "s.npz", {"file": scores("ab"), "a/b": scores("")})
    stored = load_scores(tmp_path / "s.npz")
    assert list(stored) == ["file", "a/b"] and stored["a/b"].shape == (0, 6)
    np.testing.assert_allclose(stored["file"], scores("ab"), rtol=2e-3)
    (tmp_path / "broken.npz").write_bytes(b"PK")
    (tmp_path / "short.npz").write_bytes((tmp_path / "s.npz").read_bytes()[:-30])
    for name in ("none.npz", "broken.npz", "short.npz"):
        with pytest.raises(DecodeError, match=name):
            load_scores(tmp_path / name)


def _hard_set(tmp_path: Path) -> tuple[BeamDecoder, dict[str, np.ndarray], dict[str, str]]:
    """Without the model "ab" wins by sound; with too much of it, everything is "cd"."""
    arpa = unigram_arpa(tmp_path / "lm.arpa", {"ab": -2.0, "cd": -0.2, "abcd": -4.0})
    decoder = BeamDecoder(TOKENS, lexicon=LEXICON, lm=arpa)
    near = [{"a": 0.5, "c": 0.45}, {"b": 0.5, "d": 0.45}, {"<blank>": 0.9}]
    data = {"near": unsure(near), "clear": scores("a-b", sure=0.999)}
    return decoder, data, {"near": "cd", "clear": "ab"}


def test_what_is_no_file_of_scores(tmp_path: Path) -> None:
    np.save(tmp_path / "s.npy", np.zeros(3))
    for name in ("s.npy", "none"):
        with pytest.raises(DecodeError, match=rf"{name}: no stored log-probabilities"):
            load_scores(tmp_path / name)


def test_tuning_finds_the_middle(tmp_path: Path) -> None:
    decoder, data, refs = _hard_set(tmp_path)
    trials = tune(decoder, data, refs, lm_weights=[0.0, 1.0, 30.0], word_scores=[0.0, 0.1])
    assert (trials[0].lm_weight, trials[0].word_score, trials[0].rate) == (1.0, 0.0, 0.0)
    assert len(trials) == 6 and trials[-1].rate == 50.0
    by_phones = tune(
        decoder,
        data,
        {"near": "c d", "clear": "a b"},
        unit="per",
        lm_weights=[1.0],
        word_scores=[0.0],
    )
    assert by_phones[0].rate == 0.0


def test_tuning_in_two_processes_gives_what_one_gives(tmp_path: Path, task: BeamTask) -> None:
    _, data, refs = _hard_set(tmp_path)
    whole = BeamTask(task.token_list, {**task.options, "lm": tmp_path / "lm.arpa"})
    grid = {"lm_weights": [0.0, 1.0], "word_scores": [0.0]}
    assert tune(whole, data, refs, nj=2, **grid) == tune(whole, data, refs, **grid)
    wrong = BeamTask(task.token_list, {"lexicon": tmp_path / "no"})
    with pytest.raises(LexiconError):
        tune(wrong, data, refs, nj=2, **grid)


def test_ties_go_to_the_smaller_weights(tmp_path: Path) -> None:
    decoder, data, refs = _hard_set(tmp_path)
    data, refs = {"clear": data["clear"]}, {"clear": refs["clear"]}
    trials = tune(decoder, data, refs, lm_weights=[0.5, 0.25], word_scores=[0.1, 0.0])
    assert [trial.rate for trial in trials] == [0.0] * 4
    found = [(trial.lm_weight, trial.word_score) for trial in trials]
    assert found == [(0.25, 0.0), (0.25, 0.1), (0.5, 0.0), (0.5, 0.1)]


def test_marks_are_no_words_to_tune_on(tmp_path: Path) -> None:
    decoder, data, refs = _hard_set(tmp_path)
    marked = {key: f"<hes> {text} <noise>" for key, text in refs.items()}
    grid = {"lm_weights": [0.0, 1.0], "word_scores": [0.0]}
    assert tune(decoder, data, marked, **grid) == tune(decoder, data, refs, **grid)


def test_tuning_needs_the_same_utterances(tmp_path: Path) -> None:
    decoder, data, _ = _hard_set(tmp_path)
    with pytest.raises(DecodeError, match="2 utterances have scores, 1 a reference, 1 both"):
        tune(decoder, data, {"near": "cd"}, lm_weights=[1.0], word_scores=[0.0])
    with pytest.raises(DecodeError, match="grid is empty"):
        tune(decoder, data, dict.fromkeys(data, "x"), lm_weights=[], word_scores=[0.0])
    with pytest.raises(DecodeError, match="nothing to tune on"):
        tune(decoder, data, dict.fromkeys(data, ""), lm_weights=[1.0], word_scores=[0.0])


def test_program(tmp_path: Path, task: BeamTask, capsys: pytest.CaptureFixture[str]) -> None:
    _, data, refs = _hard_set(tmp_path)
    save_scores(tmp_path / "s.npz", data)
    (tmp_path / "ref").write_text("".join(f"{k} {v}\n" for k, v in refs.items()), "utf-8")
    options = ["--scores", "s.npz", "--ref", "ref", "--token_list", "tokens.txt"]
    options += ["--lexicon", "lexicon.txt", "--lm", "lm.arpa", "--out", "tuned.json"]
    options = [str(tmp_path / o) if "." in o or o == "ref" else o for o in options]
    assert tune_lm.main([*options, "--lm_weights", "0", "1", "--word_scores", "0"]) == 0
    assert "lm_weight 1, word_score 0: WER 0.00 %" in capsys.readouterr().out
    assert '"lm_weight": 1.0' in (tmp_path / "tuned.json").read_text("utf-8")
    even = LabelPrior(1, dict.fromkeys(TOKENS.symbols, 0.1)).write(tmp_path)
    prior = ["--prior", str(even), "--prior_weights", "0.5"]
    assert tune_lm.main([*options, "--lm_weights", "1", "--word_scores", "0", *prior]) == 0
    assert "word_score 0, prior_weight 0.5: WER 0.00 %" in capsys.readouterr().out


@pytest.mark.parametrize("unit", ["wer", "cer"])
def test_words_that_no_search_writes_are_nothing_to_tune_on(
    tmp_path: Path, task: BeamTask, capsys: pytest.CaptureFixture[str], unit: str
) -> None:
    options = ["--scores", "none", "--ref", "none", "--token_list", str(task.token_list)]
    assert tune_lm.main([*options, "--unit", unit, "--out", str(tmp_path / "tuned.json")]) == 1
    assert f"--unit {unit}: a search of these tokens" in capsys.readouterr().err
    assert not (tmp_path / "tuned.json").exists()


def test_priors_are_a_weight_among_others(tmp_path: Path, task: BeamTask) -> None:
    """Chosen where they help, and 0 where they do not; the same in several processes."""
    frame = np.log(np.array([[0.3, 0.01, 0.5, 0.15, 0.02, 0.02]], dtype=np.float32))
    shares = (0.5, 0.0, 0.4, 0.05, 0.02, 0.03)
    offsets = LabelPrior(9, dict(zip(TOKENS.symbols, shares, strict=True))).offsets(TOKENS)
    decoder = BeamDecoder(TOKENS, lexicon={"ah": [("a",)], "bee": [("b",)]})
    grid = {"lm_weights": [0.0], "word_scores": [0.0], "prior_weights": [0.0, 0.7]}
    best = tune(decoder, {"x": frame}, {"x": "bee"}, **grid, offsets=offsets)[0]
    assert (best.rate, best.prior_weight) == (0.0, 0.7)
    best = tune(decoder, {"x": frame}, {"x": "ah"}, **grid, offsets=offsets)[0]
    assert (best.rate, best.prior_weight) == (0.0, 0.0)
    _, data, refs = _hard_set(tmp_path)
    grid["lm_weights"] = [0.0, 1.0]
    once = tune(task, data, refs, **grid, offsets=offsets)
    assert len(once) == 4 and once == tune(task, data, refs, **grid, offsets=offsets, nj=2)
