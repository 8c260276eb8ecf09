"""Non-linguistic symbols such as <hes>: one word and one character, from spelling to tokens."""

import pytest

from asrkit.decode.lexicon import build_lexicon
from asrkit.score.units import split_units
from asrkit.text.non_linguistic import NLSYMS, split_nlsyms, without_nlsyms
from asrkit.text.normalize import NormalizeError, normalize
from asrkit.text.readers import text_lines
from asrkit.text.tokenize import make_tokenizer


@pytest.mark.parametrize("mark", NLSYMS)
def test_every_mark_is_kept_or_dropped_whole(mark: str) -> None:
    text = f"{mark} Well, {mark} {mark} then {mark}"
    assert normalize(text, "en", nlsyms="keep") == f"{mark} well {mark} {mark} then {mark}"
    assert normalize(text, "en") == "well then"


def test_only_known_marks_are_marks() -> None:
    assert split_nlsyms("no < here") == ["no < here"]
    assert without_nlsyms(["<hes>", "a", "<HES>"]) == ["a", "<HES>"]
    with pytest.raises(NormalizeError, match="nlsyms is one of"):
        normalize("a", "en", nlsyms="maybe")


def test_a_mark_is_one_character_and_comes_back() -> None:
    tokenizer = make_tokenizer("char")
    tokens = tokenizer.encode("ab <hes> c")
    assert tokens == ["a", "b", "<space>", "<hes>", "<space>", "c"]
    assert tokenizer.decode(tokens) == ["ab", "<hes>", "c"]
    assert tokenizer.decode(["a", "<hes>", "c"]) == ["a", "<hes>", "c"]
    assert split_units("ab <hes>", "cer", "keep") == ["a", "b", "<space>", "<hes>"]


def test_lexicon_and_language_model_text_keep_marks(tmp_path) -> None:
    (tmp_path / "text").write_text("u1 Ab <hes> x\n", encoding="utf-8")
    lines = list(text_lines([tmp_path / "text"], language="en", nlsyms="keep"))
    assert lines == ["ab <hes> x"]
    assert build_lexicon(lines, None)[0]["<hes>"] == [("<hes>",)]
    assert list(text_lines([tmp_path / "text"], language="en")) == ["ab x"]
