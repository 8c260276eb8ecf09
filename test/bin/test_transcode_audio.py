"""A small Transcoder behind an acoustic model: from audio to words."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from phone_toy import ARPA, WORDS, Ears, corpus, trained_model
from tones import write_dump

from asrkit.audio.given import Given
from asrkit.bin import asr_infer, calibrate, transcode, tune_transcoder
from asrkit.decode import options
from asrkit.decode.transcribe import transcribe
from asrkit.kaldi.kaldi_text import read_keyed, write_keyed
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
    wanted = {"device": "cpu", "precision": "fp32", "batch_seconds": None, "classifier": None}
    assert opened == [wanted]
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
    monkeypatch.setattr(asr_infer, "open_recognizer", lambda *_, **__: ears)
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


def test_files_are_searched_with_an_ngram(trained, tmp_path, monkeypatch, capsys):
    """The command and Python find the same words, times and alternatives."""
    dump = write_dump(tmp_path / "dump", 2)
    ears = Ears()
    ears.path = tmp_path / "ears"
    monkeypatch.setattr(asr_infer, "open_recognizer", lambda *_, **__: ears)
    monkeypatch.setattr(asr_infer, "known_network", lambda *_: [])
    lm = tmp_path / "lm.arpa"
    lm.write_text(ARPA)
    (tmp_path / "w.json").write_text('{"lm_weight": 9.0, "word_score": 2.0}')
    files = sorted((dump / "audio").iterdir())
    argv = ["--model", "x", "--transcoder", str(trained), *map(str, files), "--format", "json"]
    argv += ["--lm", str(lm), "--nbest", "2", "--output_dir"]
    assert asr_infer.main([*argv, str(tmp_path / "a"), "--weights", str(tmp_path / "w.json")]) == 0
    assert "warning: 5 of 6 words of the Transcoder are not in" in capsys.readouterr().err
    given = ["--lm_weight", "9", "--word_score", "2"]
    assert asr_infer.main([*argv, str(tmp_path / "b"), *given]) == 0
    transcoder = Phones2Words(trained)
    weights = {"lm_weight": 9.0, "word_score": 2.0, "nbest": 2}
    transcoder.search = WordSearch(transcoder.tokens, lm=lm, **weights)
    plain = Speech2Words(ears, Phones2Words(trained))
    for file in files:
        read = [(tmp_path / name / f"{file.stem}.json").read_bytes() for name in "ab"]
        one, other = map(Transcript.from_json, read)
        wanted = Speech2Words(ears, transcoder).transcribe(file)
        assert one.segments == other.segments == wanted.segments
        assert len(one.segments[0].alternatives) == 2
        assert [word.start for word in one.words] != []
        assert one.segments != plain.transcribe(file).segments
    assert asr_infer.main([*argv, str(tmp_path / "a"), *given, "--beam_size", "2"]) == 1
    assert "other options" in capsys.readouterr().err
    for more, message in (
        (["--lm_weight", "2"], "--lm_weight has no use with --transcoder and without --lm"),
        (["--beam_size", "2"], "--beam_size has no use with --transcoder and without a search"),
        (["--decode", "lexicon"], "--decode has no use with --transcoder"),
    ):
        assert asr_infer.main(["--transcoder", str(trained), str(files[0]), *more]) == 1
        assert message in capsys.readouterr().err


def test_confidence_is_fitted_to_a_transcoder(trained, tmp_path, monkeypatch, capsys):
    """It is sure of all of its words; every third of them is wrong by the texts here."""
    dump = write_dump(tmp_path / "dump", 40)
    monkeypatch.setattr(calibrate, "open_recognizer", lambda *_: Ears())
    mine = tmp_path / "mine"
    shutil.copytree(trained, mine)
    speech = Speech2Words(Ears(), Phones2Words(mine))
    found = {name: speech.transcribe(path) for name, path in read_keyed(dump / "wav.scp").items()}
    number, texts = itertools.count(), {}
    for name, transcript in found.items():
        said = [word.text if next(number) % 3 else "other" for word in transcript.words]
        texts[name] = " ".join(said)
    write_keyed(dump / "text", texts)
    argv = ["--model", "x", "--transcoder", str(mine), "--lang", "it", "--data_dir", str(dump)]
    assert calibrate.main([*argv, "--fit", "false"]) == 0
    said = capsys.readouterr().out
    assert "the Transcoder's probability: AUC" in said and not (mine / "confidence.json").exists()
    assert calibrate.main(argv) == 0
    said = dict(line.split(":", 1) for line in capsys.readouterr().out.splitlines() if ":" in line)
    ece = {name: float(said[name].rpartition(" ")[2]) for name in ("now", "fitted")}
    assert ece["now"] > 0.2 and ece["fitted"] < 0.06
    assert said["written"].strip() == str(mine / "confidence.json")
    fitted = Speech2Words(Ears(), Phones2Words(mine))
    sure = [
        w.confidence
        for path in read_keyed(dump / "wav.scp").values()
        for w in fitted.transcribe(path).words
    ]
    assert sum(sure) / len(sure) == pytest.approx(2 / 3, abs=0.02)
    assert calibrate.main([*argv[:2], *argv[4:], "--lm", "x"]) == 1
    assert "--lm has no use without --transcoder" in capsys.readouterr().err


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
