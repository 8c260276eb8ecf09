import pytest

from asrkit.text.normalize import normalize


@pytest.mark.parametrize(
    ("language", "raw", "words"),
    [
        ("uz", "Tog‘ va bogʻ, oʼzbek g’alati", "tog' va bog' o'zbek g'alati"),
        ("uz", "'salom' u 'tog'' dedi", "salom u tog' dedi"),
        ("af", "Dit is 'n goeie dag, ŉ mense'", "dit is 'n goeie dag 'n mense'"),
        ("mt", "Ta' Malta qala' ma' oħtu 'dar'", "ta' malta qala' ma' oħtu dar"),
        ("cy", "mae ’na ddoethuriaeth", "mae 'na ddoethuriaeth"),
        ("fy", "'t Is 's jûns yn 'e stêd", "'t is 's jûns yn 'e stêd"),
        ("ha", "'Yan uwa 'da'", "'yan uwa da"),
        ("haw", "ʻO ia ‘o Lei 'Lei nani'", "'o ia 'o lei lei nani"),
        ("de", "Ich hab's, so 'n 'guter Rat'", "ich hab's so 'n guter rat"),
        ("it", "Un po' d'acqua: 'un po'' 'ciao'", "un po' d'acqua un po' ciao"),
        ("fr", "dans l' eau 'bleue'", "dans l' eau bleue"),
        ("en", "''double quotes'' ``and so'' it's", "double quotes and so it's"),
        ("en", "'outer 'inner' outer'", "outer inner outer"),
        ("en", "6' tall in '90 'by 1990'", "6 tall in 90 by 1990"),
        ("en", "the users' end 'quoted'", "the users' end quoted"),
        ("en", "' ' '' a ' b", "a b"),
        ("sv", "’Hej du’ sa hon", "hej du sa hon"),
    ],
)
def test_letters_and_quotation_marks(language: str, raw: str, words: str) -> None:
    assert normalize(raw, language) == words
    assert normalize(words, language) == words
