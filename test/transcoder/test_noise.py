"""Text phones heard as badly as a recognizer hears."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from asrkit.data.sampler import BatchSpec
from asrkit.files import DataError
from asrkit.tokens import TokenList
from asrkit.transcoder.dataset import PhoneDataset, one_hot
from asrkit.transcoder.index import PhoneIndex
from asrkit.transcoder.labels import STAR, words_of
from asrkit.transcoder.noise import PhoneNoise

PHONES = TokenList(["<blank>", "<unk>", "a", "b", "c"])
TABLE = {
    "a": {"a": 6, "b": 3, "<del>": 1},
    "b": {"b": 4, "<del>": 4},
    "<ins>": {"c": 2, "a": 1},
}


def test_shares_are_those_of_the_table() -> None:
    noise = PhoneNoise({"a": TABLE["a"], "<ins>": {"c": 1}})  # one insertion on ten phones
    heard: Counter[str] = Counter()
    for number in range(400):
        heard += Counter(noise(["a"] * 50, [STAR] * 49 + ["word"], number)[0])
    assert sum(heard.values()) / 20_000 == pytest.approx(0.6 + 0.3 + 0.1, abs=0.015)
    assert heard["a"] / 20_000 == pytest.approx(0.6, abs=0.015)
    assert heard["b"] / 20_000 == pytest.approx(0.3, abs=0.015)
    assert heard["c"] / 20_000 == pytest.approx(0.1, abs=0.01)


def test_insertions_are_counted_on_the_phones_of_the_reference() -> None:
    noise = PhoneNoise({"a": {"a": 10}, "<ins>": {"c": 5}})  # one insertion on two phones
    heard = Counter(noise(["a"] * 5000, [STAR] * 4999 + ["word"], 0)[0])
    assert heard["a"] == 5000
    assert heard["c"] / 5000 == pytest.approx(0.5, abs=0.03)


def test_every_word_stays_in_order_and_has_a_phone() -> None:
    noise = PhoneNoise({"a": {"<del>": 5, "a": 1}, "b": {"<del>": 1}, "<ins>": {"c": 1}})
    phones = list("aabbabb")
    labels = [STAR, "one", STAR, "two", "three", STAR, "four"]
    lengths = set()
    for number in range(200):
        heard, moved = noise(phones, labels, number)
        assert len(heard) == len(moved) and words_of(moved) == ["one", "two", "three", "four"]
        lengths.add(len(heard))
    assert min(lengths) == 4 and len(lengths) > 2


def test_a_word_moves_left_with_its_last_phone() -> None:
    noise = PhoneNoise({"a": {"a": 1}, "b": {"<del>": 1}})
    assert noise(list("aab"), [STAR, STAR, "word"], 0) == (["a", "a"], [STAR, "word"])
    assert noise(list("bb"), [STAR, "word"], 0) == (["b"], ["word"])
    assert noise(["x"], ["word"], 0) == (["x"], ["word"])  # never counted


def test_the_same_key_draws_the_same() -> None:
    phones, labels = list("abababab"), [STAR] * 7 + ["word"]
    one, two = PhoneNoise(TABLE, seed=1), PhoneNoise(TABLE, seed=1)
    drawn = [tuple(one(phones, labels, 0, f"u{n}", 0)[0]) for n in range(20)]
    assert drawn == [tuple(two(phones, labels, 0, f"u{n}", 0)[0]) for n in range(20)]
    others = PhoneNoise(TABLE, seed=2)
    assert drawn != [tuple(others(phones, labels, 0, f"u{n}", 0)[0]) for n in range(20)]
    assert drawn != [tuple(one(phones, labels, 1, f"u{n}", 0)[0]) for n in range(20)]


def test_batches_are_noisy_but_what_was_recognized_is_not(tmp_path: Path) -> None:
    (tmp_path / "text.phn").write_text("u1 a a a a a a a a\nu2 c\n")
    (tmp_path / "text.star").write_text("u1 * * * * * * * w\nu2 w\n")
    (tmp_path / "utt2lang").write_text("u1 it\nu2 it\n")
    tokens = TokenList(["<blank>", "<unk>", "w"])
    noise = PhoneNoise({"a": {"b": 1}, "c": {"c": 1}})
    index = PhoneIndex([tmp_path], "text.star")
    spec = BatchSpec(0, np.array([0, 1]), np.array([0, 0]))
    batch = PhoneDataset(index, PHONES, tokens, noise)[spec]
    assert np.array_equal(batch.posteriors.data[0].numpy(), one_hot(["b"] * 8, PHONES))
    assert batch.posteriors.lengths.tolist() == [8, 1]
    assert batch.text.data[0].tolist() == [0] * 7 + [2]
    clean = PhoneDataset(index, PHONES, tokens)[spec]
    assert np.array_equal(clean.posteriors.data[0].numpy(), one_hot(["a"] * 8, PHONES))
    with pytest.raises(DataError, match="without a token file"):
        PhoneDataset(PhoneIndex([tmp_path]), PHONES, None, noise)


def test_noise_differs_by_epoch_sentence_and_copy(tmp_path: Path) -> None:
    phones = " ".join("ab" * 20)
    (tmp_path / "text.phn").write_text(f"u1 {phones}\nu2 {phones}\n")
    (tmp_path / "utt2lang").write_text("u1 it\nu2 it\n")
    (tmp_path / "text.star").write_text("".join(f"u{n} {'* ' * 39}w\n" for n in (1, 2)))
    tokens = TokenList(["<blank>", "<unk>", "w"])
    noise = PhoneNoise({"a": {"a": 1, "b": 1}, "b": {"a": 1, "b": 1}})
    dataset = PhoneDataset(PhoneIndex([tmp_path], "text.star"), PHONES, tokens, noise)

    def heard(epoch: int, row: int, copy: int) -> bytes:
        batch = dataset[BatchSpec(epoch, np.array([row]), np.array([copy]))]
        return batch.posteriors.data.numpy().tobytes()

    assert heard(0, 0, 0) == heard(0, 0, 0)
    assert len({heard(0, 0, 0), heard(1, 0, 0), heard(0, 1, 0), heard(0, 0, 1)}) == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("no json", "no table of confusions"),
        ("[1]", "no table of confusions"),
        (json.dumps({"a": {"a": 0}}), "whole numbers above 0"),
        (json.dumps({"<ins>": {"a": 1}}), "no phone of a reference was counted"),
        (json.dumps({"a": {}, "b": {"b": 1}}), "'a' has no counts"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "confusions.json").write_text(content)
    with pytest.raises(DataError, match=message):
        PhoneNoise.read(tmp_path / "confusions.json")
    with pytest.raises(DataError, match="score --unit per"):
        PhoneNoise.read(tmp_path / "nothing.json")
