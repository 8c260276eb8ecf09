import pytest

from asrkit.text.normalize import normalize


@pytest.mark.parametrize(
    ("language", "raw", "words"),
    [
        # invisible
        ("en", "\ufeffhel\u200dlo\u200c \u2060wor\u200eld a\ufe0f o\u034fn", "hello world a on"),
        ("km", "ក\u200bខ", "ក ខ"),
        ("th", "สวัสดี\u200bครับ", "สวัสดี ครับ"),
        ("fa", "می\u200cروم", "می\u200cروم"),
        ("fa", "\u200cکتاب\u200c\u200cها\u200c \u200c", "کتاب\u200cها"),
        ("de", "Auf\u200clage", "auflage"),
        ("bn", "র\u200d্য", "র\u200d্য"),
        ("si", "ක්\u200dර", "ක්\u200dර"),
        ("en", "1\u20e3 ❤\ufe0f yes", "1 yes"),
        # inside words
        ("ca", "La col·lecció és excel·lent · fi", "la col·lecció és excel·lent fi"),
        ("oc", "s·hens", "s·hens"),
        ("fr", "étudiant·e·s", "étudiantes"),
        ("zh", "卡尔·马克思", "卡尔 马克思"),
        ("el", "Ό,τι θέλεις, λόγος·και", "ό,τι θέλεις λόγος και"),
        ("hy", "Ինչո՞ւ եկե՛ք։ ա՜խ", "ինչու եկեք ախ"),
        ("he", 'צה"ל אמר "כן" ב"הארץ"', "צה״ל אמר כן ב הארץ"),
        ("he", "מנכ״ל ״הארץ״", "מנכ״ל הארץ"),
        ("he", "ג׳ורג' צ׳", "ג'ורג' צ'"),
        ("fa", "۳٫۵ ۱٬۰۰۰٬ خوب،", "۳٫۵ ۱٬۰۰۰ خوب"),
        ("sv", "EU:s 3:e 10:30 ja: S:t", "eu:s 3:e 10 30 ja s:t"),
        ("en", "one:two 10:30", "one two 10 30"),
        ("fr", "10\u202f000 1\xa0000\xa0000 06\xa012 5\xa0euros", "10000 1000000 06 12 5 euros"),
        # between words
        ("en", "end.Next and/or a_b c@d", "end next and or a b c d"),
        ("en", "p.m. 3.5 1,000, .5 5.", "p m 3.5 1,000 5 5"),
        ("ar", "كتاب\u06dd\u0661", "كتاب \u0661"),
    ],
)
def test_words(language: str, raw: str, words: str) -> None:
    assert normalize(raw, language) == words
    assert normalize(words, language) == words
