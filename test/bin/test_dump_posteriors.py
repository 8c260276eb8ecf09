"""What recognizers hear becomes folders that a Transcoder learns from, and what is said if not."""

import kaldiio
import pytest
import torch
from phone_toy import PHONES, Ears
from tones import write_dump

from asrkit.bin import dump_posteriors
from asrkit.kaldi.kaldi_text import read_keyed, write_keyed


@pytest.fixture
def phone_list(tmp_path):
    PHONES.write(tmp_path / "phones.txt")
    return tmp_path / "phones.txt"


def test_what_was_heard_becomes_a_folder_to_learn_from(phone_list, tmp_path, monkeypatch, capsys):
    dump = write_dump(tmp_path / "dump", 6, lang="it")
    texts = {key: "la casa" for key in read_keyed(dump / "text")}
    write_keyed(dump / "text", texts)
    first = min(texts)
    # three phones at least are heard; more words than phones, and no sound, are left out
    write_keyed(dump / "text", texts | {first: "la casa " * 10})
    monkeypatch.setattr(dump_posteriors, "open_recognizer", lambda *_, **__: Ears())
    argv = ["--model", "x", "--data_dir", str(dump), "--out_dir", str(tmp_path / "heard")]
    assert dump_posteriors.main([*argv, "--phone_list", str(phone_list)]) == 0
    out = tmp_path / "heard"
    langs = read_keyed(dump / "utt2lang")
    assert "5 utterances; 0 without a recognized phone, 1 whose words" in capsys.readouterr().out
    assert (out / "skipped.tsv").read_text().startswith(first)
    stars, phones = read_keyed(out / "text.star"), read_keyed(out / "text.phn")
    matrices = kaldiio.load_scp(str(out / "posteriors.scp"))
    assert stars.keys() == phones.keys() == set(matrices)
    for key, labels in stars.items():
        assert [w for w in labels.split() if w != "*"] == ["la", "casa"]
        assert len(labels.split()) == len(phones[key].split()) == len(matrices[key])
    write_keyed(dump / "utt2lang", langs | dict.fromkeys(list(langs)[:2], "es"))
    argv += ["--phone_list", str(phone_list), "--labels", "false", "--only_lang"]
    assert dump_posteriors.main([*argv, "es"]) == 0
    assert list(read_keyed(out / "text.phn")) == list(langs)[:2]
    assert dump_posteriors.main([*argv, "fr"]) == 1
    assert "utt2lang: no utterance is of fr" in capsys.readouterr().err


def test_silence_everywhere_is_an_error_and_leaves_nothing(
    phone_list, tmp_path, monkeypatch, capsys
):
    dump = write_dump(tmp_path / "dump", 2, lang="it")

    class Deaf(Ears):
        def hear(self, wave):
            return torch.tensor([[0.9, 0.025, 0.025, 0.025, 0.025]]).log()

    monkeypatch.setattr(dump_posteriors, "open_recognizer", lambda *_, **__: Deaf())
    argv = ["--model", "x", "--data_dir", str(dump), "--out_dir", str(tmp_path / "heard")]
    argv += ["--phone_list", str(phone_list), "--labels", "false"]
    assert dump_posteriors.main(argv) == 1
    assert "2 without a recognized phone" in capsys.readouterr().err
    assert list((tmp_path / "heard").iterdir()) == []


def test_audio_that_cannot_be_read_is_named_even_if_nothing_is_left(
    phone_list, tmp_path, monkeypatch, capsys
):
    dump = write_dump(tmp_path / "dump", 2, lang="it")
    monkeypatch.setattr(dump_posteriors, "open_recognizer", lambda *_, **__: Ears())
    argv = ["--model", "x", "--data_dir", str(dump), "--out_dir", str(tmp_path / "heard")]
    argv += ["--phone_list", str(phone_list), "--labels", "false"]
    first, second = sorted((dump / "audio").iterdir())
    first.unlink()
    assert dump_posteriors.main(argv) == 0
    assert list(read_keyed(tmp_path / "heard" / "failed")) == [first.stem]
    second.unlink()
    capsys.readouterr()
    assert dump_posteriors.main(argv) == 1
    printed = capsys.readouterr().err
    assert f"{second.stem} could not be read" in printed and "can the audio be read" in printed
