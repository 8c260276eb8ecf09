from collections import Counter

import pytest

from asrkit.text import espeak
from asrkit.text.normalize import normalize
from asrkit.text.phone_table import PhoneTable
from asrkit.text.phonemize import (
    PhonemizeError,
    Phonemizer,
    Sentence,
    parse_raw,
    share_out,
)


@pytest.mark.parametrize(
    ("language", "text", "phones"),
    [
        ("en", "hello world", "h ə l oʊ w ɜː l d"),
        ("es", "Buenos días.", "b w e n o s ð i a s"),
        ("fr", "Bonjour, l'eau", "b ɔ̃ ʒ u ʁ l o"),
        ("it", "ciao pizza", "tʃ a o p i tsː a"),
        ("ru", "привет мир", "p rʲ i vʲ e t mʲ i r"),
    ],
)
def test_known_phones(language: str, text: str, phones: str) -> None:
    (sentence,) = Phonemizer(language)([text])
    assert " ".join(sentence.tokens()) == phones
    assert sentence.aligned and sentence.switches == []


def test_word_boundaries_stand_between_words_only() -> None:
    (sentence,) = Phonemizer("it")(["ciao mondo"])
    assert sentence.tokens(word_boundary=True) == [
        "tʃ",
        "a",
        "o",
        "<space>",
        "m",
        "o",
        "n",
        "d",
        "o",
    ]
    assert sentence.words == ["ciao", "mondo"]
    assert sentence.phones == [["tʃ", "a", "o"], ["m", "o", "n", "d", "o"]]


def test_joined_words_and_numbers_are_flagged() -> None:
    english, italian = Phonemizer("en"), Phonemizer("it")
    assert [s.aligned for s in english(["the end of the road", "the road"])] == [False, True]
    assert [s.aligned for s in italian(["123 gatti"])] == [False]
    assert english.counts["utterances_not_aligned"] == 1
    assert italian.counts["utterances_with_digits"] == 1


def test_flags_on_foreign_words() -> None:
    text = ["le football est beau", "bonjour"]
    removed, kept, dropped = (
        Phonemizer("fr", switch=switch) for switch in ("remove-flags", "keep", "remove-utterance")
    )
    assert removed(text)[0].tokens()[:8] == ["l", "ə", "f", "ʊ", "t", "b", "ɔː", "l"]
    assert removed.switched == Counter(en=1)
    assert removed.counts["utterances_with_switches"] == 1
    tokens = kept(text)[0].tokens()
    assert tokens[2] == "(en)" and "(fr)" in tokens
    assert [sentence.removed for sentence in dropped(text)] == [True, False]
    assert dropped.counts["utterances_removed"] == 1


def test_raw_lines() -> None:
    assert parse_raw("p_ˈo__ d_ɪ_ -") == ([["p", "o"], ["d", "ɪ"]], [], 4)
    assert parse_raw("l_ə- (en)_f_ˈʊ_t͡s_(fr) a") == (
        [["l", "ə"], ["f", "ʊ", "ts"], ["a"]],
        ["(en)", "(fr)"],
        0,
    )
    assert parse_raw("(en)h_a(fr)", switch="keep")[0] == [["(en)", "h", "(fr)", "a"]]
    assert parse_raw("") == ([], [], 0)


def test_phones_do_not_depend_on_what_was_asked_before() -> None:
    texts = ["the end of the road", "apple", "read", "the apple", "a", "two hundred and one"]
    forward, backward = Phonemizer("en"), Phonemizer("en")
    there = [s.phones for s in forward(texts)]
    back = [backward([text])[0].phones for text in reversed(texts)]
    assert there == back[::-1]


def test_no_phone_holds_stress_flags_or_space() -> None:
    texts = ["Really? It's the computer's re-entry (number) seven.", "naïve façade, über weekend"]
    for language in ("en", "es", "fr", "it", "ru", "de", "sv", "tr"):
        for sentence in Phonemizer(language)(texts):
            for phone in sentence.tokens():
                assert phone and not set(phone) & set("ˈˌ'-_() \u0361")


def test_unknown_policy() -> None:
    with pytest.raises(PhonemizeError, match="remove-flags"):
        Phonemizer("it", switch="ignore")


def test_words_without_phones_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def mute(texts: list[str], voice: str) -> list[str]:
        return [" ".join("_".join(w) for w in text.split() if w != "shh") for text in texts]

    monkeypatch.setattr(espeak, "raw_phonemes", mute)
    phonemizer = Phonemizer("en")
    assert [s.aligned for s in phonemizer(["say shh now", "ab cd"])] == [False, True]
    assert phonemizer.counts["words_without_phones"] == 1


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("fr", "Louis XIV au XXe siècle", "louis quatorze au vingtième siècle"),
        ("es", "el siglo XX", "el siglo veinte"),
        ("ru", "через XX лет", "через двадцать лет"),
        ("de", "am 3. Mai", "am dritte mai"),
        ("de", "im XIX. Jahrhundert", "im neunzehnte jahrhundert"),
        ("it", "il XIX secolo", "il diciannovesimo secolo"),
    ],
)
def test_numerals_are_read_before_lower_case(language: str, text: str, said: str) -> None:
    phonemizer = Phonemizer(language)
    numeral, words = phonemizer([text, said])
    assert "".join(numeral.tokens()) == "".join(words.tokens()) and not numeral.switches
    assert numeral.words == normalize(text, language).split()


@pytest.mark.parametrize("hyphens", ["split", "keep"])
def test_initials_are_read_as_letters_each_a_word(hyphens: str) -> None:
    (sentence,) = Phonemizer("en", hyphens=hyphens)(["10 a.m. today"])
    assert sentence.words == ["10", "a", "m", "today"] and sentence.aligned
    said = ["".join(phones) for phones in sentence.phones]
    assert said == ["tɛn", "eɪ", "ɛm", "tədeɪ"]  # not the article


def _table(language: str, *texts: str, **options: float) -> dict[str, Sentence]:
    keyed = {f"u{number}": text for number, text in enumerate(texts)}
    return PhoneTable(keyed, [language] * len(texts), source="d/text").sentences(**options)


@pytest.mark.parametrize(
    ("language", "text", "characters"),
    [
        ("ja", "今日は良い天気です", "今天日気良"),
        ("ja", "もどる 戻る", "戻"),
        ("en", "hello สวัสดี world", "ดวส"),
        ("de", "das ist 今", "今"),
        ("ru", "вѣра и миръ", "ѣ"),
        ("ar", "هذا ڞ جيد", "ڞ"),
        ("zh-TW", "高雄的熊貓", "熊雄"),  # read in English, with the number of the tone
    ],
)
def test_characters_that_a_voice_cannot_read_are_an_error(
    language: str, text: str, characters: str
) -> None:
    with pytest.raises(
        PhonemizeError, match="in 1 of 2 texts, the first d/text:2; write"
    ) as raised:
        _table(language, "a", text)
    assert set(characters) <= set(str(raised.value))
    (sentence,) = Phonemizer(language)([text])
    assert set(sentence.unread) == set(characters)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ja", "こんにちは ファイル カード ウィンドウ"),
        ("zh", "框 光 关 窗 选择 佢哋"),
        ("ko", "명령창으로 복사하면 됩니다"),
        ("en", "naïve señor wwww bmw x y z façade smörgåsbord"),
        ("fr", "l'œuvre où ç'a été w y"),
        ("it", "jeans www kw wx"),
        ("el", "η ή ο ΐ ϋ γεια"),
        ("he", "א ב שלום"),
        ("ru", "съезд в windows www ё й ъ"),
        ("th", "สวัสดีครับ"),
        ("hi", "अच्छा ङ १२"),
        ("ky", "үй өң"),
    ],
)
def test_letters_that_a_voice_reads_are_no_error(language: str, text: str) -> None:
    phonemizer = Phonemizer(language)
    assert phonemizer([text])[0].unread == [] and not phonemizer.unread


def test_few_such_texts_are_told_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["hello"] * 99 + ["the letter ส", "the letters สด"]
    with pytest.raises(PhonemizeError, match=r"ส \(2\), ด \(1\).*2 of 101 .*raise --max_unread"):
        _table("en", *texts)
    assert len(_table("en", *texts, max_unread=0.02)) == 101
    assert "warning: espeak's voice en-us cannot read" in capsys.readouterr().err


def test_an_utterance_without_phones_is_named() -> None:
    with pytest.raises(PhonemizeError, match="utterance 'b' gives no phones"):
        PhoneTable({"a": "ciao", "b": "..."}, ["it", "it"]).sentences()


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("fr", "y a-t-il", "y:i a:a t:t il:i,l"),  # not the letter t
        ("fr", "vas-y", "vas:v,a,z y:i"),  # not the name of the letter
        ("fr", "allez-y donc", "allez:a,l,e,z y:i donc:d,ɔ̃,k"),
        ("ro", "s-a dus", "s:s a:a dus:d,u,s"),
        ("ru", "кто-то", "кто:k,t,o то:t,ʌ"),
        ("en", "20-30", "20:t,w,ɛ,n,t,i 30:θ,ɜː,ɾ,i"),  # no "dash" is spoken
    ],
)
def test_words_with_hyphens_are_read_whole_and_counted_apart(
    language: str, text: str, words: str
) -> None:
    apart, whole = (Phonemizer(language, hyphens=policy)([text])[0] for policy in ("split", "keep"))
    assert apart.tokens() == whole.tokens()
    assert apart.aligned
    pairs = zip(apart.words, apart.phones, strict=True)
    assert " ".join(f"{word}:{','.join(phones)}" for word, phones in pairs) == words
    assert whole.words == text.split()


def test_phones_of_a_whole_go_to_its_parts() -> None:
    assert share_out([["a"], ["t", "e"], ["i", "l"]], list("atil")) == [["a"], ["t"], ["i", "l"]]
    assert share_out([["v", "a"], ["i"]], list("vazi")) == [["v", "a", "z"], ["i"]]
    assert share_out([["v", "a"], ["i"]], list("xvai")) == [["x", "v", "a"], ["i"]]
    assert share_out([["e", "s"], ["a"]], ["a"]) == [["a"]]  # nothing is left for a part
    assert share_out([[], []], ["a"]) == [["a"]]


@pytest.mark.parametrize(
    ("language", "written", "read"),
    [
        ("ar", "السـلام", "السلام"),
        ("ar", "ﻻ", "لا"),
        ("zh", "ＡＢＣ", "ABC"),
        ("uz", "tog‘ va bogʻ", "tog' va bog'"),
        ("hy", "Ինչո՞ւ եկե՛ք։", "ինչու եկեք"),
        ("ca", "coŀlecció", "col·lecció"),
        ("el", "ό,τι", "ότι"),
        ("he", "צה״ל", "צהל"),
        ("fa", "۱٬۰۰۰", "1000"),
        ("fa", "۳٫۵", "3.5"),
        ("ur", "۲۵", "25"),
        ("sv", "EU:s", "eus"),
        ("bn", "হঠাৎ", "হঠাত্"),
        ("fr", "10\u202f000", "10000"),
        ("ml", "അവന്\u200d", "അവൻ"),
        ("as", "সময়", "সম\u09df"),  # NFC takes it apart; the voice would spell the word
        ("as", "বাঢ়ি", "বাৰি"),
        ("zh-TW", "兒子", "儿子"),
        ("ht", "bonjou nou", "bonju nu"),  # not three vowels
    ],
)
def test_what_is_not_spoken_or_not_read_does_not_reach_espeak(
    language: str, written: str, read: str
) -> None:
    one, other = Phonemizer(language)([written, read])
    assert one.tokens() == other.tokens() and one.tokens()
    assert len(one.words) == len(other.words)
