"""Folders of phones: index, batches, and files that do not go together."""

import pickle

import kaldiio
import numpy as np
import pytest
from phone_toy import PHONES, TOKENS, write_phones

from asrkit.data.dataset import Failed
from asrkit.data.loader import make_loader
from asrkit.data.sampler import BatchSpec, EpochPlan, EvalStream
from asrkit.files import DataError
from asrkit.transcoder.dataset import PhoneDataset, one_hot, read_matrix
from asrkit.transcoder.index import PhoneIndex

TEXTS = [["bd", "a"], ["dada"], ["cab", "bc", "a"]]


def spec(*rows: int) -> BatchSpec:
    return BatchSpec(0, np.array(rows), np.zeros(len(rows), np.int64))


def test_index_knows_lengths_languages_and_lines(tmp_path):
    one = write_phones(tmp_path / "one", TEXTS)
    two = write_phones(tmp_path / "two", TEXTS[:1], posteriors=True)
    (two / "utt2lang").write_text("u0000 it\n")
    index = PhoneIndex([one, two], "text.star")
    for _ in range(2):
        assert index.num_samples.tolist() == [3, 4, 6, 3]
        assert [index.lang_names[n] for n in index.langs] == ["xx", "xx", "xx", "it"]
        assert index.id(1) == "u0001"
        assert index.phones(2) == list("cabbca")
        assert index.labels(0) == ["*", "bd", "a"]
        assert index.matrix(1) is None
        assert index.matrix(3).endswith(":6")
        index = pickle.loads(pickle.dumps(index))


def test_certain_phones_are_one_hot_and_padding_is_zero(tmp_path):
    index = PhoneIndex([write_phones(tmp_path / "x", TEXTS)], "text.star")
    batch = PhoneDataset(index, PHONES, TOKENS)[spec(0, 1)]
    assert batch.ids == ["u0000", "u0001"]
    assert batch.posteriors.lengths.tolist() == [3, 4]
    assert batch.posteriors.data.shape == (2, 4, 5)
    assert batch.posteriors.data.argmax(-1)[0, :3].tolist() == [2, 4, 1]  # 0 is <unk>
    assert batch.posteriors.data.sum(-1).tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert batch.text.data.tolist() == [[0, 3, 2, 0], [0, 0, 0, 6]]
    assert batch.text.lengths.tolist() == [3, 4]


def test_posteriors_come_from_the_archive(tmp_path):
    folder = write_phones(tmp_path / "x", TEXTS, posteriors=True)
    rows = kaldiio.load_scp(str(folder / "posteriors.scp"))
    batch = PhoneDataset(PhoneIndex([folder]), PHONES, None)[spec(2, 0)]
    np.testing.assert_array_equal(batch.posteriors.data[0], rows["u0002"])
    np.testing.assert_array_equal(batch.posteriors.data[1, :3], rows["u0000"])
    assert batch.text is None


def test_batches_come_through_the_loader(tmp_path):
    index = PhoneIndex([write_phones(tmp_path / "x", TEXTS)], "text.star")
    plan = EpochPlan(index.num_samples, batch_bins=8, train=False)
    batches = list(
        make_loader(PhoneDataset(index, PHONES, TOKENS), EvalStream(plan), num_workers=0)
    )
    assert sorted(name for batch in batches for name in batch.ids) == ["u0000", "u0001", "u0002"]


def test_unknown_phones_and_words_get_the_column_and_number_of_unk(tmp_path):
    folder = write_phones(tmp_path / "x", [["bd"]])
    (folder / "text.phn").write_text("u0000 a ʘ\n")
    (folder / "text.star").write_text("u0000 * zebra\n")
    batch = PhoneDataset(PhoneIndex([folder], "text.star"), PHONES, TOKENS)[spec(0)]
    assert batch.posteriors.data[0, 1].tolist() == [1, 0, 0, 0, 0]
    assert one_hot(["<blank>"], PHONES).tolist() == [[1, 0, 0, 0, 0]]  # and no phone
    assert batch.text.data.tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "text.phn",
            "u0000 a b\nu0001\n",
            "text.phn:2: 'u0001' has an empty value; make",
        ),
        ("text.star", "u0000 * bd\nu0001 * *\n", "text.star:2: has 2 values where 1 are wanted"),
        (
            "text.star",
            "u0000 * bd\nu0009 a\n",
            "text.star:2: has 'u0009' where text.phn has 'u0001'",
        ),
        ("text.star", "u0000 * bd\n", "text.phn:2: 'u0001' is only here and not in text.star"),
        ("utt2lang", "u0000 xx\nu0002 xx\n", "utt2lang:2"),
        ("utt2lang", "u0000\txx\nu0002 xx\n", "utt2lang:2"),
        ("utt2lang", "u0000 xx\nu0001\n", "utt2lang:2: needs one language code"),
        ("utt2lang", f"u0000 {'x' * 300}\nu0001 xx\n", "utt2lang:1 or .* more than 256 bytes"),
        (
            "posteriors.scp",
            "u0000 p.ark:6\n",
            "text.phn:2: 'u0001' is only here and not in posteriors.scp",
        ),
    ],
)
def test_files_that_disagree_are_named_with_the_line(tmp_path, name, content, message):
    folder = write_phones(tmp_path / "x", [["bd"], ["a"]])
    (folder / name).write_text(content)
    with pytest.raises(DataError, match=message):
        PhoneIndex([folder], "text.star")


def test_a_missing_file_is_named(tmp_path):
    folder = write_phones(tmp_path / "x", TEXTS)
    (folder / "utt2lang").unlink()
    with pytest.raises(DataError, match="utt2lang: cannot be read"):
        PhoneIndex([folder])
    with pytest.raises(DataError, match="no data folder"):
        PhoneIndex([])


def test_posteriors_of_another_phone_list_or_a_broken_archive_are_refused(tmp_path):
    folder = write_phones(tmp_path / "x", TEXTS, posteriors=True)
    kaldiio.save_ark(str(folder / "p.ark"), {"u0000": np.ones((3, 9), np.float32)})
    failed = PhoneDataset(PhoneIndex([folder]), PHONES, None)[spec(0)]
    assert isinstance(failed, Failed)
    assert "the posteriors are (3, 9), not (3, 5)" in failed.message
    (folder / "p.ark").unlink()
    failed = PhoneDataset(PhoneIndex([folder]), PHONES, None)[spec(0)]
    assert "no matrix can be read" in failed.message


def test_an_archive_that_is_cut_anywhere_is_named(tmp_path):
    ark = tmp_path / "p.ark"
    kaldiio.save_ark(str(ark), {"u": np.ones((3, 5), np.float32)})
    whole = ark.read_bytes()
    assert read_matrix(f"{ark}:2", (3, 5)).sum() == 15
    for size in range(len(whole)):
        ark.write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"p\.ark:2: no matrix can be read"):
            read_matrix(f"{ark}:2", (3, 5))


def test_posteriors_that_are_no_numbers_are_named_and_not_read_as_silence(tmp_path):
    rows = np.ones((3, 5), np.float32)
    rows[1, 2] = np.nan
    kaldiio.save_ark(str(tmp_path / "p.ark"), {"u": rows})
    with pytest.raises(DataError, match=r"p\.ark:2: the posteriors hold NaN or infinity"):
        read_matrix(f"{tmp_path / 'p.ark'}:2", (3, 5))
