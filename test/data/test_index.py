"""The memory-mapped index against what the files say."""

import contextlib
import multiprocessing
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from asrkit.data import cache, index
from asrkit.data.index import DataIndex
from asrkit.files import DataError
from asrkit.kaldi import columns


def write(folder: Path, rows: list[tuple[str, str, int, str, str]], token_file: str = "t") -> Path:
    folder.mkdir(exist_ok=True)
    for name, at in (("wav.scp", 1), ("utt2num_samples", 2), ("utt2lang", 3), (token_file, 4)):
        text = "".join(f"{row[0]} {row[at]}".rstrip() + "\n" for row in rows)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


ROWS = [
    ("a", "x/a.flac", 16000, "it", "t ʃ a"),
    ("città-2", "x/y z.flac", 7, "es", ""),
    ("zz", "b.ark:123", 2147483647, "it", "a"),
]


def test_values(tmp_path: Path) -> None:
    index = DataIndex.open(write(tmp_path / "d", ROWS), "t")
    assert len(index) == 3 and index.num_samples.dtype == np.int32
    assert index.num_samples.tolist() == [16000, 7, 2147483647]
    assert index.lang_names == ["es", "it"] and index.langs.tolist() == [1, 0, 1]
    assert [index.id(i) for i in range(3)] == ["a", "città-2", "zz"]
    assert [index.path(i) for i in range(3)] == ["x/a.flac", "x/y z.flac", "b.ark:123"]
    assert [index.labels(i) for i in range(3)] == [["t", "ʃ", "a"], [], ["a"]]
    with pytest.raises(IndexError):
        index.id(3)


def test_several_folders_share_language_numbers(tmp_path: Path) -> None:
    one = write(tmp_path / "1", ROWS)
    two = write(tmp_path / "2", [("q", "q.flac", 5, "de", "x y")])
    index = DataIndex.open([two, one], "t")
    assert index.lang_names == ["de", "es", "it"]
    assert index.langs.tolist() == [0, 2, 1, 2]
    assert index.id(0) == "q" and index.labels(0) == ["x", "y"] and index.id(2) == "città-2"
    assert index.dir_rows(0) == range(0, 1) and index.dir_rows(3) == range(1, 4)
    again = pickle.loads(pickle.dumps(index))
    assert again.id(3) == "zz" and again.num_samples.tolist() == index.num_samples.tolist()


def test_cache_is_used_and_follows_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "d", ROWS)
    DataIndex.open(folder, "t")
    assert isinstance(DataIndex.open(folder, "t").num_samples, np.memmap)
    with monkeypatch.context() as patch:
        patch.setattr(columns, "line_starts", lambda data: pytest.fail("indexed again"))
        DataIndex.open(folder, "t")
    write(folder, [*ROWS, ("zzz", "n.flac", 3, "fr", "b")])
    assert len(DataIndex.open(folder, "t")) == 4
    assert len([n for n in os.listdir(folder / ".index") if n.startswith("base-")]) == 1


def test_damaged_cache_is_built_again(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", ROWS)
    DataIndex.open(folder)
    cache = next((folder / ".index").glob("base-*"))
    (cache / "num_samples.npy").write_bytes(b"\x93NUMPY")
    assert DataIndex.open(folder).num_samples.tolist() == [16000, 7, 2147483647]


def test_without_locks_an_index_in_use_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed from another machine, a mapped file of a network file system is an ended process."""
    folder = write(tmp_path / "d", ROWS)
    (folder / ".index").mkdir()
    monkeypatch.setattr(cache, "_locked", lambda _: contextlib.nullcontext())
    real, made = index._build_base, []

    def slow(path: Path) -> object:
        if not made:  # another process is faster
            made.append(0)
            DataIndex.open(path)
            made[0] = next((path / ".index").glob("base-*")).stat().st_ino
        return real(path)

    monkeypatch.setattr(index, "_build_base", slow)
    assert DataIndex.open(folder).id(2) == "zz"
    assert next((folder / ".index").glob("base-*")).stat().st_ino == made[0]


def test_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "d", ROWS)

    def refuse(*args: object, **keys: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    assert DataIndex.open(folder, "t").labels(0) == ["t", "ʃ", "a"]
    assert not (folder / ".index").exists()


def test_processes_that_open_at_once(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", ROWS)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        indexes = pool.map(DataIndex.open, [folder] * 8)
    assert [index.num_samples.tolist() for index in indexes] == [[16000, 7, 2147483647]] * 8
    assert sorted(name.partition("-")[0] for name in os.listdir(folder / ".index")) == [
        "base",
        "lock",
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("utt2lang", "a it\nb es\nzz it\n", "utt2lang:2: has 'b' where wav.scp has 'città-2'"),
        ("utt2lang", "a\tit\nb es\nzz it\n", "utt2lang:2: has 'b' where wav.scp has 'città-2'"),
        ("utt2lang", "a it\ncittà-2 es\n", "wav.scp:3: 'zz' is only here and not in utt2lang"),
        ("t", "a x\ncittà-2\nzz y\nzzz y\n", "t:4: 'zzz' is only here and not in wav.scp"),
        ("utt2num_samples", "a 1\ncittà-2 -4\nzz 3\n", "utt2num_samples:2: needs a positive"),
        ("utt2num_samples", "a 1\ncittà-2\nzz 3\n", "utt2num_samples:2: needs a positive"),
        ("utt2num_samples", "a 1\ncittà-2 2147483648\nzz 3\n", "utt2num_samples:2: needs"),
        ("utt2num_samples", "a 1.5\ncittà-2 2\nzz 3\n", "utt2num_samples:1: needs a positive"),
        ("utt2lang", "a it\ncittà-2\nzz it\n", "utt2lang:2: needs one language code"),
        ("utt2lang", "", "utt2lang: is empty"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    folder = write(tmp_path / "d", ROWS)
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        DataIndex.open(folder, "t")
    assert not list((folder / ".index").glob(".*.tmp"))


def test_stale_tokens_name_the_stage(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", ROWS, "text.phn")
    (folder / "text.phn").write_text("a x\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"only here and not in text.phn; make it again .stage 5"):
        DataIndex.open(folder, "text.phn")


def test_missing_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", ROWS)
    (folder / "utt2num_samples").unlink()
    with pytest.raises(DataError, match=r"utt2num_samples: cannot be read"):
        DataIndex.open(folder)


def test_blocks_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows = [
        (f"{i:05d}{'é' * (i % 4)}", f"p/{i}.flac", int(n), "abcdefghij"[i % 7 :], "x " * (i % 5))
        for i, n in enumerate(rng.integers(1, 1 << 30, 1000))
    ]
    folder = write(tmp_path / "d", rows)
    monkeypatch.setattr(columns, "LINES", 7)
    monkeypatch.setattr(columns, "BYTES", 13)
    index = DataIndex.open(folder, "t")
    assert index.num_samples.tolist() == [row[2] for row in rows]
    assert [index.lang_names[n] for n in index.langs] == [row[3] for row in rows]
    assert [index.id(i) for i in range(1000)] == [row[0] for row in rows]
    assert [index.labels(i) for i in range(1000)] == [row[4].split() for row in rows]


def test_speakers(tmp_path: Path) -> None:
    for name in "12":
        folder = write(tmp_path / name, ROWS)
        text = "".join(
            f"{row[0]} {who}\n" for row, who in zip(ROWS, ("s", "x" * 128, "s"), strict=True)
        )
        (folder / "utt2spk").write_text(text)
    index = DataIndex.open([tmp_path / "1", tmp_path / "2"])
    one, two = index.speakers()[:3], index.speakers()[3:]
    assert index.speakers().dtype == np.int32
    assert one[0] == one[2] != one[1] and np.array_equal(two, one + 2)
    (tmp_path / "1" / "utt2spk").write_text(f"a s\nb s\nzz {'x' * 300}\n")
    with pytest.raises(DataError, match="utt2spk:2: has 'b'"):
        DataIndex.open(tmp_path / "1").speakers()
