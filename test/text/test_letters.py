import pytest

from asrkit.text.letters import letters_of_shapes
from asrkit.text.normalize import normalize


@pytest.mark.parametrize(
    ("language", "variants", "spelling"),
    [
        ("ro", "şţ ŞŢ șț", "șț"),
        ("tr", "șarkı şarkı", "şarkı"),
        ("hy", "եւ և ﬔ", None),
        ("ar", "محـمد محمد ﻣﺤﻤﺪ محـــمد", "محمد"),
        ("ar", "ﻻ لا", "لا"),
        ("ar", "کتاب كتاب", "كتاب"),
        ("fa", "كتابي کتابی", "کتابی"),
        ("ur", "هے ہے", "ہے"),
        ("ckb", "ئێمه\u200c ئێمە", "ئێمە"),
        ("en", "ＡＢＣ ABC abc 𝐚𝐛𝐜", "abc"),
        ("en", "ﬁne fine", "fine"),
        ("nl", "ĳs Ĳs ijs", "ijs"),
        ("ja", "ｶﾞｽ ガス", "ガス"),
        ("ca", "coŀlegi col·legi col.legi col•legi COL·LEGI", "col·legi"),
        ("el", "µε με", "με"),
        ("ru", "первoe первое", "первое"),
        ("uk", "мiсто місто", "місто"),
        ("en", "hоuse house", "house"),
        ("az", "әl əl ǝl", "əl"),
        ("cv", "кăçал кӑҫал", "кӑҫал"),
        ("os", "æвзаг ӕвзаг", "ӕвзаг"),
        ("av", "гIалам г1алам гӏалам гӀалам", "гӏалам"),
        ("vi", "Ðông đông", "đông"),
        ("yo", "e̩ja ẹja", "ẹja"),
        ("th", "น้ํา น้ำ นํ้า", "น้ำ"),
        ("th", "เเม่ แม่", "แม่"),
        ("ml", "അവന്\u200d അവൻ", "അവൻ"),
        ("bn", "হঠাত্\u200d হঠাৎ", "হঠাৎ"),
        ("hi", "अाम आम", "आम"),
    ],
)
def test_one_encoding(language: str, variants: str, spelling: str | None) -> None:
    found = set(normalize(variants, language).split())
    assert found == {spelling} if spelling else len(found - {"մե"}) == 1


def test_what_is_another_letter_stays() -> None:
    assert normalize("20 m² ½ ① ªº", "fr") == "20 m² ½ ① ªº"
    assert normalize("ًا َب", "ar") == "ًا َب"
    assert normalize("ß ı œ æ", "de") == "ß ı œ æ"
    assert normalize("șț ð", "is") == "șț ð"  # tables are by language
    assert normalize("ㅋㅋ ํ", "ko").startswith("ㅋㅋ")


def test_foreign_words_stay_foreign() -> None:
    assert normalize("на VK Бессель.Y cop А1 vk-шный", "ru") == "на vk бессель y cop а1 vk шный"


def test_marks_of_presentation_forms_stay_on_their_letter() -> None:
    assert letters_of_shapes("\u0628\ufe70") == "\u0628\u064b"
