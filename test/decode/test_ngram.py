from pathlib import Path

import pytest
from decode.toy import TOKENS, scores

from asrkit.bin import train_ngram as program
from asrkit.decode.beam import BeamDecoder
from asrkit.decode.ngram import MissingLmplz, NgramError, NgramOptions, find_tool, train_ngram
from asrkit.decode.overlap import OverlapError
from asrkit.files import DataError

LINES = ["ab cd", "ab cd ab", "cd ab", "ab ab cd"] * 3


def _has_lmplz() -> bool:
    try:
        find_tool("lmplz")
        find_tool("build_binary")
    except MissingLmplz:
        return False
    return True


needs_lmplz = pytest.mark.skipif(not _has_lmplz(), reason="no lmplz: make -C tools lmplz")


@needs_lmplz
@pytest.mark.parametrize("name", ["lm.arpa", "lm.bin"])
def test_small_texts_fall_back_to_fixed_discounts(tmp_path: Path, name: str) -> None:
    report = train_ngram(LINES, tmp_path / name, options=NgramOptions(order=4, memory="64M"))
    assert (report.lines, report.tokens, report.fallback) == (12, 30, True)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    decoder = BeamDecoder(
        TOKENS, lexicon={"ab": [("a", "b")], "cd": [("c", "d")]}, lm=tmp_path / name
    )
    assert decoder(scores("ab-cd"))[0].words == ["ab", "cd"]


@needs_lmplz
def test_pruning_and_vocabulary(tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text("ab\n", encoding="utf-8")
    options = NgramOptions(order=2, prune=(0, 7), memory="64M", limit_vocab=words)
    train_ngram([*LINES, "ab"], tmp_path / "lm.arpa", options=options)
    text = (tmp_path / "lm.arpa").read_text("utf-8")
    assert "ngram 1=4" in text and "\tcd" not in text  # <unk> <s> </s> ab
    assert "ngram 2=2" in text or "ngram 2=1" in text


@needs_lmplz
@pytest.mark.parametrize(
    ("lines", "said"), [([], "no text"), (["a <unk> b"], "<unk>"), ([" "], "no text")]
)
def test_bad_texts(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(NgramError, match=said):
        train_ngram(lines, tmp_path / "lm.bin", options=NgramOptions())
    assert list(tmp_path.iterdir()) == []


@needs_lmplz
def test_failures_of_lmplz_are_reported(tmp_path: Path) -> None:
    with pytest.raises(NgramError, match=r"KenLM failed: .*prun"):
        train_ngram(LINES, tmp_path / "lm.bin", options=NgramOptions(order=2, prune=(0, 3, 1)))
    with pytest.raises(NgramError, match="order is 2 to 6"):
        train_ngram(LINES, tmp_path / "lm.bin", options=NgramOptions(order=7))


def test_a_full_disk_names_the_model_and_no_file_of_lmplz(tmp_path: Path) -> None:
    lmplz = tmp_path / "lmplz"
    lmplz.write_text("#!/bin/sh\necho 'No space left on device in /x/5zr (deleted)' >&2; exit 1\n")
    lmplz.chmod(0o755)
    told = rf"^{tmp_path}/lm/2\.arpa: cannot be written \(No space left on device\)"
    with pytest.raises(DataError, match=told):
        train_ngram(LINES, tmp_path / "lm/2.arpa", options=NgramOptions(), lmplz=lmplz)
    assert [*(tmp_path / "lm").iterdir()] == []


def test_a_list_of_words_that_the_text_has_not_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("AB\nCD\n")
    options = NgramOptions(limit_vocab=tmp_path / "words")
    with pytest.raises(OverlapError, match=r"2 of 2 words of .*words are not in the text: AB CD; "):
        train_ngram(LINES, tmp_path / "lm.arpa", options=options, lmplz="/bin/true")
    (tmp_path / "words").write_text("\n")
    with pytest.raises(NgramError, match="holds no word"):
        train_ngram(LINES, tmp_path / "lm.arpa", options=options, lmplz="/bin/true")
    assert [path.name for path in tmp_path.iterdir()] == ["words"]


def test_without_lmplz_the_exit_code_is_three(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--lmplz", str(tmp_path / "none")]
    assert program.main([*options, "--check"]) == 3
    assert program.main([*options, "--out", str(tmp_path / "lm.bin")]) == 3
    message = capsys.readouterr().err
    assert message.startswith("skipped: ") and "make -C tools lmplz" in message


@needs_lmplz
def test_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text").write_text("u Ab, cd!\nv ab\n", encoding="utf-8")
    (tmp_path / "plain").write_text("cd ab\n\n", encoding="utf-8")
    options = ["--text", str(tmp_path / "text"), "--plain", str(tmp_path / "plain"), "--lang", "it"]
    out = tmp_path / "lm" / "2.arpa"
    assert program.main([*options, "--order", "2", "--memory", "64M", "--out", str(out)]) == 0
    assert "2-gram of 5 tokens in 3 lines" in capsys.readouterr().out
    assert program.main(options) == 1


@needs_lmplz
def test_an_ngram_of_own_text_in_one_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Sentences in asrkit's spelling; what was left out is told."""
    text = tmp_path / "letters.txt"
    lines = ["Cara Anna, come stai? Io sto bene!", "Scrivi a anna@example.org.", "Ciao", "123"]
    text.write_text("\n".join(lines), encoding="utf-8")
    assert program.main([str(text), "--lang", "it", "--order", "2", "--memory", "64M"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "sentences kept 3" in told and "dropped: a web or mail address 1" in told
    assert "dropped: digits 1" in told and "letters.bin: 2-gram of 8 tokens in 3 lines" in told
    words = {word: [("a",)] for word in "cara anna come stai io sto bene ciao".split()}
    decoder = BeamDecoder(TOKENS, lexicon=words, lm=tmp_path / "letters.bin")
    assert all("n-gram" not in note and "letters.bin" not in note for note in decoder.notes)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letters.bin", "letters.txt"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["x.txt"], "TEXT needs --lang"),
        (["x.txt", "--lang", "it", "--plain", "y"], "--plain has no use beside TEXT"),
        (["--plain", "y"], "give --out"),
        (["x.bin", "--lang", "it"], "x.bin: is one of the texts, too"),
        (["--plain", "y", "--out", "./y"], "y: is one of the texts, too"),
    ],
)
def test_wrong_options_of_own_text(argv, message, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(program, "find_tool", lambda *_: Path("lmplz"))
    assert program.main(argv) != 0
    assert message in capsys.readouterr().err
