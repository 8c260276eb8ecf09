"""Texts of n-best lists: least risk of one system, the vote of several, weights on a valid set."""

from __future__ import annotations

import json
import math

import pytest

from asrkit.bin import combine_hypotheses
from asrkit.decode.combine import Weights, choose, combined
from asrkit.decode.nbest import Scored, write_nbest
from asrkit.files import DataError
from asrkit.kaldi.kaldi_text import read_keyed


def lists(*texts: tuple[str, float]) -> list[Scored]:
    return [Scored(tuple(text.split()), math.log(share)) for text, share in texts]


RISKY = {"u1": lists(("a b c", 0.4), ("x y c", 0.3), ("x z c", 0.3))}
SURE = {"u1": lists(("a b c", 1.0))}


@pytest.fixture
def files(tmp_path):
    for name, rows in {"risky": RISKY, "sure": SURE}.items():
        write_nbest(tmp_path / name, rows.items())
    (tmp_path / "ref").write_text("u1 x y <noise> c\n")
    return tmp_path


def test_one_system_and_several():
    assert combined([RISKY], Weights(scale=1.0)) == {"u1": ["x", "y", "c"]}
    assert combined([RISKY], Weights(scale=2.0)) == {"u1": ["a", "b", "c"]}
    # of the first x y c with shares 0.6, 0.3, 1: against a b c with 1, and one vote each
    assert combined([RISKY, SURE], Weights(scale=1.0)) == {"u1": ["a", "b", "c"]}
    assert combined([RISKY, SURE], Weights(scale=1.0, alpha=1.0)) == {"u1": ["x", "y", "c"]}


def test_weights_are_chosen_by_errors():
    rate, best = choose([RISKY], {"u1": "x y c"})[0]
    assert rate == 0 and best.scale <= 1
    rate, best = choose([RISKY], {"u1": "a b c"})[0]
    assert rate > 0  # no scale of the grid is so high
    assert choose([RISKY, SURE], {"u1": "a b c"})[0][0] == 0


def test_the_program(files, capsys):
    nbest = ["--nbest", str(files / "risky"), str(files / "sure")]
    chosen = ["--choose", str(files / "w.json"), "--ref", str(files / "ref")]
    assert combine_hypotheses.main([*nbest, *chosen]) == 0
    assert json.loads((files / "w.json").read_text())["rate"] == 0
    out = ["--output_dir", str(files / "out"), "--weights", str(files / "w.json")]
    assert combine_hypotheses.main([*nbest, *out]) == 0
    assert read_keyed(files / "out" / "hyp.text") == {"u1": "x y c"}
    assert json.loads((files / "out" / "decoding.json").read_text())["decode"] == "combined"
    capsys.readouterr()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "give --output_dir, or --choose and --ref"),
        (["--choose", "x"], "give --output_dir, or --choose and --ref"),
        (["--output_dir", "x", "--alpha", "0.1"], "--alpha has no use with one system"),
        (["--output_dir", "x", "--scale", "0"], "scale is above 0"),
        (["--output_dir", "x", "--weights", "ref"], "ref: no weights of a combination"),
    ],
)
def test_wrong_options_are_refused(files, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(files)
    assert combine_hypotheses.main(["--nbest", "risky", *argv]) != 0
    assert message in capsys.readouterr().err
    assert not (files / "x").exists()


def test_other_utterances_are_refused(files, capsys):
    write_nbest(files / "other", {"u2": SURE["u1"]}.items())
    argv = ["--nbest", str(files / "risky"), str(files / "other"), "--output_dir", "x"]
    assert combine_hypotheses.main(argv) == 1
    assert "2 utterances are in one of them alone, such as u1" in capsys.readouterr().err
    with pytest.raises(DataError, match="must be the same"):
        choose([RISKY], {"u3": "a"})
