"""What a run makes of its options: the plan of its batches, its data sets, its first weights."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from phone_toy import TOKENS as WORDS
from phone_toy import sentences, write_phones
from tones import ctc_args, write_dump, write_tokens

from asrkit.batch import Batch
from asrkit.bin import asr_train
from asrkit.data.index import DataIndex
from asrkit.data.languages import size_ratios
from asrkit.data.sampler import BatchSpec
from asrkit.files import DataError
from asrkit.options import Options
from asrkit.tokens import TokenList
from asrkit.train import checkpoint
from asrkit.train.data import open_index, plan_of, source_of
from asrkit.transcoder.index import PhoneIndex


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tones")
    write_dump(folder / "train", 9)
    write_dump(folder / "valid", 2, seed=1, lang="yy")
    write_tokens(folder / "tokens.txt")
    return folder


@pytest.fixture(scope="module")
def index(tones: Path) -> DataIndex:
    return DataIndex.open([tones / "train", tones / "valid"])


def order_of(options: Options, index: DataIndex) -> list[int]:
    plan = plan_of(source_of(dataclasses.replace(options, batch_shapes=0)), index)
    epoch = plan.epoch(0)
    return [int(row) for at in range(len(epoch)) for row in plan.batch(epoch, 0, at).rows]


def test_the_seed_decides_the_order(index: DataIndex) -> None:
    first, again, other = (order_of(Options(seed=seed), index) for seed in (1, 1, 2))
    assert first == again != other


def test_limits_of_a_micro_batch(index: DataIndex) -> None:
    longest = int(index.num_samples.max())
    options = Options(batch_shapes=0, batch_bins=3 * longest, max_batch_size=2)
    plan = plan_of(source_of(options), index)
    assert np.diff(plan.epoch(0).bounds).max() == 2
    for bins in (longest, 3 * longest):
        epoch = plan_of(source_of(Options(batch_shapes=0, batch_bins=bins)), index).epoch(0)
        lengths = np.maximum.reduceat(index.num_samples[epoch.rows], epoch.bounds[:-1])
        padded = lengths * np.diff(epoch.bounds)
        assert bins / 2 < padded.max() <= bins


def test_short_and_long_clips(index: DataIndex) -> None:
    lengths = sorted(index.num_samples.tolist())
    low, high = lengths[3], lengths[-2]
    chosen = Options(min_sample_size=low, max_sample_size=high)
    wanted = [n for n in lengths if low <= n <= high]
    assert sorted(index.num_samples[row] for row in order_of(chosen, index)) == wanted
    cropped = plan_of(source_of(Options(batch_shapes=0, crop=True, max_sample_size=low)), index)
    assert cropped.lengths.max() == low and len(cropped.epoch(0).rows) == len(lengths)


def test_languages_are_sampled_by_alpha(index: DataIndex) -> None:
    assert plan_of(source_of(Options(batch_shapes=0)), index).ratios is None
    hours = np.array(list(index.hours().values()))
    for alpha in (0.0, 0.5):
        ratios = plan_of(source_of(Options(batch_shapes=0, language_alpha=alpha)), index).ratios
        np.testing.assert_allclose(ratios, size_ratios(hours, alpha))


def read(options: Options, index: DataIndex, *, train: bool, rows: list[int]) -> Batch:
    tokens = None if options.token_list is None else TokenList.read(options.token_list)
    dataset = source_of(options).dataset(index, tokens, "text", train=train)
    batch = dataset._batch(BatchSpec(0, np.array(rows), np.zeros(len(rows), int)))
    assert isinstance(batch, Batch)
    return batch


def test_clips_are_cut_in_training_alone_at_places_of_the_seed(index: DataIndex) -> None:
    short = int(index.num_samples.min()) - 100
    cut, again, other = (
        read(Options(crop=True, max_sample_size=short, seed=seed), index, train=True, rows=[0, 1])
        for seed in (1, 1, 2)
    )
    assert cut.speech is not None and again.speech is not None and other.speech is not None
    assert cut.speech.lengths.tolist() == [short, short]
    assert torch.equal(cut.speech.data, again.speech.data)
    assert not torch.equal(cut.speech.data, other.speech.data)
    whole = read(Options(crop=True, max_sample_size=short), index, train=False, rows=[0, 1])
    assert whole.speech is not None
    assert whole.speech.lengths.tolist() == index.num_samples[:2].tolist()


def test_symbols_that_training_has_not_seen(tones: Path, tmp_path: Path) -> None:
    TokenList.build("ab").write(tmp_path / "tokens.txt")
    options = Options(
        train_data=[str(tones / "train")],
        token_list=str(tmp_path / "tokens.txt"),
        token_file="text.phn",
    )
    labeled = open_index(source_of(options), options.train_data, "train_data")
    assert isinstance(labeled, DataIndex)
    row = next(n for n in range(len(labeled)) if "c" in labeled.labels(n))
    with pytest.raises(DataError, match=r"'c' of text\.phn is not in the token list"):
        read(options, labeled, train=True, rows=[row])
    text = read(options, labeled, train=False, rows=[row]).text
    assert text is not None and 1 in text.data


def test_phones_are_misheard_in_training_alone(tmp_path: Path) -> None:
    """Every phone is heard as d."""
    write_phones(tmp_path / "x", sentences(3))
    table = {phone: {"d": 1} for phone in "abcd"}
    (tmp_path / "confusions.json").write_text(json.dumps(table))
    TokenList.build("abcd").write(tmp_path / "phones.txt")
    options = Options(
        encoder="transcoder",
        phone_list=str(tmp_path / "phones.txt"),
        phone_noise=str(tmp_path / "confusions.json"),
    )
    index = PhoneIndex([tmp_path / "x"], "text.star")
    spec = BatchSpec(0, np.array([0, 1]), np.array([0, 0]))
    only_d = []
    for train in (True, False):
        batch = source_of(options).dataset(index, WORDS, "text", train=train)[spec]
        assert isinstance(batch, Batch) and batch.posteriors is not None
        heard = batch.posteriors.data.sum((0, 1))
        only_d.append(bool((heard[:-1] == 0).all()))
    assert only_d == [True, False]


def test_the_seed_decides_the_first_weights(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for number, seed in enumerate(("1", "1", "2")):
        out = tmp_path / str(number)
        torch.manual_seed(number)  # nothing of before has an influence
        more = ["--max_update", "1", "--seed", seed, "--optimizer_conf", "{lr: 1e-12}"]
        assert asr_train.main(ctc_args(tones, out, *more)) == 0
        found.append(checkpoint.load(out / "last.pt")["model"]["encoder.projection.weight"])
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=1e-6)
    assert (found[0] - found[2]).abs().max() > 1e-2
