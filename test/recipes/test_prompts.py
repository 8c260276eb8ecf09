"""Reading and cleaning the prompt texts of egs/mini_asterisk."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from prompts import (
    Dropped,
    Prompt,
    PromptFileError,
    Vocabulary,
    clean,
    number_words,
    read_prompts,
    repair_lost_letters,
)

WORDS = "essere può può sarà è è è città tardi più piena però così se sé pii"
ITALIAN = Vocabulary(Counter({word: 100 for word in WORDS.split()}))


def cleaned(text: str, lang: str = "it", vocabulary: Vocabulary | None = ITALIAN) -> str:
    return clean(Prompt("key", text, 1), lang, {"1": "uno", "12": "dodici"}, vocabulary)[0]


def reason(text: str, lang: str = "it") -> str:
    with pytest.raises(Dropped) as caught:
        cleaned(text, lang)
    return str(caught.value)


def test_read_comments_bom_and_keys_with_slash(tmp_path: Path) -> None:
    path = tmp_path / "core-sounds-it.txt.gz"
    text = "\ufeff; head\n;a: comment\n\ndigits/1: uno\nhello: Ciao: tutti.\nempty:\nhello: again\n"
    path.write_bytes(gzip.compress(text.encode()))
    prompts, twice = read_prompts(path)
    assert prompts == [
        Prompt("digits/1", "uno", 4),
        Prompt("hello", "Ciao: tutti.", 5),
        Prompt("empty", "", 6),
    ]
    assert twice == 1
    assert number_words(prompts) == {"1": "uno"}


@pytest.mark.parametrize("line", ["no colon here", "two words: x", "../../etc/passwd: x", ": x"])
def test_read_names_the_bad_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.txt"
    path.write_text(f"; c\n{line}\n", "utf-8")
    with pytest.raises(PromptFileError, match=r"x\.txt:2"):
        read_prompts(path)


def test_read_says_where_utf8_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"hello: caf\xe9\n")
    with pytest.raises(PromptFileError, match="not UTF-8 at byte 10"):
        read_prompts(path)


@pytest.mark.parametrize(
    ("text", "repaired", "count"),
    [
        ("Non pu? essere", "Non può essere", 1),
        ("Pi? tardi", "Più tardi", 1),
        ("La conferenza ? piena.", "La conferenza è piena.", 1),
        ("non pu? essere cos? tardi", "non può essere così tardi", 2),
        ("Quale cartella?", "Quale cartella?", 0),
        ("Login errato. Casella? Prego.", "Login errato. Casella? Prego.", 0),
    ],
)
def test_lost_letters_come_back(text: str, repaired: str, count: int) -> None:
    assert repair_lost_letters(text, "it", ITALIAN) == (repaired, count)


def test_lost_letter_without_one_clear_word_drops_the_prompt() -> None:
    assert reason("gnu? tardi") == "lost letter"
    ambiguous = Vocabulary(Counter({"però": 10, "perù": 9}))
    with pytest.raises(Dropped, match="lost letter"):
        repair_lost_letters("per? tardi", "it", ambiguous)
    with pytest.raises(Dropped, match="lost letter"):
        clean(Prompt("k", "Non pu? essere", 1), "it", {}, None)


def test_clean_words() -> None:
    assert cleaned("Premi 1, poi 12: l’utente CITTÀ…") == "premi uno poi dodici l'utente città"
    assert cleaned("E' in uso.") == "è in uso"
    assert cleaned("Call-Forward", "en", None) == "call-forward"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no text"),
        ("...", "no text"),
        ("[toni ascendenti]", "noise"),
        ("(10 secondi di silenzio)", "noise"),
        ("<beep ascending>", "noise"),
        ("a [@]", "remark in brackets"),
        ("Sono (enfatico) qui", "remark in brackets"),
        ("premi # ora", "symbol read aloud"),
        ("attivare/disattivare", "symbol read aloud"),
        ("eliminato vm-then-pound: poi premere", "several prompts in one line"),
        ("componi 500", "number without a reading"),
        ("H.323 e 3D", "number without a reading"),
        ("слово", "foreign letters"),
    ],
)
def test_dropped_with_reason(text: str, why: str) -> None:
    assert reason(text) == why


def test_accents_come_back_only_when_the_plain_spelling_is_not_used() -> None:
    spanish = Vocabulary(
        Counter({"contraseña": 50, "número": 400, "numero": 2, "esta": 90, "está": 80})
    )
    text, done = clean(Prompt("k", "esta contrasena numero nueva", 1), "es", {}, spanish)
    assert text == "esta contraseña número nueva"
    assert done["accent restored"] == 1
    assert clean(Prompt("k", "contrasena", 1), "en", {}, spanish)[0] == "contrasena"
    french = Vocabulary(Counter({"passés": 5, "boîte": 5}))
    text, _ = clean(Prompt("k", "boite et mot de passes", 1), "fr", {}, french)
    assert text == "boîte et mot de passes"
    italian = Vocabulary(Counter({"tè": 5, "però": 5}))
    assert clean(Prompt("k", "pero parla a te", 1), "it", {}, italian)[0] == "però parla a te"
