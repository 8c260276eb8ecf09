"""Classifiers as objects, and transcripts of whichever language is spoken."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from languages_toy import HIGH
from random_model import save_small
from tones import TONES

from asrkit.decode.beam import DecodeError
from asrkit.decode.languages import Stretch
from asrkit.decode.search import Search
from asrkit.identify import Speech2Class
from asrkit.infer import Speech2Text
from asrkit.model_io import ModelError
from asrkit.rate import RATE
from asrkit.tokens import TokenList
from asrkit.transcript import Transcript


def tones(table: dict[str, float], seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(RATE // 10) / RATE
    said = [np.sin(table[str(rng.choice(list(table)))] * time) for _ in range(int(seconds * 10))]
    return (0.3 * np.concatenate(said)).astype(np.float32)


def model(folder, tokens: list[str], **options):
    TokenList.build(tokens).write(folder.parent / f"{folder.name}.txt")
    save_small(folder, folder.parent / f"{folder.name}.txt", **options)
    return folder


@pytest.fixture(scope="module")
def exp(tmp_path_factory):
    """asr_x, language, and lexicons of it and es, beside each other."""
    exp = tmp_path_factory.mktemp("exp")
    conf = {"objective_conf": {"hidden_size": 8}, "token_file": "utt2lang"}
    model(exp / "language", ["it", "es"], objective="classify", **conf)
    model(exp / "asr_x", ["a", "b", "c"], token_file="text.phn")
    for lang in ("it", "es"):
        (exp / "ngram" / lang).mkdir(parents=True)
        (exp / "ngram" / lang / "lexicon.txt").write_text(f"{lang}a\ta\n{lang}b\tb\n{lang}c\tc\n")
    return exp


@pytest.fixture
def recognizer(exp, monkeypatch):
    """Its classifier takes low tones for it, high ones for es; its network writes one token."""
    found = Speech2Text(exp / "asr_x")

    def frames(waves):
        for wave in waves:
            wave = np.asarray(wave)
            crossings = np.abs(np.diff(np.sign(wave))).mean() / 2 * RATE * np.pi
            yield torch.tensor([[0.999, 0.001] if crossings < 9000 else [0.001, 0.999]]).log()

    monkeypatch.setattr(found.classifier, "frames", frames)
    monkeypatch.setattr(found.objective.head, "bias", torch.nn.Parameter(torch.zeros(5)))
    return found


def mixed() -> np.ndarray:
    pause = np.zeros(RATE, np.float32)
    return np.concatenate([tones(TONES, 2), pause, tones(HIGH, 3), pause, tones(TONES, 2)])


def test_a_clip_has_a_class_and_the_probabilities_of_all(exp):
    classifier = Speech2Class(exp / "language")
    assert classifier.classes == ["it", "es"] and classifier.label_file == "utt2lang"
    guess, nothing = classifier.classify([tones(TONES, 1), np.zeros(3, np.float32)])
    assert guess is not None and nothing is None
    assert guess.name in classifier.classes
    assert guess.confidence == max(guess.probabilities.values())
    assert sum(guess.probabilities.values()) == pytest.approx(1)


def test_classes_that_cannot_be_are_left_out(exp):
    classifier = Speech2Class(exp / "language")
    (one,) = classifier.in_samples(tones(TONES, 2), among=["es"])
    assert (one.lang, one.confidence) == ("es", 1.0)
    assert classifier.in_samples(np.zeros(RATE, np.float32)) == []


def test_the_stretches_of_a_mixed_recording(recognizer):
    found = recognizer.classifier.stretches(mixed(), rate=RATE)
    assert [one.lang for one in found] == ["it", "es", "it"]
    assert found[0].stop == found[1].start and found[0].stop / RATE == pytest.approx(2.5, abs=0.1)
    assert isinstance(found[0], Stretch)


def test_each_language_is_written_in_words_of_its_own(recognizer):
    transcript = recognizer.transcribe(mixed(), "auto", rate=RATE)
    assert transcript.words, "the random network has to write something"
    for one in transcript.segments:
        lang = one.lang or transcript.language
        assert all(word.text.startswith(lang) for word in one.words)
        assert one.lang_confidence is not None and 0.5 < one.lang_confidence <= 1
        assert (one.start < 2.5 or one.start > 6.5) == (lang == "it")
    assert transcript.language in ("it", "es") and transcript.language_confidence > 0.5
    assert Transcript.from_json(transcript.to_json()) == transcript


def test_a_recording_of_one_language_reads_as_if_it_were_named(recognizer):
    auto = recognizer.transcribe(tones(HIGH, 3), "auto", rate=RATE)
    named = recognizer.transcribe(tones(HIGH, 3), "es", rate=RATE)
    assert auto.text == named.text and auto.words == named.words
    assert auto.language == "es"
    assert [one.lang for one in auto.segments] == [None] * len(auto.segments)


def test_silence_is_in_no_language(recognizer):
    transcript = recognizer.transcribe(np.zeros(2 * RATE), "auto", rate=RATE)
    assert (transcript.text, transcript.language, transcript.language_confidence) == (
        "",
        None,
        None,
    )


def test_passages_name_the_language_of_each_segment(recognizer):
    parts = list(recognizer.passages(mixed(), "auto", rate=RATE, max_seconds=3.0))
    assert parts[-1][0] == pytest.approx(9.0)
    said = [one for _, segments in parts for one in segments]
    whole = recognizer.transcribe(mixed(), "auto", rate=RATE, max_seconds=3.0)
    assert {one.lang for one in said} <= {"it", "es"}
    assert " ".join(one.text for one in said) == whole.text


def test_without_a_classifier_the_message_says_what_makes_one(exp, tmp_path):
    alone = Speech2Text(exp / "asr_x", classifier=tmp_path / "none")
    with pytest.raises(ModelError, match=r"no classifier of languages .*none; .*--language_config"):
        alone.transcribe(tones(TONES, 1), "auto", rate=RATE)


def test_a_recognizer_is_no_classifier_and_the_other_way_round(exp):
    with pytest.raises(ModelError, match="'ctc' makes no classifier"):
        Speech2Class(exp / "asr_x")
    with pytest.raises(ModelError, match="'classify' cannot be decoded; asrkit identify"):
        Speech2Text(exp / "language")


def test_files_of_one_language_are_refused(recognizer, exp):
    search = Search(lexicon=exp / "ngram/it/lexicon.txt")
    with pytest.raises(DecodeError, match="is of one language"):
        recognizer.transcribe(tones(TONES, 1), "auto", rate=RATE, search=search)


def test_a_stream_needs_the_name_of_its_language(recognizer):
    with pytest.raises(DecodeError, match="name the language of a stream"):
        recognizer.stream("auto")


def test_a_mode_that_a_language_has_no_files_for_is_refused_at_once(recognizer):
    with pytest.raises(DecodeError, match="no n-gram"):
        recognizer.plan(Search(mode="lexicon_lm"), "auto")


def test_of_a_separate_vocabulary_only_its_own_languages_can_be(exp, tmp_path):
    (tmp_path / "exp").mkdir()
    own = model(tmp_path / "exp" / "asr_y", ["(es)a", "(es)b"], token_file="text.phn_separate")
    found = Speech2Text(own, classifier=exp / "language")
    transcript = found.transcribe(tones(TONES, 2), "auto", rate=RATE)
    assert transcript.language in ("es", None)
    other = model(tmp_path / "exp" / "asr_z", ["(ru)a", "(ru)b"], token_file="text.phn_separate")
    with pytest.raises(ModelError, match=r"tells it, es apart, and .* writes ru"):
        Speech2Text(other, classifier=exp / "language").plan(None, "auto")
