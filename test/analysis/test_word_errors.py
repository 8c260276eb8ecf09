"""Errors by their reason, on a text that can be counted by hand."""

import pytest

from asrkit.bin import word_errors


@pytest.fixture
def text(tmp_path):
    """*est* and *et* sound alike; *chat* is frequent, *chien* seldom, *zèbre* unknown."""
    train = tmp_path / "text" / "train"
    train.mkdir(parents=True)
    (tmp_path / "text" / "test").mkdir()
    spoken = {"est": "e", "et": "e", "chat": "S a", "chien": "S j E~"}
    phones, stars = [], []
    for number, line in enumerate([*["chat est"] * 4, "chien et", "chat et"]):
        words = line.split()
        phones.append(f"s{number} " + " ".join(spoken[word] for word in words))
        labels = ["* " * (len(spoken[word].split()) - 1) + word for word in words]
        stars.append(f"s{number} " + " ".join(labels))
    (train / "text.phn").write_text("\n".join(phones) + "\n")
    (train / "text.star").write_text("\n".join(stars) + "\n")
    (tmp_path / "text" / "words.txt").write_text("<blank>\n<unk>\nchat\nest\net\nchien\n")
    return tmp_path / "text"


def table(text, refs, hyps, capsys, *more):
    (text / "test" / "text").write_text(refs)
    (text / "hyp").write_text(hyps)
    code = word_errors.main(["--text_dir", str(text), "--hyp", str(text / "hyp"), *more])
    out, err = capsys.readouterr()
    return code, [cell.strip() for cell in out.splitlines()[-1].split("|")[1:-1]] if out else err


def test_every_error_has_one_reason(text, capsys):
    refs = "a chat est zèbre\nb chien et chat\nc chat chat et est\n"
    hyps = "a chat et chat\nb chat et est\nc chat chat et est est\n"
    # est/et: homophone; zèbre: unknown; chien: seldom; chat written est, a word too many: other
    code, cells = table(text, refs, hyps, capsys)
    assert code == 0
    assert cells == ["10", "10.00", "10.00", "10.00", "20.00", "50.00"]


def test_seldom_is_a_choice_and_lost_words_count(text, capsys):
    _, cells = table(text, "a chien chat\n", "a\n", capsys, "--seldom", "0")
    assert cells == ["2", "0.00", "0.00", "0.00", "100.00", "100.00"]
    _, cells = table(text, "a chien chat\n", "a\n", capsys, "--seldom", "1")
    assert cells == ["2", "0.00", "0.00", "50.00", "50.00", "100.00"]


def test_another_set_is_refused(text, capsys):
    code, message = table(text, "a chat\nb chat\n", "a chat\nc chat\n", capsys)
    assert code == 1
    assert "2 utterances are in one of them only (b)" in message
