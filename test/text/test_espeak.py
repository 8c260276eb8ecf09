"""espeak's voices, and the cache of its answers."""

from pathlib import Path

import pytest

from asrkit.text import espeak
from asrkit.text.espeak import EspeakError, voice_of
from asrkit.text.phonemize import Phonemizer


def test_iso_codes_and_locales_find_their_voice() -> None:
    codes = ("en", "fr", "sv-SE", "zh-CN", "zh-HK", "pt", "no", "it", "fr-be", "kmr")
    voices = ["en-us", "fr-fr", "sv", "cmn", "yue", "pt", "nb", "it", "fr-be", "ku"]
    assert [voice_of(code) for code in codes] == voices


def test_a_language_without_a_voice_has_an_alternative() -> None:
    with pytest.raises(
        EspeakError, match=r"'xh'; train on characters \(--token_type char\), on phones by --g2p"
    ):
        voice_of("xh")


def test_unknown_language_lists_the_known() -> None:
    with pytest.raises(EspeakError, match=r"'xx'.*it has: .*\bit\b.*\bru\b"):
        Phonemizer("xx")


@pytest.mark.parametrize("language", ["fo", "kaa"])
def test_voices_without_a_dictionary_are_refused(language: str) -> None:
    with pytest.raises(EspeakError, match=f"no dictionary for its voice '{language}'"):
        Phonemizer(language)


def test_cache_answers_without_espeak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["ciao mondo", "il computer"]
    first = Phonemizer("it", cache_dir=tmp_path)
    wanted = [s.phones for s in first(texts)]
    assert first.cache.hits == {"hit": 0, "miss": 2}
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + b"cut sho")  # a process killed while writing
    Phonemizer("it", cache_dir=tmp_path)(["dopo"])

    def refuse(texts: list[str], voice: str) -> list[str]:
        assert not texts
        return []

    monkeypatch.setattr(espeak, "raw_phonemes", refuse)
    again = Phonemizer("it", cache_dir=tmp_path)
    assert [s.phones for s in again([*texts, "dopo"])][:2] == wanted
    assert again.cache.hits == {"hit": 3, "miss": 0}


def test_one_voice_object_for_a_language() -> None:
    assert espeak._speaker("it") is espeak._speaker("it")
