"""A memory-mapped index of dump folders: lengths, languages and line offsets as arrays.

Opening 30 million utterances takes seconds and under a gigabyte: 14 bytes an utterance, and 8 more
for a token file, all of it mapped. The arrays lie in ``<folder>/.index``, named by size and time of
the files they come from, so a changed file is indexed anew. Training never opens audio to learn a
length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from asrkit.data import columns
from asrkit.data.cache import Arrays, cached
from asrkit.data.datadir import is_tokens
from asrkit.data.folder_rows import FolderRows
from asrkit.files import DataError

LONGEST = np.iinfo(np.int32).max


class Folder:
    """The index of one dump folder: wav.scp, utt2num_samples, utt2lang, and maybe a token file."""

    def __init__(self, path: Path, token_file: str | None) -> None:
        self.path = path
        base = ("wav.scp", "utt2num_samples", "utt2lang")
        arrays, meta = cached(path, "base", base, lambda: _build_base(path))
        self.scp = columns.map_file(path / "wav.scp")
        self.offsets, self.lengths = arrays["offsets"], arrays["num_samples"]
        self.langs, self.lang_names = arrays["langs"], list(meta["languages"])
        self.tokens, self.token_offsets = None, None
        if token_file is not None:
            arrays, _ = cached(
                path,
                f"tokens-{token_file}",
                ("wav.scp", token_file),
                lambda: (_build_tokens(path, token_file, self.scp, self.offsets), {}),
            )
            self.tokens = columns.map_file(path / token_file)
            self.token_offsets = arrays["offsets"]


class DataIndex(FolderRows[Folder]):
    """Utterances of one or more dump folders; ``num_samples`` are at 16 kHz."""

    def __init__(
        self,
        dirs: Sequence[str | Path],
        token_file: str | None = None,
        unlabelled: Sequence[str | Path] = (),
    ) -> None:
        self.dirs = [Path(path) for path in dirs]
        self.token_file = token_file
        self.unlabelled = frozenset(Path(path) for path in unlabelled)
        super().__init__(
            [Folder(path, None if path in self.unlabelled else token_file) for path in self.dirs]
        )

    @classmethod
    def open(
        cls,
        dirs: Sequence[str | Path] | str | Path,
        token_file: str | None = None,
        unlabelled: Sequence[str | Path] = (),
    ) -> DataIndex:
        """Opens dump folders; ``token_file`` is a name in each folder, such as ``text.phn``, but
        for the ``unlabelled`` ones among them, whose utterances have no labels.

        Raises DataError naming file and line where a key, length or language is wrong.
        """
        return cls([dirs] if isinstance(dirs, str | Path) else list(dirs), token_file, unlabelled)

    def __reduce__(self) -> tuple[Any, ...]:
        # a worker maps the files again
        return DataIndex, (self.dirs, self.token_file, tuple(self.unlabelled))

    def _entry(self, row: int) -> tuple[str, str]:
        folder, local = self._find(row)
        key, *value = columns.line(folder.scp, folder.offsets, local).split(maxsplit=1)
        return key, value[0].rstrip() if value else ""

    def id(self, row: int) -> str:
        return self._entry(row)[0]

    def path(self, row: int) -> str:
        """What wav.scp says: an audio file, or ``file.ark:offset``."""
        return self._entry(row)[1]

    def labels(self, row: int) -> list[str]:
        """Tokens of the token file; an empty list for an unlabelled utterance."""
        folder, local = self._find(row)
        if folder.path in self.unlabelled:
            return []
        if folder.tokens is None or folder.token_offsets is None:
            raise DataError(f"{folder.path}: the index was opened without a token file")
        return columns.line(folder.tokens, folder.token_offsets, local).split()[1:]

    def speakers(self) -> np.ndarray:
        """int32 [N], a number for each name in utt2spk; equal names in two folders are two."""
        found, first = [], 0
        for folder in self._folders:
            numbers = _speakers(folder) + np.int32(first)
            first = int(numbers.max(initial=first - 1)) + 1
            found.append(numbers)
        return np.concatenate(found)

    def hours(self) -> dict[str, float]:
        """Hours of audio by language."""
        total = np.bincount(self.langs, self.num_samples, minlength=len(self.lang_names))
        return {n: float(s) / 57_600_000 for n, s in zip(self.lang_names, total, strict=True)}


def _build_base(path: Path) -> tuple[Arrays, dict[str, Any]]:
    scp = columns.map_file(path / "wav.scp")
    offsets = columns.line_starts(scp)
    count = len(offsets) - 1
    samples, langs = np.empty(count, np.int32), np.empty(count, np.int16)
    for rows, values in _joined(path, "utt2num_samples", scp, offsets):
        numbers = columns.numbers_of(values)
        wrong = np.flatnonzero((numbers < 1) | (numbers > LONGEST))
        if len(wrong):
            where = f"{path / 'utt2num_samples'}:{rows.start + wrong[0] + 1}"
            raise DataError(f"{where}: needs a positive number of samples; run stage 3 again")
        samples[rows] = numbers
    names: dict[str, int] = {}
    for rows, values in _joined(path, "utt2lang", scp, offsets):
        if not values.shape[1] or not values[:, 0].all():
            bad = rows.start + int(np.argmin(values[:, 0])) + 1 if values.shape[1] else rows.start
            raise DataError(f"{path / 'utt2lang'}:{bad}: needs one language code; fix_data_dir")
        langs[rows] = columns.numbered(values, names)
    order = sorted(names)
    renumber = np.empty(len(names), np.int16)
    renumber[[names[name] for name in order]] = np.arange(len(order))
    arrays = {"offsets": offsets, "num_samples": samples, "langs": renumber[langs]}
    return arrays, {"languages": order}


def _speakers(folder: Folder) -> np.ndarray:
    def build() -> tuple[Arrays, dict[str, Any]]:
        speakers = np.empty(len(folder.lengths), np.int32)
        names: dict[str, int] = {}
        for rows, values in _joined(folder.path, "utt2spk", folder.scp, folder.offsets):
            if not values.shape[1]:
                raise DataError(f"{folder.path / 'utt2spk'}: a name of a speaker is too long")
            speakers[rows] = columns.numbered(values, names)
        return {"speakers": speakers}, {}

    arrays, _ = cached(folder.path, "speakers", ("wav.scp", "utt2spk"), build)
    return arrays["speakers"]


def _build_tokens(path: Path, name: str, scp: np.ndarray, scp_offsets: np.ndarray) -> Arrays:
    data = columns.map_file(path / name)
    offsets = columns.line_starts(data)
    for _ in _compared(path, name, data, offsets, scp, scp_offsets):
        pass
    return {"offsets": offsets}


def _joined(
    path: Path, name: str, scp: np.ndarray, scp_offsets: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of rows and the values of table ``name``, whose keys must be those of wav.scp."""
    data = columns.map_file(path / name)
    offsets = columns.line_starts(data)
    for block, ends in _compared(path, name, data, offsets, scp, scp_offsets):
        rows = slice(block.start, block.stop - 1)
        yield rows, columns.values_of(data, offsets[block], ends)


def _compared(
    path: Path,
    name: str,
    data: np.ndarray,
    offsets: np.ndarray,
    scp: np.ndarray,
    scp_offsets: np.ndarray,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of line offsets and key ends of table ``name``, after its keys equal wav.scp's."""
    count = min(len(offsets), len(scp_offsets)) - 1
    bar = tqdm(
        columns.blocks(count), f"indexing {path / name}", -(-count // columns.LINES), delay=2
    )
    for block in bar:
        ends = columns.key_ends(data, offsets[block])
        mine, sizes = columns.keys_of(data, offsets[block], ends)
        scp_ends = columns.key_ends(scp, scp_offsets[block])
        theirs, scp_sizes = columns.keys_of(scp, scp_offsets[block], scp_ends)
        if not (np.array_equal(sizes, scp_sizes) and np.array_equal(mine, theirs)):
            for row in range(block.start, block.stop - 1):
                key = columns.line(data, offsets, row).split(" ")[0]
                other = columns.line(scp, scp_offsets, row).split(" ")[0]
                if key != other:
                    raise DataError(
                        f"{path / name}:{row + 1}: has {key!r} where wav.scp has {other!r}; "
                        f"the files need the same keys, sorted: {_repair(name)}"
                    )
        yield block, ends
    if len(offsets) != len(scp_offsets):
        longer, lines = (name, offsets) if len(offsets) > len(scp_offsets) else ("wav.scp", None)
        source = (data, lines) if lines is not None else (scp, scp_offsets)
        key = columns.line(source[0], source[1], count).split(" ")[0]
        raise DataError(
            f"{path / longer}:{count + 1}: {key!r} is only here and not in "
            f"{'wav.scp' if lines is not None else name}; {_repair(name)}"
        )


def _repair(name: str) -> str:
    return "make it anew (stage 5)" if is_tokens(name) else "run fix_data_dir"
