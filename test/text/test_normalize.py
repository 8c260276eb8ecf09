import pytest

from asrkit.text.normalize import HYPHEN_POLICIES, NormalizeError, normalize, split_hyphens
from asrkit.text.scripts import base_language


@pytest.mark.parametrize(
    ("language", "raw", "spoken"),
    [
        ("en", "Hello, World!", "hello world"),
        ("en", "Don\u2019t stop \u2014 \u201cplease\u201d", "don't stop please"),
        ("en", "a well-known 'quoted word' here", "a well known quoted word here"),
        ("en", "'Til the users' end", "'til the users' end"),
        ("fr", "L\u2019eau, c'est-\u00e0-dire\u2026", "l'eau c'est \u00e0 dire"),
        ("fr", "\u00ab Bonjour \u00bb", "bonjour"),
        ("it", "Un po' d'acqua: 'ciao'", "un po' d'acqua ciao"),
        ("es", "\u00bfQu\u00e9 tal? \u00a1Bien!", "qu\u00e9 tal bien"),
        (
            "ru",
            "\u041a\u0442\u043e-\u0442\u043e, \u041c\u0418\u0420!",
            "\u043a\u0442\u043e \u0442\u043e \u043c\u0438\u0440",
        ),
        ("tr", "I\u015fIK \u0130yi", "\u0131\u015f\u0131k iyi"),
        ("az", "I\u015eIQ \u0130ki", "\u0131\u015f\u0131q iki"),
        ("fr", "20 m\u00b2", "20 m\u00b2"),  # composed, but not replaced by other characters
        ("en", "IT", "it"),
        ("de", "Stra\u00dfe GRO\u1e9e", "stra\u00dfe gro\u00df"),
        ("en", "cafe\u0301", "caf\u00e9"),
        ("en", "soft\u00adhyphen", "softhyphen"),
        ("en", "3.5 and 1,000. End", "3.5 and 1,000 end"),
        (
            "hi",
            "\u0915\u094d\u200d\u092f\u093e \u0939\u0948?",
            "\u0915\u094d\u200d\u092f\u093e \u0939\u0948",
        ),
        ("en", "... --- '", ""),
        ("en", "  two\tspaces  ", "two spaces"),
    ],
)
def test_one_spelling(language: str, raw: str, spoken: str) -> None:
    assert normalize(raw, language) == spoken
    assert normalize(spoken, language) == spoken  # a fixed point


def test_hyphens_can_be_kept() -> None:
    assert normalize("- well-known -", "en", hyphens="keep") == "well-known"


def test_hyphens_of_both_policies_stand_in_the_same_places() -> None:
    for text in ("'well'-known", "c'est-à-dire l'-eau", "a - b -c d- -- 'e-f' ‘g’-‘h’", "20-30"):
        apart, kept = (normalize(text, "fr", hyphens=policy) for policy in HYPHEN_POLICIES)
        assert split_hyphens(kept) == apart == normalize(kept, "fr")
        assert normalize(kept, "fr", hyphens="keep") == kept


def test_marks_have_hyphens_of_their_own() -> None:
    kept = normalize("a-b <v-noise> c-d", "en", hyphens="keep", nlsyms="keep")
    assert kept == "a-b <v-noise> c-d" and split_hyphens(kept) == "a b <v-noise> c d"


def test_dashes_separate_words_that_keep_their_hyphens() -> None:
    assert normalize("stop—now x–y a--b e‐mail", "en", hyphens="keep") == "stop now x y a b e-mail"


def test_digits_are_refused_on_request() -> None:
    with pytest.raises(NormalizeError, match="spell the numbers out"):
        normalize("25 cats", "en", digits="refuse")


def test_the_word_separator_is_refused() -> None:
    with pytest.raises(NormalizeError, match="<space>"):
        normalize("a <space> b", "en")


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(NormalizeError, match="digits is one of"):
        normalize("a", "en", digits="drop")


def test_base_language() -> None:
    assert [base_language(code) for code in ("sv-SE", "zh_CN", "IT")] == ["sv", "zh", "it"]
