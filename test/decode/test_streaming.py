"""A transcript while the recording is being made."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hearing import Hearing
from random_model import LEXICON, save_with_lexicon

from asrkit.audio.reading import AudioError, decode
from asrkit.decode.hypothesis import Evidence, Hypothesis
from asrkit.decode.live import Live, LiveError
from asrkit.decode.plan import Plan
from asrkit.decode.search import Search
from asrkit.decode.streaming import Stream
from asrkit.infer import Speech2Text
from asrkit.tokens import TokenList
from asrkit.transcript import Transcript

CLIPS = Path(__file__).parents[1] / "corpora" / "clips"
# a model that has learned nothing writes few words unless it is paid for them
WORDS = Search(word_score=20.0)
SHORT = {"chunk": 0.5, "left": 1.0, "right": 0.3}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return Speech2Text(save_with_lexicon(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def speech():
    clips = [decode(path).samples for path in sorted(CLIPS.glob("it/*.opus"))[:12]]
    return np.concatenate(clips)


def said(stream: Stream, samples: np.ndarray, step: int) -> Transcript:
    for start in range(0, len(samples), step):
        stream.accept(samples[start : start + step])
    return stream.finish()


@pytest.mark.parametrize("search", [Search(mode="greedy"), Search(mode="free"), WORDS])
@pytest.mark.parametrize("vad", ["energy", "none"])
def test_without_an_end_of_the_right_context_it_is_the_transcript(model, speech, search, vad):
    lang = None if search.mode else "it"
    sound = np.tile(speech, 2)
    whole = model.transcribe(sound, lang, rate=16_000, search=search, vad=vad)
    assert len(whole.words) > 20 and whole.duration > 31  # of two pieces
    stream = model.stream(lang, search=search, vad=vad, right=math.inf)
    assert said(stream, sound, 40_000) == whole


@pytest.mark.parametrize("search", [Search(mode="greedy"), Search(word_score=20.0, nbest=3)])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_it_does_not_depend_on_how_samples_come(model, speech, search, rate):
    lang = None if search.mode else "it"
    samples = speech[: 3 * rate]
    found = []
    for step in (97, 3_000, 1_000_000):
        found.append(said(model.stream(lang, rate=rate, search=search, **SHORT), samples, step))
    assert found[0] == found[1] == found[2] and len(found[0].words) > 3


def test_partial_results(model, speech):
    """What is final is never taken back, all of it comes, and the text grows meanwhile."""
    pause = np.zeros(32_000, np.float32)
    sound = np.concatenate([speech[:32_000], pause, speech[32_000:80_000], pause])
    stream = model.stream(**SHORT)
    final, texts, until = [], [], 0.0
    for start in range(0, len(sound), 1_600):
        partial = stream.accept(sound[start : start + 1_600])
        final += partial.segments
        texts.append(partial.text)
        assert partial.until >= until
        until = partial.until
        there = (start + 1_600) / 16_000
        assert there - until <= 0.5 + 0.3 + 0.1 + 0.025
    assert len(final) >= 2 and texts[-1] == ""  # the pause was long enough
    whole = stream.finish()
    assert list(whole.segments) == final and whole.duration == len(sound) / 16_000
    grown = [one for one in texts if one]
    assert len(set(grown)) > 3
    first = final[0].text
    assert any(first.startswith(one) and one != first for one in grown)


def test_words_in_progress_are_those_of_the_search(model, speech):
    stream = model.stream("it", search=WORDS, endpoint=60.0, **SHORT)
    texts = [stream.accept(part).text for part in np.split(speech[:96_000], 60)]
    known = {line.split("\t")[0] for line in LEXICON.splitlines()}
    assert set(" ".join(texts).split()) <= known and texts[-1]
    assert set(stream.finish().text.split()) <= known
    assert stream.partial().text == ""  # all of it is in segments


class Talking(Hearing):
    """Writes a token where sound begins; a network that sees no context."""

    tokens = TokenList.build("a")

    def hear(self, wave):
        count = max(0, (len(wave) - 400) // 320 + 1)
        loud = wave[: count * 320].view(count, 320).abs().amax(1) > 0.1
        scores = torch.full((count, len(self.tokens)), -9.0)
        scores[:, 0] = torch.where(loud, -9.0, 0.0)
        scores[:, self.tokens.encode(["a"])[0]] = torch.where(loud, 0.0, -9.0)
        return scores.log_softmax(-1)


def talking(plan: Plan | None = None, **conf: Any) -> Stream:
    return Stream(Talking(), plan or Plan(), Live(**{**SHORT, **conf}), name="x")


def held(value: object, seen: set[int]) -> int:
    """Numbers in tensors and arrays, and items of lists, that an object holds."""
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        return value.untyped_storage().nbytes()
    if isinstance(value, np.ndarray):
        return (value if value.base is None else value.base).nbytes
    if isinstance(value, list | tuple):
        return sum(held(one, seen) for one in value)
    inside = getattr(value, "__dict__", {})
    return sum(held(one, seen) for one in inside.values())


@pytest.mark.parametrize("minutes", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_an_hour_is_held_as_some_minutes_are(minutes):
    """A second of sound every ten seconds, and once two minutes of it without a pause."""
    minute = np.zeros((6, 160_000), np.float32)
    minute[:, :16_000] = 0.2 * np.sin(np.arange(16_000) / 10)
    minute = minute.reshape(-1)
    stream, sizes, count = talking(chunk=2.0), [], 0
    loud = np.tile(minute[:8_000], 120)
    for number in range(minutes):
        sound = loud if number in (minutes // 2, minutes // 2 + 1) else minute
        for part in np.split(sound, 10):
            count += len(stream.accept(part).segments)
        made, stream._made = stream._made, []  # the text itself is to grow
        sizes.append(held(stream, set()))
        stream._made = made
    assert count >= 6 * (minutes - 2) and len(stream.finish().segments) == count
    assert max(sizes) < 2e6


def test_a_pause_ends_a_segment_as_long_as_it_is_said():
    sound = np.zeros(160_000, np.float32)
    sound[16_000:24_000] = 0.2 * np.sin(np.arange(8_000) / 10)
    for endpoint in (0.5, 2.0):
        stream = talking(endpoint=endpoint)
        for number in range(1, 101):
            if stream.accept(sound[1_600 * (number - 1) : 1_600 * number]).segments:
                break
        # the blanks behind it, and the latency of their last
        assert 1.5 + endpoint - 0.05 <= number / 10 <= 1.5 + endpoint + 0.8 + 0.1


def test_a_reader_of_whole_pieces_shows_the_best_path_until_it_reads():
    a, evidence = Talking.tokens.encode(["a"])[0], Evidence(0.0, 0.0, 0.0)

    def reader(scores: np.ndarray) -> list[Hypothesis]:
        loud = scores[:, a].max() > -1
        return [
            Hypothesis([a], ["word"], 0.0, (1,), (evidence,)) if loud else Hypothesis([], [], 0.0)
        ]

    stream = talking(Plan(reader=reader, vad="none"))
    sound = np.zeros(48_000, np.float32)
    sound[8_000:16_000] = 0.5
    texts, final = [], []
    for part in np.split(sound, 30):
        partial = stream.accept(part)
        texts.append(partial.text)
        final += partial.segments
    assert "a" in texts and [one.text for one in final] == ["word"]
    assert stream.finish().text == "word"


def test_a_stream_ends_once(model):
    stream = model.stream()
    assert stream.finish().segments == ()
    with pytest.raises(LiveError, match="finished already"):
        stream.finish()
    with pytest.raises(LiveError, match="begin another one"):
        stream.accept(np.zeros(10))


def test_samples_that_are_none_are_not_taken(model, speech):
    clean, other = model.stream(**SHORT), model.stream(**SHORT)
    for part in np.split(speech[:64_000], 8):
        clean.accept(part)
        with pytest.raises(AudioError, match="samples"):
            other.accept(np.array([0.1, np.inf], np.float32))
        with pytest.raises(AudioError, match="int64"):
            other.accept(np.zeros(3, np.int64))
        other.accept(part)
    assert other.finish() == clean.finish()
    with pytest.raises(LiveError, match="at most 20 at once"):
        model.stream(left=30.0, max_seconds=20.0)
    with pytest.raises(AudioError, match="rate of 1 Hz"):
        model.stream(rate=1)
