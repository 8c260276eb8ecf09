"""Text to word labels: nothing is lost without a count, on real sentences and on bad lines."""

import json
from collections import Counter

import pytest

from asrkit.bin import transcoder_text
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.tokens import TokenList
from asrkit.transcoder.corpus import scripts, word_list
from asrkit.transcoder.labels import words_of

ITALIAN = """La vostra casa è grande.
Il gatto dorme sul divano rosso.
Domani andiamo al mare con gli amici.
Non capisco la domanda che mi fai.
La casa è vicina al mare.
Il treno parte alle otto di sera.
Gli amici mangiano la pizza insieme.
Mi piace leggere un buon libro.""".splitlines()


def prepare(tmp_path, lines, *more, lang="it"):
    source = tmp_path / "text.txt"
    source.write_text("\n".join(lines) + "\n")
    out = tmp_path / "out"
    argv = ["--plain", str(source), "--lang", lang, "--out_dir", str(out)]
    code = transcoder_text.main([*argv, "--valid", "1", "--test", "1", *more])
    return code, out


def report(out):
    return json.loads((out / "report.json").read_text())


def test_every_sentence_has_a_label_for_each_phone_and_each_word(tmp_path):
    code, out = prepare(tmp_path, ITALIAN)
    assert code == 0
    seen = []
    for part in ("train", "valid"):
        text, phones, stars = (
            read_keyed(out / part / name) for name in ("text", "text.phn", "text.star")
        )
        assert text.keys() == phones.keys() == stars.keys()
        for key in text:
            assert len(stars[key].split()) == len(phones[key].split())
            assert words_of(stars[key].split()) == text[key].split()
        seen += text.values()
    seen += read_keyed(out / "test" / "text").values()
    assert sorted(seen) == sorted(line.lower().rstrip(".") for line in ITALIAN)
    assert report(out)["sentences"] == {"train": 6, "valid": 1, "test": 1}


def test_held_out_sentences_stay_held_out_when_text_is_added(tmp_path):
    _, out = prepare(tmp_path, ITALIAN)
    before = read_keyed(out / "test" / "text")
    words = set(next(iter(before.values())).split())
    _, out = prepare(tmp_path, [*reversed(ITALIAN), "Una frase in più."], "--test", "2")
    assert words in [set(line.split()) for line in read_keyed(out / "test" / "text").values()]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("♥ → ∑", "nothing_spoken"),
        ("", "nothing_spoken"),
        ("La casa di Иван è bella", "mixed_scripts"),
        ("a" * 1_000_000, "too_long"),
        ("parola " * 150, "too_long"),
        ("Il gatto dorme sul divano rosso!", "repeated"),
        ("la <space> casa", "markup"),
        ("la casa [nota] bella", "markup"),
        ("la casa ƽ molto bella", "unread_characters"),
        ("apri il desktop adesso", "words_and_phones_disagree"),
    ],
)
def test_a_line_that_is_no_use_is_counted_and_named(tmp_path, line, reason):
    code, out = prepare(tmp_path, [*ITALIAN, line], "--test", "0")
    assert code == 0
    assert report(out)["skipped"] == {reason: 1}
    named, place, shown = (out / "skipped.tsv").read_text().rstrip("\n").split("\t")
    assert named == reason
    by_espeak = reason in ("words_and_phones_disagree", "unread_characters")
    assert place.endswith(":9") or by_espeak
    assert len(shown) <= 80


def test_digits_are_read_as_one_word_or_skipped_but_never_lost(tmp_path):
    lines = [*ITALIAN, "Ho 3 gatti in casa.", "Nel 1984 avevo 20 anni."]
    code, out = prepare(tmp_path, lines, "--test", "0")
    assert code == 0
    found = report(out)
    assert sum(found["sentences"].values()) + sum(found["skipped"].values()) == len(lines)


def test_mixed_scripts_are_kept_on_request(tmp_path):
    code, out = prepare(
        tmp_path, [*ITALIAN, "la casa di α è bella"], "--mixed_scripts", "keep", "--test", "0"
    )
    assert code == 0
    assert "mixed_scripts" not in report(out)["skipped"]
    assert scripts("casa 12 è") == {"LATIN"}
    assert scripts("これは漢字とカタカナ") == {"CJK"}
    assert scripts("дом casa") == {"CYRILLIC", "LATIN"}


def test_a_vocabulary_smaller_than_asked_for_is_stated(tmp_path, capsys):
    _, out = prepare(tmp_path, ITALIAN)
    kept = len(TokenList.read(out / "words.txt")) - 2
    assert f"has only {kept} words, fewer than asked for" in capsys.readouterr().out
    assert report(out)["words"] == {"asked": 50_000, "kept": kept, "distinct": kept, "left_out": 0}


def test_the_most_frequent_words_are_kept_and_ties_go_by_code_point(tmp_path):
    counts = Counter({"b": 2, "a": 2, "c": 5, "d": 1})
    assert word_list(counts, 3).symbols[2:] == ["c", "a", "b"]
    _, out = prepare(tmp_path, ITALIAN, "--vocabulary", "3")
    assert len(TokenList.read(out / "words.txt")) == 5
    assert report(out)["words"]["left_out"] > 0


def test_phones_outside_the_inventory_are_counted_and_named(tmp_path, capsys):
    TokenList.build("abdefgilmnoprstvkuz").write(tmp_path / "phones")
    code, out = prepare(tmp_path, ITALIAN, "--phone_list", str(tmp_path / "phones"))
    assert code == 0
    unknown = report(out)["phones"]["unknown"]
    assert unknown["ɡ"] >= 1
    assert "ɡ=" in capsys.readouterr().err
    assert not (out / "phones.txt").exists()


@pytest.mark.parametrize(
    ("lines", "more", "message"),
    [
        (["solo una frase"], (), "too few to hold out"),
        (["♥"] * 9, (), "too few to hold out"),
        (ITALIAN, ("--vocabulary", "0"), "at least 1"),
        (ITALIAN, ("--lang", "xx"), "no voice"),
    ],
)
def test_what_cannot_be_done_is_an_error(tmp_path, capsys, lines, more, message):
    code, out = prepare(tmp_path, lines, *more)
    assert code == 1
    assert message in capsys.readouterr().err
    assert not (out / "words.txt").exists()


def test_unknown_words_and_homophones_are_measured(tmp_path):
    lines = ["il cane va", "il cane va via", "il cane viene", "il gatto va", "un gatto viene via"]
    code, out = prepare(tmp_path, lines, "--valid", "0")
    assert code == 0
    test = report(out)["test"]
    held = next(iter(read_keyed(out / "test" / "text").values())).split()
    known = TokenList.read(out / "words.txt")
    assert test["words"] == len(held)
    assert test["oov_rate"] == pytest.approx(100 * sum(w not in known for w in held) / len(held))


def test_sentences_of_valid_and_test_sets_are_left_out_counted_and_named(tmp_path):
    plain = tmp_path / "text.txt"
    for name, line in (("valid", "il GATTO dorme sul divano rosso"), ("test", "La casa è antica")):
        (tmp_path / name).write_text(f"it_1 {line}\n")
    sets = [str(tmp_path / name) for name in ("valid", "test")]
    code, out = prepare(tmp_path, [*ITALIAN, ITALIAN[1]], "--held_out", *sets)
    assert code == 0
    assert report(out)["skipped"] == {"held_out": 2}
    assert report(out)["sentences"] == {"train": 5, "valid": 1, "test": 1}
    shown = "Il gatto dorme sul divano rosso."
    rows = (out / "skipped.tsv").read_text().splitlines()
    assert rows == [f"held_out\t{plain}:{number}\t{shown}" for number in (2, 9)]
    for part in ("train", "valid", "test"):
        assert "gatto" not in (out / part / "text").read_text()


def test_lines_that_leave_too_little_are_named(tmp_path, capsys):
    code, out = prepare(tmp_path, ["♥", "la <space> casa", "una frase"])
    assert code == 1
    assert "skipped.tsv" in capsys.readouterr().err
    reasons = [row.split("\t")[0] for row in (out / "skipped.tsv").read_text().splitlines()]
    assert reasons == ["nothing_spoken", "markup"]
    assert {path.name for path in out.iterdir()} == {"skipped.tsv"}


def test_bytes_that_are_no_text_leave_no_half_list(tmp_path):
    (tmp_path / "bad").write_bytes("♥\n".encode() + b"\xff\n")
    code, out = prepare(tmp_path, ITALIAN, "--plain", str(tmp_path / "bad"))
    assert code == 1
    assert not (out / "skipped.tsv").exists()


@pytest.mark.parametrize(("policy", "words"), [("split", "y a t il"), ("keep", "y a-t-il")])
def test_hyphens_are_read_and_separate_words_by_the_policy(tmp_path, policy, words):
    lines = [f"Y a-t-il {word} ?" for word in ("du pain", "un chat", "de l'eau", "assez")]
    code, out = prepare(tmp_path, [*lines, "y a-t-il assez"], "--hyphens", policy, lang="fr")
    assert code == 0
    texts = {k: v for p in ("train", "valid", "test") for k, v in _part(out, p, "text").items()}
    phones = {
        k: v for p in ("train", "valid", "test") for k, v in _part(out, p, "text.phn").items()
    }
    assert len(texts) == 4 and all(text.startswith(words) for text in texts.values())
    assert all(line.startswith("i a t i l ") for line in phones.values())


def _part(out, part, name):
    return read_keyed(out / part / name)
