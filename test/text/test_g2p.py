"""Phones by epitran, which stands here for a module of a few rules: it is not among the packages
that tests need."""

from __future__ import annotations

import importlib.metadata
import json
import sys
import types
from pathlib import Path

import pytest

from asrkit.bin import make_lexicon, phonemize
from asrkit.segmentation.spelling import Speller
from asrkit.segmentation.units import Unit
from asrkit.text import g2p
from asrkit.text.g2p import Epitran, G2PError, epitran_name, segments
from asrkit.text.languages import languages
from asrkit.text.phone_table import PhoneTable
from asrkit.text.phonemize import PhonemizeError, Phonemizer
from asrkit.tokens import TokenList

RULES = {"ngq": "ŋǃ̤", "ng": "ŋ", "hl": "ɬ", "th": "tʰ", "tsh": "t͡ʃʼ", "q": "ǃ"}


class _Rules:
    """The contract: a name of the list, and words to IPA; what has no rule stays as it is."""

    def __init__(self, name: str) -> None:
        assert name == "zul-Latn"

    def transliterate(self, word: str) -> str:
        for letters in sorted(RULES, key=len, reverse=True):
            word = word.replace(letters, RULES[letters])
        return word


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("epitran")
    module.Epitran = _Rules  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "epitran", module)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"{name}-1")
    g2p._transcriber.cache_clear()


@pytest.mark.parametrize(
    ("ipa", "phones", "left"),
    [
        ("t͡ʃʼa", "tʃʼ a", ""),
        ("ŋǃ̤otʰe", "ŋ ǃ̤ o tʰ e", ""),
        ("ɔd͡ʒɔ́ ɛ̀".replace(" ", ""), "ɔ dʒ ɔ́ ɛ̀", ""),
        ("ᵐbaɲçaː", "ᵐb a ɲ ç aː", ""),
        ("a1ួb", "a b", "1ួ"),
        ("di:", "d iː", ""),
        ("", "", ""),
    ],
)
def test_phones_of_a_transcription(ipa: str, phones: str, left: str) -> None:
    found, rest = segments(ipa)
    assert " ".join(found) == phones and "".join(rest) == left


def test_names_are_of_the_script_of_the_language() -> None:
    known = languages()
    names = [epitran_name(known[code]) for code in ("zu", "kk", "th", "zh", "ja", "en", "yo")]
    assert names == ["zul-Latn", "kaz-Cyrl", "tha-Thai", None, None, None, "yor-Latn"]


@pytest.mark.usefixtures("_installed")
def test_a_language_without_a_voice() -> None:
    phonemizer = Phonemizer("zu", g2p="epitran")
    one, other = phonemizer(["Hlala, ngqo-tshe!", "thatha 12"])
    assert one.words == ["hlala", "ngqo", "tshe"] and one.aligned
    assert one.phones == [["ɬ", "a", "l", "a"], ["ŋ", "ǃ̤", "o"], ["tʃʼ", "e"]]
    assert other.unread == ["1", "2"] and not other.aligned
    assert phonemizer.voice == "zul-Latn" and phonemizer.versions == {"epitran": "epitran-1"}


@pytest.mark.usefixtures("_installed")
def test_what_has_no_rule_is_an_error() -> None:
    with pytest.raises(PhonemizeError, match=r"no rule in zul-Latn for 1 \(1\), 2 \(1\).*d:2; wri"):
        PhoneTable({"a": "hlala", "b": "tha 12"}, ["zu"] * 2, source="d", g2p="epitran").sentences()


@pytest.mark.usefixtures("_installed")
def test_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text").write_text("a Hlala ngqo\nb tshatha\n", encoding="utf-8")
    options = ["--lang", "zu", "--g2p", "epitran", "--cache_dir", str(tmp_path / "cache")]
    assert phonemize.main(["--data_dir", str(tmp_path), *options]) == 0
    said = capsys.readouterr()
    assert "zu (epitran epitran-1 zul-Latn): utterances=2" in said.out and not said.err
    phones = (tmp_path / "text.phn").read_text("utf-8")
    assert phones == "a ɬ a l a ŋ ǃ̤ o\nb tʃʼ a tʰ a\n"
    record = json.loads((tmp_path / "phonemizer.json").read_text("utf-8"))
    assert record["epitran"] == "epitran-1" and "espeak" not in record
    assert record["options"]["g2p"] == "epitran"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [
        "zul-Latn-epitranepitran-1.tsv"
    ]
    out = tmp_path / "lexicon.txt"
    words = ["--text", str(tmp_path / "text"), "--out", str(out)]
    assert make_lexicon.main([*words, *options]) == 0
    assert "tshatha\ttʃʼ a tʰ a\n" in out.read_text("utf-8").replace(" \t", "\t")


def test_the_package_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    g2p._transcriber.cache_clear()
    monkeypatch.setitem(sys.modules, "epitran", None)
    with pytest.raises(G2PError, match="needs the package: pip install epitran"):
        Epitran("zu")


@pytest.mark.parametrize("language", ["zh", "xx"])
def test_languages_that_it_has_not(language: str) -> None:
    with pytest.raises(G2PError, match=f"no rules for language '{language}' in its script"):
        Phonemizer(language, g2p="epitran")


def test_unknown_package() -> None:
    with pytest.raises(PhonemizeError, match="g2p is one of"):
        Phonemizer("zu", g2p="uroman")


@pytest.mark.usefixtures("_installed")
def test_texts_are_aligned_by_its_phones() -> None:
    speller = Speller(TokenList.build("tʰ a ɬ".split()), "phn", "zu", g2p="epitran")
    text = "tha hla"
    assert speller([Unit(1, text, text.split(), text.split())]) == [[["tʰ", "a"], ["ɬ", "a"]]]
