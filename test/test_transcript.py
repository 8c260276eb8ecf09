"""Transcripts: what they may hold, and their JSON."""

from __future__ import annotations

import json
import math

import pytest

from asrkit.transcript import (
    Alternative,
    Segment,
    Token,
    Transcript,
    TranscriptError,
    Word,
)

WORDS = (
    Word("però", 0.1, 0.52, 0.9, (Token("p", 0.1, 0.14, 0.8), Token("e", 0.2, 0.22))),
    Word("שלום", 0.6, 0.7),
)
WHOLE = Transcript(
    (
        Segment.of(WORDS, speaker="A", lang="it", alternatives=[Alternative("però", -1.5)]),
        Segment(0.65, 2.0, "a line of an editor", confidence=0.25),
        Segment(3.0, 3.0, ""),
    ),
    duration=3.25,
    audio="talks/one.mp3",
    language="it",
    model="exp/asr",
)


@pytest.mark.parametrize("transcript", [WHOLE, Transcript((), 0.0)])
@pytest.mark.parametrize("indent", [None, 1])
def test_json_is_read_back_equal(transcript, indent):
    written = transcript.to_json(indent=indent)
    assert Transcript.from_json(written) == transcript
    assert Transcript.from_json(written.encode()) == transcript
    assert Transcript.from_plain(json.loads(written)) == transcript


def test_json_is_short_and_of_letters():
    written = Transcript((Segment.of(WORDS[:1]),), 1.0).to_json(indent=None)
    assert '"text": "però"' in written
    assert "null" not in written and "speaker" not in written and "alternatives" not in written


def test_of_words():
    segment = Segment.of(WORDS)
    assert (segment.start, segment.end, segment.text) == (0.1, 0.7, "però שלום")
    assert segment.confidence == 0.9  # the mean of those that are known
    assert Segment.of([Word("a", 0, 2), Word("b", 1, 1.5)]).end == 2
    assert Segment.of(WORDS[1:]).confidence is None
    with pytest.raises(TranscriptError, match="needs one"):
        Segment.of([])


def test_text_and_words_of_all():
    assert WHOLE.text == "però שלום a line of an editor"
    assert WHOLE.words == WORDS


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Word("a b", 0, 1), "text: 'a b' is not one word"),
        (lambda: Word("", 0, 1), "text: '' is not one word"),
        (lambda: Word("a\0", 0, 1), r"text: holds the character U\+0000"),
        (lambda: Token("\ud800", 0, 1), r"text: holds the character U\+D800"),
        (lambda: Word("a", -1, 1), "start: -1 is not"),
        (lambda: Word("a", math.nan, 1), "start: nan is not"),
        (lambda: Token("a", 1, 0.5), "end: 0.5 is not a time at or after the start, 1"),
        (lambda: Token("a", 0, math.inf), "end: inf"),
        (lambda: Word("a", 0, 1, 1.5), "confidence: 1.5 is not between 0 and 1"),
        (lambda: Word("a", 0, 1, math.nan), "confidence: nan"),
        (lambda: Segment(0, 1, "a  b"), "single spaces"),
        (lambda: Segment(0, 1, "a\nb"), r"U\+000A"),
        (lambda: Segment(0, 1, "a b", WORDS), "words: they spell 'però שלום'"),
        (lambda: Segment(0, 1, "a", speaker="\r"), "speaker: holds"),
        (lambda: Alternative("a", -math.inf), "score: -inf"),
        (lambda: Transcript((), math.nan), "duration: nan"),
        (lambda: Transcript((), 1, audio="\udcff"), "audio: holds"),
        (
            lambda: Transcript((Segment(1, 2, "a"), Segment(0.5, 1, "b")), 2),
            r"segments\[1\]\.start: 0.5 is before 1",
        ),
    ],
)
def test_what_cannot_be(make, message):
    with pytest.raises(TranscriptError, match=message):
        make()


SEGMENT = {"start": 0, "end": 1, "text": "a", "words": [{"text": "a", "start": 0, "end": 1}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"duration": None}, "duration: None is not a number"),
        ({"duration": True}, "duration: True is not a number"),
        ({"duration": 10**400}, "duration: 1000.* is not a number"),
        ({"segments": {}}, r"segments: \{\} is not a list"),
        ({"segments": ["a"]}, r"segments\[0\]: 'a' is not a mapping of segment"),
        ({"segments": [{**SEGMENT, "end": "1"}]}, r"segments\[0\]\.end: '1' is not a number"),
        ({"segments": [{**SEGMENT, "end": -1}]}, r"segments\[0\]\.end: -1"),
        ({"segments": [{**SEGMENT, "wrods": []}]}, r"segments\[0\]\.wrods: unknown key; known: "),
        (
            {"segments": [SEGMENT, {**SEGMENT, "words": [{"text": "a", "start": 0}]}]},
            r"segments\[1\]\.words\[0\]\.end: is missing",
        ),
        (
            {"segments": [{**SEGMENT, "words": [{**SEGMENT["words"][0], "text": 5}]}]},
            r".*text: 5 is not text",
        ),
        ({"language": 3}, "language: 3 is not text"),
        ({"format": "asrkit transcript 9"}, "format: 'asrkit transcript 9' is not 'asrkit tr"),
    ],
)
def test_json_that_is_none_names_the_key(change, message):
    content = {"segments": [SEGMENT], "duration": 2, **change}
    with pytest.raises(TranscriptError, match=rf"^talk\.json: {message}"):
        Transcript.from_plain(content, "talk.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", r"\[1\] is not a mapping with segments"),
        ('{"duration": 1}', "segments: is missing"),
        ('{"duration": 1, "duration": 2}', "duration: duplicate key"),
        ('{"segments": [], "duration": NaN}', "duration: nan"),
        ("{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
    ],
)
def test_text_that_is_no_transcript(text, message):
    with pytest.raises(TranscriptError, match=rf"^t\.json: {message}"):
        Transcript.from_json(text, "t.json")
