"""Speed perturbation (Ko et al., Interspeech 2015): utterances once more, faster and slower.

Stage 2 writes tables alone: ``utt2speed`` says how fast each utterance is to be played; stage 3,
which decodes the audio anyway, resamples it. Tempo and pitch change together, as with sox's speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asrkit.files import DataError
from asrkit.kaldi.datadir import DataDir, Table, refuse_inputs, sample_counts

TABLE = "utt2speed"
SLOWEST, FASTEST = 0.5, 2.0


def percent(speed: float | str, where: str = "factor") -> int:
    """A speed as whole hundredths; DataError outside 0.5 to 2, or between two hundredths."""
    try:
        exact = 100 * float(speed)
    except ValueError:
        exact = 0.0
    within = 100 * SLOWEST <= exact <= 100 * FASTEST
    hundredths = round(exact) if within else 0
    if not within or abs(exact - hundredths) > 1e-6:
        raise DataError(f"{where}: speed {speed}: give hundredths from 0.5 to 2, such as 0.9")
    return hundredths


def mark(factor: float) -> str:
    """What begins the ids of the copies: ``sp0.9-``; nothing at speed 1."""
    return "" if factor == 1 else f"sp{factor:g}-"


def perturb_dir(in_dir: str | Path, out_dir: str | Path, factors: Sequence[float]) -> DataDir:
    """Writes the utterances of a data folder, and a copy of each at every other speed.

    Ids and speakers of copies begin with ``sp0.9-``, as Kaldi's do; texts, languages and the rest
    are copied, lengths divided by the factor. Recordings stay what they are. Raises DataError on
    an unusable factor, no factor but 1, and on a folder that is the output of this function.
    """
    refuse_inputs(out_dir, [in_dir])
    data = DataDir.read(in_dir)
    if TABLE in data.tables:
        raise DataError(f"{in_dir}: holds copies at other speeds already ({TABLE})")
    if not data.utterances:
        raise DataError(f"{in_dir}: holds no utterances (no wav.scp); stage 1 makes data folders")
    speeds = sorted({percent(factor) / 100 for factor in factors} | {1.0})
    if speeds == [1.0]:
        raise DataError("no speed but 1 is given; give for example --factors 0.9 1.0 1.1")
    result = DataDir({name: {} for name in data.tables})
    result.tables[TABLE] = {}
    for factor in speeds:
        for name, table in data.tables.items():
            result.tables[name].update(_copied(data, name, table, factor))
        speed = {mark(factor) + utterance: f"{factor:g}" for utterance in data.utterances}
        result.tables[TABLE].update(speed)
    result.invert_speakers()
    result.write(out_dir)
    return result


def _copied(data: DataDir, name: str, table: Table, factor: float) -> Table:
    if data.level(name) == "recording" and data.segmented:
        return table
    prefix = mark(factor)
    if name == "utt2spk":
        return {prefix + key: prefix + value for key, value in table.items()}
    if name == "utt2num_samples":
        counts = sample_counts(table, Path(name))
        return {prefix + key: str(round(count / factor)) for key, count in counts.items()}
    if name in ("utt2dur", "reco2dur"):
        return {prefix + key: _duration(name, key, value, factor) for key, value in table.items()}
    return {prefix + key: value for key, value in table.items()}


def _duration(name: str, key: str, value: str, factor: float) -> str:
    try:
        return f"{float(value) / factor:.6g}"
    except ValueError:
        raise DataError(f"{name}: {key!r} has {value!r}, not a number of seconds") from None


def without_copies(data: DataDir) -> DataDir:
    """The utterances at speed 1; the folder itself if it has no ``utt2speed``."""
    speeds = data.tables.get(TABLE)
    return data if speeds is None else data.keep(u for u, speed in speeds.items() if speed == "1")


def with_copies(data: DataDir, chosen: Sequence[str]) -> list[str]:
    """``chosen`` utterances at speed 1 and all their copies in ``data``, sorted."""
    speeds = sorted(set(data.tables.get(TABLE, {}).values()))
    found = [mark(float(speed)) + utterance for speed in speeds for utterance in chosen]
    everything = set(data.utterances)
    return sorted(u for u in {*chosen, *found} if u in everything)
