"""A data folder dealt to folders of training, validation and test."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

from tqdm import tqdm

from asrkit.audio import decoders
from asrkit.files import DataError, temporary_folder
from asrkit.kaldi.datadir import DataDir, is_command
from asrkit.kaldi.partition import PARTS, Member, Partition, partition
from asrkit.kaldi.speed import TABLE
from asrkit.kaldi.validate import file_of


def partition_dir(
    in_dir: str | Path, out: str | Path, *, valid: float, test: float, by: str, seed: int
) -> tuple[Partition, dict[Path, float]]:
    """Writes ``<out>_train``, ``<out>_valid`` and ``<out>_test`` of a folder, all of them or none.

    A speaker is one of utt2spk who has several utterances, or all are taken for unknown. Returns
    the split, and the minutes of each folder. Raises DataError where a folder is there already,
    lengths are not known, the folder has copies at other speeds, and as ``partition``.
    """
    in_dir, out = Path(in_dir), Path(out)
    targets = {part: out.with_name(f"{out.name}_{part}") for part in PARTS}
    for target in targets.values():
        if target.exists():
            raise DataError(f"{target}: is there already; choose another --out, or remove it")
    data = DataDir.read(in_dir)
    if TABLE in data.tables:
        raise DataError(f"{in_dir}: has copies at other speeds; split what they were made of")
    seconds = lengths(data, in_dir)
    speakers = data.get("utt2spk", in_dir)
    named = len(set(speakers.values())) < len(speakers)  # else each is its own: nobody is known
    recordings = _recordings(data, in_dir)
    ids = data.utterances
    members = [Member(speakers[u] if named else "", recordings[u], seconds[u]) for u in ids]
    made = partition(members, valid=valid, test=test, by=by, seed=seed)
    minutes: dict[Path, float] = {}
    with temporary_folder(out) as work:
        for part, target in targets.items():
            mine = [u for u, where in zip(ids, made.parts, strict=True) if where == part]
            if mine:
                data.keep(mine).write(work / part)
                minutes[target] = sum(seconds[u] for u in mine) / 60
        moved: list[Path] = []
        try:
            for part, target in targets.items():
                if target in minutes:
                    os.replace(work / part, target)
                    moved.append(target)
        except OSError:
            for target in moved:
                shutil.rmtree(target)
            raise
    return made, minutes


def _recordings(data: DataDir, folder: Path) -> dict[str, str]:
    if not data.segmented:
        return {u: u for u in data.utterances}
    return {u: segment.recording for u, segment in data.cuts(folder).items()}


def lengths(data: DataDir, folder: Path) -> dict[str, float]:
    """Seconds of every utterance: of the tables, else as the audio says, which is then read.

    Raises DataError for audio that a command writes or that cannot be read.
    """
    if "utt2num_samples" in data.tables:
        return data.seconds(folder)
    sources = data.get("wav.scp", folder)
    known: dict[str, float] = {}

    def whole(recording: str) -> float:
        if recording not in known:
            known[recording] = _length(sources[recording], folder)
        return known[recording]

    bar = tqdm(data.utterances, "lengths", unit="utt", delay=2, leave=False)
    if not data.segmented:
        return {u: whole(u) for u in bar}
    cuts, result = data.cuts(folder), {}
    for utterance in bar:
        recording, begin, end = cuts[utterance]
        result[utterance] = (whole(recording) if end == math.inf else end) - begin
    return result


def _length(source: str, folder: Path) -> float:
    if is_command(source):
        raise DataError(
            f"{folder / 'wav.scp'}: {source!r} is a command, whose audio has no length before it "
            "is run; run stage 3 (format_audio) first, and split what it writes"
        )
    path = file_of(source)
    try:
        seconds = decoders.seconds(path)
        if seconds == math.inf:
            sound = decoders.read_whole(Path(path).read_bytes())
            seconds = len(sound.frames) / sound.rate
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    return seconds
