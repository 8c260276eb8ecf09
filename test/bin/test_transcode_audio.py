"""A small Transcoder behind an acoustic model: from audio to words."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from phone_toy import ARPA, WORDS, Ears, corpus, trained_model
from tones import write_dump

from asrkit.audio.given import Given
from asrkit.bin import asr_infer, transcode, tune_transcoder
from asrkit.decode import options
from asrkit.decode.transcribe import transcribe
from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.transcoder.model import Phones2Words, Speech2Words
from asrkit.transcoder.search import WordSearch
from asrkit.transcript import Transcript


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    toy = corpus(tmp_path_factory.mktemp("toy"))
    return trained_model(toy, tmp_path_factory.mktemp("exp") / "toy")


def test_weights_are_chosen_on_speech_as_on_phones(trained, tmp_path, monkeypatch):
    """What the acoustic model is opened with, the program has options for."""
    dump = write_dump(tmp_path / "dump", 4)
    opened = []
    monkeypatch.setattr(options, "Speech2Text", lambda *_, **how: opened.append(how) or Ears())
    (tmp_path / "lm.arpa").write_text(ARPA)
    words = ["--transcoder", str(trained), "--lm", str(tmp_path / "lm.arpa"), "--lang", "it"]
    words += ["--lm_weights", "0", "9", "--word_scores", "0", "--data_dir"]
    speech = [*words, str(dump), "--asr_model", "x", "--precision", "fp32"]
    assert tune_transcoder.main([*speech, "--out", str(tmp_path / "speech.json")]) == 0
    assert opened == [{"device": "cpu", "precision": "fp32", "batch_seconds": None}]
    phones = tmp_path / "phones"
    phones.mkdir()
    for name in ("text", "text.phn", "utt2lang"):
        (phones / name).write_text((dump / name).read_text())
    assert tune_transcoder.main([*words, str(phones), "--out", str(tmp_path / "phones.json")]) == 0
    found = [json.loads((tmp_path / f"{n}.json").read_text()) for n in ("speech", "phones")]
    assert found[0] == found[1] and len(found[0]["trials"]) == 2


def test_shards_hear_and_the_program_writes_what_it_writes_alone(trained, tmp_path, monkeypatch):
    dump = write_dump(tmp_path / "dump", 5)
    (dump / "audio" / "xx_s-003.flac").unlink()
    monkeypatch.setattr(transcode, "open_recognizer", lambda *_: Ears())
    argv = ["--transcoder", str(trained), "--asr_model", "x", "--data_dir", str(dump)]
    argv += ["--nbest", "2", "--output_dir"]
    one, out = tmp_path / "one", tmp_path / "out"
    assert transcode.main([*argv, str(one)]) == 0
    for part in (["--split", "2"], ["--shard", "2"], ["--shard", "1"]):
        assert transcode.main([*argv, str(out), *part]) == 0
    assert [path.name for path in out.iterdir()] == [".shards"]
    monkeypatch.setattr(Ears, "hear", None)
    assert transcode.main([*argv, str(out)]) == 0
    assert {p.name: p.read_bytes() for p in out.iterdir()} == {
        p.name: p.read_bytes() for p in one.iterdir()
    }
    assert list(read_keyed(out / "failed")) == ["xx_s-003"]


def test_audio_becomes_words_in_one_command(trained, tmp_path, monkeypatch, capsys):
    dump = write_dump(tmp_path / "dump", 4)
    monkeypatch.setattr(transcode, "open_recognizer", lambda *_, **__: Ears())
    argv = ["--transcoder", str(trained), "--asr_model", "x", "--data_dir", str(dump)]
    assert transcode.main([*argv, "--output_dir", str(tmp_path / "out")]) == 0
    assert read_keyed(tmp_path / "out" / "hyp.tokens") == read_keyed(dump / "text.phn")
    words = read_keyed(tmp_path / "out" / "hyp.text")
    for key, text in read_keyed(dump / "text.phn").items():
        rows = Phones2Words(trained)([Phones2Words(trained).posteriors(text.split())])
        assert words[key] == " ".join(rows[0][0].words)
    files = [str(path) for path in sorted((dump / "audio").iterdir())]
    assert transcode.main([*argv[:4], files[0], "no.wav", files[1]]) == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 2
    assert "error: no.wav" in printed.err
    heard = Speech2Words(Ears(), Phones2Words(trained))
    assert heard(np.zeros(100, np.float32)) == []


def test_files_of_transcripts(trained, tmp_path, monkeypatch, capsys):
    dump = write_dump(tmp_path / "dump", 2)
    files = [str(path) for path in sorted((dump / "audio").iterdir())]
    ears = Ears()
    ears.path = tmp_path / "ears"
    monkeypatch.setattr(asr_infer, "open_recognizer", lambda *_: ears)
    monkeypatch.setattr(asr_infer, "known_network", lambda *_: [])
    argv = ["--model", "x", "--transcoder", str(trained), *files]
    written = [*argv, "--format", "json", "ctm", "--output_dir", str(tmp_path / "out")]
    assert asr_infer.main(written) == 0
    said = read_keyed(dump / "text.phn")
    for path, spoken in zip(files, said.values(), strict=True):
        found = Transcript.from_json((tmp_path / "out" / f"{Path(path).stem}.json").read_bytes())
        tokens = [token.text for word in found.words for token in word.tokens]
        assert tokens == spoken.split()[: len(tokens)] and {w.text for w in found.words} <= {*WORDS}
        assert (tmp_path / "out" / f"{Path(path).stem}.ctm").exists()
    capsys.readouterr()
    assert asr_infer.main(argv) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert asr_infer.main([*argv, "--hotwords", "x"]) == 1
    assert "--hotwords has no use with --transcoder" in capsys.readouterr().err


@pytest.mark.parametrize("nbest", [0, 3])
def test_words_have_the_times_of_their_phones(trained, nbest):
    """Ears hear a phone each 0.12 s as 5 frames of 20 ms and a blank; a second of silence parts
    what is read at once."""
    texts = [["cab", "a", "bc"], ["bc", "cab"]]
    transcoder = Phones2Words(trained)
    if nbest:
        transcoder.search = WordSearch(transcoder.tokens, nbest=nbest)
    speech = Speech2Words(Ears(), transcoder)
    phones = [[letter for word in words for letter in word] for words in texts]
    quiet = torch.eye(5)[[0] * 50].clamp(min=1e-6).log()
    frames = [
        (torch.eye(5)[[n for p in Ears.tokens.encode(one) for n in [p] * 5 + [0]]] + 1e-6).log()
        for one in phones
    ]
    plan = speech.plan(nbest=max(1, nbest), vad="none")
    model = speech.asr_model
    model.hear = lambda wave: torch.cat([frames[0], quiet, frames[1]])
    given = Given(np.zeros(320 * 200, np.float32), "")
    ((_, segments, _),) = transcribe(model, [("x", given)], plan)
    words = [word for segment in segments for word in segment.words]
    assert [word.text for word in words] == [word for words in texts for word in words]
    at = 0.0
    for part, begin in zip(texts, (0, 36 + 50), strict=True):
        for word in part:
            found = words.pop(0)
            assert found.start == pytest.approx((begin * 320 + 40) / 16_000, abs=0.045)
            begin += 6 * len(word)
            assert found.end == pytest.approx((begin * 320 + 40) / 16_000, abs=0.125)
            assert [token.text for token in found.tokens] == list(word)
            assert found.start >= at and 0.5 < found.confidence <= 1
            at = found.end
    if nbest:
        assert len(segments[0].alternatives) == 3
        assert segments[0].alternatives[0].text == segments[0].text
    model.hear = lambda wave: quiet
    assert speech.transcribe(given.samples, "xx", rate=16_000).segments == ()
