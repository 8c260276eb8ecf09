"""Transcripts of every way to decode, of long recordings, and in bounded memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from random_model import LEXICON, save_with_lexicon

from asrkit.audio.given import Given
from asrkit.audio.reading import decode
from asrkit.decode.beam import DecodeError
from asrkit.decode.pieces import align
from asrkit.decode.plan import Plan
from asrkit.decode.search import Search
from asrkit.decode.segments import LONGEST
from asrkit.decode.transcribe import transcribe
from asrkit.infer import Speech2Text

CLIPS = Path(__file__).parents[1] / "corpora" / "clips"


# a model that has learned nothing writes few words unless it is paid for them
WORDS = Search(word_score=20.0)
MODES = [Search(mode="greedy"), Search(mode="free"), WORDS]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return Speech2Text(save_with_lexicon(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def speech():
    return np.concatenate([decode(path).samples for path in sorted(CLIPS.glob("it/*.opus"))])


@pytest.mark.parametrize("search", MODES)
def test_every_search_gives_words_with_times(model, speech, search):
    lang = None if search.mode else "it"
    found = model.transcribe(speech[:160_000], lang, search=search, rate=16_000)
    assert len(found.words) > 5
    if lang:
        known = {line.split("\t")[0]: line.split("\t")[1].split() for line in LEXICON.splitlines()}
        for word in found.words:
            assert [token.text for token in word.tokens] == known[word.text]
    for word in found.words:
        assert word.start < word.end and 0 < word.confidence < 1
        assert word.tokens[0].start == word.start and word.tokens[-1].end == word.end
    starts = [word.start for word in found.words]
    assert starts == sorted(starts) and found.words[-1].end <= 10.0


def test_the_search_is_made_once_and_its_notes_are_told_once(model, speech, capsys):
    for _ in range(2):
        model.transcribe(speech[:16_000], "it", search=WORDS, rate=16_000)
        model.transcribe(speech[:16_000], "fr", rate=16_000)
    assert capsys.readouterr().err.count("fr/lexicon.txt (stage 9): best path instead") == 1
    task = model.plan(WORDS, "it").beam
    assert model.decoder(task) is model.decoder(task)


def test_alternatives(model, speech):
    found = model.transcribe(
        speech[:80_000], "it", search=Search(word_score=20.0, nbest=3), rate=16_000
    )
    (segment,) = found.segments
    scores = [one.score for one in segment.alternatives]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)
    assert segment.alternatives[0].text == segment.text


def test_a_long_recording_is_cut_into_windows_pieces_and_segments(model, speech):
    """The words of windows are those of the whole, but for what the network sees beyond them."""
    whole = model.transcribe(speech, rate=16_000, max_seconds=1e6)
    cut = model.transcribe(speech, rate=16_000, max_seconds=10.0)
    assert len(speech) > 3 * 10 * 16_000
    same = sum(a == b for a, b in zip(whole.text.split(), cut.text.split(), strict=False))
    assert abs(len(whole.words) - len(cut.words)) < 0.1 * len(whole.words) and same > 0
    for found in (whole, cut):
        assert max(segment.end - segment.start for segment in found.segments) <= LONGEST
        assert found.segments[-1].end == pytest.approx(len(speech) / 16_000, abs=1.5)


def test_passages_are_the_transcript_as_it_is_made(model, speech):
    whole = model.transcribe(speech, rate=16_000, max_seconds=10.0)
    found = list(model.passages(speech, rate=16_000, max_seconds=10.0))
    assert len(found) > 1 and found[-1][0] == whole.duration
    words = [word for _, segments in found for segment in segments for word in segment.words]
    assert [(w.text, w.start) for w in words] == [(w.text, w.start) for w in whole.words]
    at = 0.0
    for until, segments in found:
        assert all(at - 0.2 < segment.start < until for segment in segments)
        at = until


def test_a_passage_waits_for_no_window_behind_it(model, speech, monkeypatch):
    asked = []
    stream = model.frames

    def counting(waves):
        return stream(asked.append(len(wave)) or wave for wave in waves)

    monkeypatch.setattr(model, "frames", counting)
    made = model.passages(np.tile(speech, 2), rate=16_000, max_seconds=10.0)
    until, _ = next(made)
    assert 15 <= until <= 30 and len(asked) == 6  # of 13
    made.close()
    assert next(model.passages(np.zeros(0), rate=16_000)) == (0.0, ())


def test_recordings_come_in_their_order_and_are_let_go(model, speech):
    lengths = [160_000, 0, 100, 500_000, 48_000]
    rows = [(str(n), Given(speech[:n], "")) for n in lengths]
    made = list(transcribe(model, rows, Plan(max_seconds=5.0, vad="none")))
    assert [(name, duration) for name, _, duration in made] == [
        (str(n), round(n / 16_000, 3)) for n in lengths
    ]
    assert [bool(segments) for _, segments, _ in made] == [True, False, False, True, True]
    alone = model.transcribe(speech[:48_000], rate=16_000, vad="none", max_seconds=5.0)
    assert list(alone.segments) == made[-1][1]


def test_nothing_is_said_where_only_noise_is(model, speech):
    noise = np.random.default_rng(0).standard_normal(10 * 16_000).astype(np.float32) * 1e-3
    sound = np.concatenate([noise, speech[:48_000], noise])
    kept = model.transcribe(sound, rate=16_000)
    assert kept.segments[0].start > 9.5 and kept.segments[-1].end < 13.5
    everywhere = model.transcribe(sound, rate=16_000, vad="none")
    assert everywhere.segments[0].start < 9


def test_alignment_has_every_token_also_of_impossible_frames():
    scores = torch.full((12, 4), -100.0)
    scores[:, 0] = 0.0
    path = align(scores, [1, 2, 2, 3])
    assert path.unique_consecutive()[path.unique_consecutive() != 0].tolist() == [1, 2, 2, 3]


def test_what_cannot_be_searched(model):
    wave = np.zeros(1000)
    with pytest.raises(DecodeError, match="no way to decode is called 'beam'"):
        Search(mode="beam")
    with pytest.raises(DecodeError, match="--lm: no file"):
        Search(lm=Path("none"))
    with pytest.raises(DecodeError, match=r"--decode lexicon: no lexicon at .*ngram/xx"):
        model.transcribe(wave, "xx", search=Search(mode="lexicon"), rate=16_000)
    with pytest.raises(ValueError, match="vad is one of energy, none, not 'webrtc'"):
        model.transcribe(wave, rate=16_000, vad="webrtc")
