from pathlib import Path
from types import ModuleType

import pytest

from asrkit.bin import normalize_text, phonemize, separate_tokens, tokenize, train_bpe
from asrkit.text.tokenize import (
    BpeTokenizer,
    CharTokenizer,
    TokenizeError,
    make_tokenizer,
    train_sentencepiece,
)
from asrkit.tokens import TokenList

LINES = ["il gatto dorme", "il cane corre", "la gatta corre", "un cane dorme", "due gatti"] * 4


@pytest.fixture(scope="module")
def bpe(tmp_path_factory: pytest.TempPathFactory) -> BpeTokenizer:
    prefix = tmp_path_factory.mktemp("bpe") / "m"
    return train_sentencepiece(LINES, prefix, vocab_size=35, mode="bpe")


def test_characters_and_back() -> None:
    tokens = CharTokenizer().encode("l'eau  à")
    assert tokens == ["l", "'", "e", "a", "u", "<space>", "à"]
    assert CharTokenizer().decode(tokens) == ["l'eau", "à"]
    assert CharTokenizer().decode(["<space>", "a", "<space>", "<space>", "b"]) == ["a", "b"]
    assert CharTokenizer().encode("") == []


def test_units_and_back(bpe: BpeTokenizer) -> None:
    for line in LINES:
        assert bpe.decode(bpe.encode(line)) == line.split()
    assert len(bpe.encode("il gatto dorme")) < len("il gatto dorme")
    assert "<unk>" not in bpe.symbols() and len(set(bpe.symbols())) == 34


def test_unigram_units(tmp_path: Path) -> None:
    units = train_sentencepiece(LINES, tmp_path / "u", vocab_size=20, mode="unigram")
    assert units.decode(units.encode("la gatta dorme")) == ["la", "gatta", "dorme"]


@pytest.mark.parametrize("text", ["a <space> b", "a<space>b", "x <blank>", "<unk>"])
def test_reserved_symbols_are_refused(text: str) -> None:
    with pytest.raises(TokenizeError, match="needs for itself"):
        CharTokenizer().encode(text)


def test_the_word_mark_is_refused(bpe: BpeTokenizer, tmp_path: Path) -> None:
    with pytest.raises(TokenizeError, match="\u2581"):
        bpe.encode("a \u2581b")
    with pytest.raises(TokenizeError, match="word mark"):
        train_sentencepiece(["a\u2581b"], tmp_path / "m", vocab_size=5)


@pytest.mark.parametrize("mode", ["bpe", "unigram"])
@pytest.mark.parametrize("long", ["niño " * 900, "niño" * 850, "niño\t" + "kiwi\u00a0" * 900])
def test_long_lines_are_learned_from(tmp_path: Path, mode: str, long: str) -> None:
    units = train_sentencepiece([*LINES, long], tmp_path / "m", vocab_size=21, mode=mode)
    assert "ñ" in units.symbols()
    assert not {"\t", "\u00a0"} & set("".join(units.symbols()))
    assert units.decode(units.encode(long)) == long.split()


def test_a_character_without_a_unit_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TokenizeError, match="unknown characters"):
        train_sentencepiece([*LINES, "ni\u2585o"], tmp_path / "m", vocab_size=35)
    monkeypatch.setattr(BpeTokenizer, "symbols", lambda self: [*"ilgatodume", "cane"])
    with pytest.raises(TokenizeError, match=r"left out characters of the text: \['c', 'n', 'r'\]"):
        train_sentencepiece(LINES, tmp_path / "m", vocab_size=20)


def test_bad_models(tmp_path: Path) -> None:
    (tmp_path / "broken.model").write_bytes(b"not a model")
    with pytest.raises(TokenizeError, match="not a sentencepiece model"):
        BpeTokenizer(tmp_path / "broken.model")
    with pytest.raises(TokenizeError, match="train_bpe makes it"):
        BpeTokenizer(tmp_path / "none.model")
    with pytest.raises(TokenizeError, match="--model"):
        make_tokenizer("bpe")
    with pytest.raises(TokenizeError, match="phn, char, bpe, word"):
        make_tokenizer("syllable")
    with pytest.raises(TokenizeError, match="another --vocab_size"):
        train_sentencepiece(LINES, tmp_path / "m", vocab_size=4000)
    with pytest.raises(TokenizeError, match="no text"):
        train_sentencepiece(["", " "], tmp_path / "m", vocab_size=10)


def test_a_few_prompts_read_by_many_have_units_in_bpe_alone(tmp_path: Path) -> None:
    """Unigram has no unit for a word that the same word always follows: nothing branches there."""
    prompts = ["simba na tembo", "maji ya moto"] * 100
    with pytest.raises(TokenizeError, match="--mode bpe"):
        train_sentencepiece(prompts, tmp_path / "u", vocab_size=30, mode="unigram")
    units = train_sentencepiece(prompts, tmp_path / "b", vocab_size=30, mode="bpe")
    assert len(units.encode("simba na tembo")) < len("simba na tembo")


def _folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "text").write_text(text, encoding="utf-8")
    (tmp_path / "utt2lang").write_text("a it\nb it\n", encoding="utf-8")
    return tmp_path


def test_programs(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "a Il gatto!\nb Un po' di più\n")
    assert tokenize.main(["--data_dir", str(folder)]) == 0
    assert (folder / "text.char").read_text(encoding="utf-8") == (
        "a i l <space> g a t t o\nb u n <space> p o ' <space> d i <space> p i ù\n"
    )
    assert normalize_text.main(["--data_dir", str(folder)]) == 0
    assert (folder / "text.norm").read_text(encoding="utf-8") == "a il gatto\nb un po' di più\n"
    out = tmp_path / "tl"
    plain = tmp_path / "plain"
    plain.write_text("".join(f"{line}\n" for line in LINES), encoding="utf-8")
    options = ["--plain", str(plain), "--lang", "it", "--vocab_size", "20", "--out_dir", str(out)]
    assert train_bpe.main(options) == 0
    assert sorted(path.name for path in out.iterdir()) == ["bpe.model", "bpe.vocab", "tokens.txt"]
    assert len(TokenList.read(out / "tokens.txt")) == 2 + 19
    model = ["--type", "bpe", "--model", str(out / "bpe.model")]
    assert tokenize.main(["--data_dir", str(folder), *model]) == 0
    row = (folder / "text.bpe").read_text(encoding="utf-8").splitlines()[0]
    assert "".join(row.split()[1:]).replace("\u2581", " ").split() == ["il", "gatto"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a il\nb uno <space> due\n", "text:2: utterance 'b'"),
        ("a il\nb !!\n", "text:2: utterance 'b' gives no tokens"),
        ("a il\nb\n", "text:2: utterance 'b' has an empty text"),
    ],
)
def test_bad_text(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str) -> None:
    folder = _folder(tmp_path, text)
    assert tokenize.main(["--data_dir", str(folder)]) == 1
    assert said in capsys.readouterr().err
    assert not (folder / "text.char").exists()


def test_a_failed_training_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("a b c\n", encoding="utf-8")
    options = ["--plain", str(tmp_path / "plain"), "--vocab_size", "900"]
    assert train_bpe.main([*options, "--out_dir", str(tmp_path / "tl")]) == 1
    assert list((tmp_path / "tl").iterdir()) == []


@pytest.mark.parametrize("program", [normalize_text, phonemize, tokenize, separate_tokens])
def test_a_file_without_lines_is_an_error(
    program: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("text", "text.phn"):
        (tmp_path / name).write_text("")
    options = ["--data_dir", str(tmp_path), "--lang", "it", "--out", str(tmp_path / "out")]
    assert program.main(options) == 1
    assert ": is empty; it holds a line" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_hyphens_and_languages_decide_what_units_are_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _folder(tmp_path, "a Parle-t-on ? IŞIK\n")
    (folder / "utt2lang").write_text("a tr\n", encoding="utf-8")
    for policy, shown in (("split", "parle<space>t<space>on"), ("keep", "parle-t-on")):
        assert tokenize.main(["--data_dir", str(folder), "--hyphens", policy]) == 0
        row = (folder / "text.char").read_text(encoding="utf-8").split()[1:]
        assert "".join(row) == f"{shown}<space>ışık"
    options = ["--text", str(folder / "text"), "--utt2lang", str(folder / "utt2lang")]
    options += ["--vocab_size", "14", "--out_dir", str(tmp_path / "tl")]
    assert train_bpe.main([*options, "--hyphens", "keep"]) == 0
    symbols = set("".join(TokenList.read(tmp_path / "tl" / "tokens.txt").symbols[2:]))
    assert symbols == set("parletonışk-\u2581")
    assert train_bpe.main([*options, "--plain", str(folder / "text")]) == 1
    assert "--utt2lang names no language of --plain" in capsys.readouterr().err
