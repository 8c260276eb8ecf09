"""Separate vocabularies: naming, restriction, decoding with and without it, scoring."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from asrkit.bin import score as score_program
from asrkit.bin import separate_tokens, token_list, tune_lm
from asrkit.decode.beam import DecodeError
from asrkit.decode.parallel import BeamTask, save_scores
from asrkit.decode.run import recognize
from asrkit.infer import Speech2Text
from asrkit.tokens import TokenError, TokenList
from asrkit.vocabulary import language_of, languages_in, restrict, with_language, without_language

TOKENS = TokenList.build(["(es)a", "(es)b", "<space>", "(it)a", "(it)b", "(it)<hes>"])


def frames(*names: dict[str, float]) -> np.ndarray:
    """Log-probabilities [T, V] from probabilities by token; the rest is shared evenly."""
    rows = []
    for frame in names:
        rest = (1 - sum(frame.values())) / (len(TOKENS) - len(frame))
        rows.append([math.log(frame.get(symbol, rest)) for symbol in TOKENS.symbols])
    return np.array(rows, np.float32)


# Spanish a beats Italian a, and Italian b is beaten by nothing.
SAID = frames({"(es)a": 0.5, "(it)a": 0.4}, {"<blank>": 0.9}, {"(it)b": 0.8, "(es)b": 0.1})


def model(kind: str = ".phn_separate") -> Speech2Text:
    words = Speech2Text.words
    made = SimpleNamespace(tokens=TOKENS, token_file=f"text{kind}")
    made.words = lambda symbols: words(cast(Speech2Text, made), symbols)
    return cast(Speech2Text, made)


def test_names_go_on_and_come_off() -> None:
    assert with_language("ʃ", "en") == "(en)ʃ"
    assert with_language("<space>", "en") == "<space>"
    assert without_language("(en)ʃ") == "ʃ"
    assert without_language("(en)(") == "("
    for plain in ("a", "<space>", "(", "()", "(a)", "a(b)c"):
        assert without_language(plain) == plain
        assert language_of(plain) is None
    with pytest.raises(TokenError, match="names a language already"):
        with_language("(en)a", "it")


def test_a_vocabulary_knows_its_languages() -> None:
    assert languages_in(TOKENS) == ["es", "it"]
    assert languages_in(TokenList.build(["a", "(it)b"])) == []
    assert languages_in(TokenList.build(["a", "b", "<space>"])) == []


def test_one_language_of_it() -> None:
    part = restrict(TOKENS, "it")
    assert part.tokens.symbols == ["<blank>", "<unk>", "<space>", "a", "b", "<hes>"]
    assert part.columns.tolist() == [0, 1, 4, 5, 6, 7]
    assert TOKENS.decode(part.whole([3, 2])) == ["(it)a", "<space>"]
    with pytest.raises(TokenError, match=r"no tokens of 'fr' alone: it has es, it"):
        restrict(TOKENS, "fr")
    with pytest.raises(TokenError, match="all languages share its tokens"):
        restrict(TokenList.build(["a"]), "it")


def test_best_path_with_and_without_restriction() -> None:
    rows = [("u", SAID), ("v", SAID)]
    free = list(recognize(model(), rows, None, 1))
    assert [r.tokens for r in free] == [["(es)a", "(it)b"]] * 2
    own = list(recognize(model(), rows, None, 1, {"u": "it", "v": "es"}))
    assert [r.tokens for r in own] == [["(it)a", "(it)b"], ["(es)a", "(es)b"]]


def test_characters_become_words_without_names() -> None:
    (found,) = recognize(model(".char_separate"), [("u", SAID)], None, 1, {"u": "it"})
    assert (found.tokens, found.words) == (["(it)a", "(it)b"], ["ab"])


def beam(tmp_path: Path, **options: Any) -> BeamTask:
    TOKENS.write(tmp_path / "tokens.txt")
    return BeamTask(tmp_path / "tokens.txt", options)


def test_beam_search_of_one_language(tmp_path: Path) -> None:
    (free,) = recognize(model(), [("u", SAID)], beam(tmp_path), 1)
    assert free.tokens == ["(es)a", "(it)b"]
    (own,) = recognize(model(), [("u", SAID)], beam(tmp_path), 1, {"u": "it"})
    assert own.tokens == ["(it)a", "(it)b"]
    with pytest.raises(DecodeError, match="cannot decode es, it together"):
        list(recognize(model(), [("u", SAID)], beam(tmp_path), 1, {"u": "it", "v": "es"}))


def test_lexicons_hold_plain_tokens(tmp_path: Path) -> None:
    (tmp_path / "lexicon").write_text("ab\ta b <space>\n".replace(" <space>", ""))
    task = beam(tmp_path, lexicon=tmp_path / "lexicon", word_score=0.0)
    (found,) = recognize(model(), [("u", SAID)], task, 1, {"u": "it"})
    assert (found.tokens, found.words) == (["(it)a", "(it)b"], ["ab"])


def test_weights_are_tuned_on_the_language(tmp_path: Path) -> None:
    save_scores(tmp_path / "s.npz", {"u": SAID})
    beam(tmp_path)
    (tmp_path / "ref").write_text("u a b\n")
    options = ["--scores", "s.npz", "--ref", "ref", "--token_list", "tokens.txt", "--out", "x.json"]
    options = [o if o[0] == "-" else str(tmp_path / o) for o in options]
    options += ["--unit", "per"]
    assert tune_lm.main([*options, "--lang", "it", "--restrict_langs", "true"]) == 0
    assert json.loads((tmp_path / "x.json").read_text())["rate"] == 0.0
    assert tune_lm.main(options) == 0
    assert json.loads((tmp_path / "x.json").read_text())["rate"] == 100.0


def folder(tmp_path: Path) -> Path:
    (tmp_path / "text.phn").write_text("a-1 a b <space> a\nb-1 b\n")
    (tmp_path / "utt2lang").write_text("a-1 it\nb-1 es\n")
    return tmp_path


def test_program_and_token_list(tmp_path: Path) -> None:
    out = folder(tmp_path) / "text.phn_separate"
    assert separate_tokens.main(["--data_dir", str(tmp_path), "--out", str(out)]) == 0
    assert out.read_text() == "a-1 (it)a (it)b <space> (it)a\nb-1 (es)b\n"
    tokens = tmp_path / "tokens.txt"
    assert token_list.main(["--text", str(out), "--out", str(tokens)]) == 0
    assert languages_in(TokenList.read(tokens)) == ["es", "it"]


def test_naming_twice_is_refused_with_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder(tmp_path) / "text.phn").write_text("a-1 a\nb-1 (es)b\n")
    out = tmp_path / "out"
    assert separate_tokens.main(["--data_dir", str(tmp_path), "--out", str(out)]) == 1
    assert "text.phn:2: utterance 'b-1'" in capsys.readouterr().err
    assert not out.exists()


def test_a_missing_language_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder(tmp_path) / "utt2lang").write_text("a-1 it\n")
    arguments = ["--data_dir", str(tmp_path), "--out", str(tmp_path / "out")]
    assert separate_tokens.main(arguments) == 1
    assert "1 utterances have no language" in capsys.readouterr().err


def test_scoring_takes_the_names_off(tmp_path: Path) -> None:
    (tmp_path / "ref").write_text("u a b\n")
    (tmp_path / "hyp").write_text("u (it)a (es)b\n")
    common = ["--unit", "per", "--ref", str(tmp_path / "ref"), "--hyp", str(tmp_path / "hyp")]
    for strip, rate in (("true", 0.0), ("false", 100.0)):
        out = tmp_path / strip
        assert score_program.main([*common, "--out", str(out), "--strip_languages", strip]) == 0
        assert json.loads((out / "score.json").read_text())["micro"] == rate


def test_the_weights_of_a_search_are_recorded_with_its_score(tmp_path: Path) -> None:
    (tmp_path / "ref").write_text("u a b\n")
    (tmp_path / "decoding.json").write_text('{"lm_weight": 1.5, "tuned": "exp/x.json"}')
    common = ["--unit", "per", "--ref", str(tmp_path / "ref"), "--hyp", str(tmp_path / "ref")]
    assert score_program.main([*common, "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out/score.json").read_text())["decoding"]
    assert found == {"lm_weight": 1.5, "tuned": "exp/x.json"}
