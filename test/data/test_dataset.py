"""Batches from real files: crops, padding, labels, bad files, workers."""

import logging
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from asrkit.data import collate
from asrkit.data.dataset import SpeechDataset
from asrkit.data.index import DataIndex
from asrkit.data.loader import make_loader
from asrkit.data.sampler import BatchSpec, BatchStream, EpochPlan, EvalStream
from asrkit.files import DataError
from asrkit.keys import key_of
from asrkit.tokens import TokenList

LENGTHS = [4000, 5000, 6000, 4100, 8000, 4050, 7000, 4020]
TOKENS = TokenList.build("abc")


def wave(number: int, length: int) -> np.ndarray:
    """int16 values that tell utterance and position, for exact comparison."""
    return ((np.arange(length) * 3 + number * 1000) % 30000).astype(np.int16)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    tables: dict[str, list[str]] = {"wav.scp": [], "utt2num_samples": [], "utt2lang": [], "t": []}
    for number, length in enumerate(LENGTHS):
        path = tmp_path / f"u{number}.flac"
        soundfile.write(path, wave(number, length), 16000)
        values = (path, length, "it" if number % 2 else "es", "a b " * number)
        for table, value in zip(tables.values(), values, strict=True):
            table.append(f"u{number} {value}".rstrip())
    for name, lines in tables.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    return tmp_path


def spec(rows: list[int], epoch: int = 0, copies: list[int] | None = None) -> BatchSpec:
    return BatchSpec(epoch, np.array(rows), np.array(copies or [0] * len(rows)))


def expected(number: int, begin: int = 0, end: int | None = None) -> np.ndarray:
    return wave(number, LENGTHS[number])[begin:end].astype(np.float32) / 32768


def test_padded_batch_with_labels(dump: Path) -> None:
    batch = SpeechDataset(DataIndex.open(dump, "t"), TOKENS)[spec([2, 0, 4])]
    assert batch.ids == ["u2", "u0", "u4"] and batch.langs.tolist() == [0, 0, 0]
    assert batch.speech.data.shape == (3, 8000) and batch.speech.data.dtype == torch.float32
    assert batch.speech.lengths.tolist() == [6000, 4000, 8000]
    for row, number in enumerate((2, 0, 4)):
        np.testing.assert_array_equal(batch.speech.data[row, : LENGTHS[number]], expected(number))
        assert not batch.speech.data[row, LENGTHS[number] :].any()
    assert batch.text.lengths.tolist() == [4, 0, 8]
    assert batch.text.data[0].tolist() == [2, 3, 2, 3, 0, 0, 0, 0]
    assert batch.keys.tolist() == [key_of(name, 0) for name in batch.ids] and batch.bad == ()


def test_phones_instead_of_text(dump: Path) -> None:
    batch = SpeechDataset(DataIndex.open(dump, "t"), TOKENS, label_field="phones")[spec([1])]
    assert batch.text is None and batch.phones.data.tolist() == [[2, 3]]


def test_crop_to_the_shortest(dump: Path) -> None:
    data = SpeechDataset(DataIndex.open(dump), crop=True, seed=3)
    batch = data[spec([2, 0, 4], 5, [0, 0, 1])]
    assert batch.speech.data.shape == (3, 4000)
    assert batch.speech.lengths.tolist() == [4000] * 3
    for row, (number, copy) in enumerate([(2, 0), (0, 0), (4, 1)]):
        begin = collate.crop_start(LENGTHS[number], 4000, 3, 5, f"u{number}", copy)
        cut = expected(number, begin, begin + 4000)
        np.testing.assert_array_equal(batch.speech.data[row], cut)


def test_crop_to_max_sample_size(dump: Path) -> None:
    data = SpeechDataset(DataIndex.open(dump), crop=True, max_sample_size=100)
    assert data[spec([2, 0])].speech.data.shape == (2, 100)


def test_crops_depend_on_seed_epoch_utterance_and_copy() -> None:
    keys = [(0, 0, "a", 0), (1, 0, "a", 0), (0, 1, "a", 0), (0, 0, "b", 0), (0, 0, "a", 1)]
    starts = [collate.crop_start(10**6, 10, *key) for key in keys]
    assert len(set(starts)) == 5
    assert starts == [collate.crop_start(10**6, 10, *key) for key in keys]
    many = np.array([collate.crop_start(13, 10, n) for n in range(4000)])
    assert np.bincount(many).tolist() == pytest.approx([1000] * 4, rel=0.12)


def test_unknown_symbol(dump: Path) -> None:
    index = DataIndex.open(dump, "t")
    few = TokenList.build("a")
    result = SpeechDataset(index, few)[spec([1])]
    assert "u1: symbol 'b' of t is not in the token list" in result.message
    with pytest.raises(DataError, match="u1: symbol 'b'"):
        list(make_loader(SpeechDataset(index, few), [spec([1])], num_workers=0))
    mapped = SpeechDataset(index, few, unknown="map")[spec([1])]
    assert mapped.text.data.tolist() == [[2, 1]]


@pytest.mark.parametrize("unknown", ["error", "map"])
def test_the_blank_is_no_label(dump: Path, unknown: str) -> None:
    (dump / "t").write_text((dump / "t").read_text().replace("a", "<blank>"))
    data = SpeechDataset(DataIndex.open(dump, "t"), TOKENS, unknown=unknown)
    assert "t holds '<blank>', which is reserved" in data[spec([1])].message


def test_bad_file_is_replaced_by_the_next_that_fits(dump: Path) -> None:
    (dump / "u3.flac").write_bytes(b"fLaC")
    data = SpeechDataset(DataIndex.open(dump, "t"), TOKENS)
    batch = data[spec([2, 3])]  # u4 is longer than this batch, so u5
    assert batch.ids == ["u2", "u5"] and batch.text.lengths.tolist() == [4, 10]
    assert batch.speech.lengths.tolist() == [6000, 4050]
    assert len(batch.bad) == 1 and batch.bad[0].startswith("u3: ")
    again = data[spec([2, 3])]
    assert again.ids == batch.ids and again.bad == batch.bad
    fresh = SpeechDataset(DataIndex.open(dump, "t"), TOKENS)[spec([2, 3])]
    assert torch.equal(fresh.speech.data, batch.speech.data)


def test_bad_last_file_wraps_around_and_crops_follow(dump: Path) -> None:
    (dump / "u7.flac").unlink()
    data = SpeechDataset(DataIndex.open(dump), crop=True)
    batch = data[spec([5, 7])]
    assert batch.ids == ["u5", "u0"] and batch.speech.data.shape == (2, 4000)


def test_wrong_rate_and_short_files_are_bad(dump: Path) -> None:
    soundfile.write(dump / "u0.flac", wave(0, 4000), 8000)
    soundfile.write(dump / "u1.flac", wave(1, 4999), 16000)
    data = SpeechDataset(DataIndex.open(dump), replace_bad=False)
    batch = data[spec([0, 1, 2])]
    assert batch.ids == ["u2"] and len(batch.bad) == 2
    assert "8000 Hz" in batch.bad[0] and "has 4999 samples where at least 5000" in batch.bad[1]


def test_evaluation_leaves_out_and_counts(dump: Path, caplog: pytest.LogCaptureFixture) -> None:
    (dump / "u3.flac").write_bytes(b"")
    index = DataIndex.open(dump)
    plan = EpochPlan(index.num_samples, batch_bins=9000, train=False)
    data = SpeechDataset(index, replace_bad=False)
    loader = make_loader(data, EvalStream(plan), num_workers=0)
    with caplog.at_level(logging.WARNING):
        ids = [name for _ in range(2) for batch in loader for name in batch.ids]
    assert sorted(ids) == sorted(2 * [f"u{n}" for n in range(8) if n != 3])
    assert list(loader.bad) == ["u3"] and caplog.text.count("utterance u3") == 1


def test_too_many_bad_files_stop_with_a_list(dump: Path) -> None:
    for number in (1, 2):
        (dump / f"u{number}.flac").unlink()
    data = SpeechDataset(DataIndex.open(dump))
    loader = make_loader(data, [spec([0, 1]), spec([2, 3])], num_workers=0)
    with pytest.raises(DataError, match=r"(?s)2 of 8 utterances cannot be read.*u1: .*u2: "):
        list(loader)


def test_all_bad_stops(dump: Path) -> None:
    for number in range(8):
        (dump / f"u{number}.flac").unlink()
    loader = make_loader(SpeechDataset(DataIndex.open(dump)), [spec([0, 1])], num_workers=0)
    with pytest.raises(DataError, match="no utterance near these can be read"):
        list(loader)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_give_the_same_batches_in_order(dump: Path, workers: int) -> None:
    (dump / "u3.flac").unlink()
    index = DataIndex.open(dump, "t")
    plan = EpochPlan(index.num_samples, index.langs, batch_bins=16000, alpha=0.5)
    state = torch.get_rng_state()
    loaders = [
        make_loader(SpeechDataset(index, TOKENS), BatchStream(plan), num_workers=count)
        for count in (0, workers)
    ]
    for one, two in islice(zip(*loaders, strict=True), 12):
        assert one.ids == two.ids and torch.equal(one.keys, two.keys)
        assert torch.equal(one.speech.data, two.speech.data)
        assert torch.equal(one.text.data, two.text.data)
    assert torch.equal(torch.get_rng_state(), state)


def test_error_in_a_worker_is_told_plainly(dump: Path) -> None:
    data = SpeechDataset(DataIndex.open(dump, "t"), TokenList.build("a"))
    with pytest.raises(DataError, match=r"^u1: symbol"):
        list(make_loader(data, [spec([1])], num_workers=1))


def test_labels_are_never_cropped(dump: Path) -> None:
    with pytest.raises(DataError, match="with labels cannot be cropped"):
        SpeechDataset(DataIndex.open(dump, "t"), TOKENS, crop=True)


def test_labels_need_a_token_file(dump: Path) -> None:
    with pytest.raises(DataError, match="opened without a token file"):
        SpeechDataset(DataIndex.open(dump), TOKENS)
