"""What is between brackets is a mark, said, or an error; never letters of a tag."""

import time
from pathlib import Path

import pytest

from asrkit.bin import normalize_text, phonemize, score, tokenize
from asrkit.text.markup import TAGS, has_markup
from asrkit.text.non_linguistic import NLSYMS
from asrkit.text.normalize import NormalizeError, normalize


@pytest.mark.parametrize(
    ("raw", "spelled"),
    [
        ("[noise] Hello", "<noise> hello"),
        ("<unk> goes [LAUGHTER].", "<oov> goes <laugh>"),
        ("(coughs) good<NOISE>morning", "<v-noise> good <noise> morning"),
        ("[vocalized noise], {breath} <sil/> (( ))", "<v-noise> <v-noise> <silence>"),
        ("so (()) so", "so <oov> so"),
        ("ok ［laughs］", "ok <laugh>"),
        ("<hes>, well", "<hes> well"),
        ("a (small) one", "a small one"),
        ("1 < 2, x<3 & a <- b [] { } <>", "1 2 x 3 a b"),
        ("AT&T; R&D; this & that;", "at t r d this that"),
    ],
)
def test_known_tags_are_marks_and_punctuation_is_dropped(raw: str, spelled: str) -> None:
    assert normalize(raw, "en", nlsyms="keep") == spelled
    assert normalize(spelled, "en", nlsyms="keep") == spelled
    assert normalize(raw, "en").split() == [word for word in spelled.split() if word not in NLSYMS]


@pytest.mark.parametrize(
    "markup",
    ["<p>", "</p>", "<br/>", '<a href="x">', "<!-- x -->", "<foreign>", "[sic]", "[speaker 1]",
     "{D uh}", "((maybe))", "&nbsp;", "&#241;", "&#xf1;", "&ntilde;", "＜ｂ＞", "<s>"],
)  # fmt: skip
def test_other_markup_is_refused(markup: str) -> None:
    assert has_markup(f"so{markup} it is") and not has_markup("so it is")
    with pytest.raises(NormalizeError, match="letters nobody says; write what is said"):
        normalize(f"so{markup} it is", "en")


def test_every_mark_has_names_and_none_is_two() -> None:
    assert set(TAGS.values()) == set(NLSYMS)
    assert all(TAGS[mark.strip("<>")] == mark for mark in NLSYMS)


@pytest.mark.parametrize("junk", ["<a" * 200_000, "[" * 400_000, "((" * 200_000, "&a" * 200_000])
def test_junk_takes_no_time(junk: str) -> None:
    started = time.process_time()
    assert not has_markup(junk)
    assert time.process_time() - started < 5


def _folder(tmp_path: Path, *texts: str) -> Path:
    (tmp_path / "text").write_text("".join(f"u{n} {text}\n" for n, text in enumerate(texts, 1)))
    (tmp_path / "utt2lang").write_text("".join(f"u{n} en\n" for n in range(1, len(texts) + 1)))
    return tmp_path


@pytest.mark.parametrize("program", [normalize_text, phonemize, tokenize])
def test_programs_name_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], program: object
) -> None:
    folder = _folder(tmp_path, "hello (my) world", "(coughs) good", "so <i>it</i> is")
    assert program.main(["--data_dir", str(folder)]) == 1  # type: ignore[attr-defined]
    said = capsys.readouterr().err
    assert f"{folder}/text:3: " in said and "'<i>'" in said
    assert "warning: 1 texts have words in parentheses" in said and "text:1: '(my)'" in said
    assert not list(folder.glob("text.*"))


def test_score_takes_tags_for_what_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _folder(tmp_path, "[noise] hello world", "<unk> goes home")
    options = ["--unit", "wer", "--normalize", "true", "--ref", str(folder / "text")]
    options += ["--lang", "en", "--out", str(tmp_path / "s"), "--hyp", str(tmp_path / "hyp")]
    (tmp_path / "hyp").write_text("u1 hello world\nu2 goes home\n")
    assert score.main(options) == 0
    assert "WER 0.00" in capsys.readouterr().out
    (tmp_path / "hyp").write_text("u1 hello world\nu2 goes [x] home\n")
    assert score.main(options) == 1
    assert f"{tmp_path}/hyp:2: the text holds the markup '[x]'" in capsys.readouterr().err
