"""An exported recognizer beside asrkit: its size, error rates and speed on one core.

    cd egs/mini_asterisk/asr1 && . ./path.sh
    python ../../../bench/deploy.py --model exp/asr_multilingual --data dump/raw/*_test

Exports the model to ONNX, in float32 and in 8 bits, and recognizes the utterances of formatted data
folders, one at a time, with asrkit, onnxruntime and sherpa-onnx, each in a process of its own and
with one thread. Error rates are those of the best path's tokens. Speed: seconds of audio a second
of processor time, so that other work on the machine counts little; loading is not in it.
"Different": utterances whose tokens are not those of asrkit in float32.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
FILES = {"fp32": "model.onnx", "int8": "model.int8.onnx"}
ENGINES = [(name, how) for name in ("asrkit", "onnxruntime", "sherpa-onnx") for how in FILES]
Read = Callable[[np.ndarray], list[str]]


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--exported", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def asrkit_reads(model: Path, precision: str) -> Read:
    import torch

    from asrkit.decode.greedy import collapse
    from asrkit.infer import Speech2Text

    torch.set_num_threads(1)
    speech2text = Speech2Text(model, precision=precision)

    def read(samples: np.ndarray) -> list[str]:
        (best,) = speech2text.frames([samples], best=True)
        return speech2text.tokens.decode(collapse(best.tolist()))

    return read


def onnxruntime_reads(folder: Path, precision: str) -> Read:
    import onnxruntime

    from asrkit.decode.greedy import collapse

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / FILES[precision]), options)
    lines = (folder / "tokens.txt").read_text("utf-8").splitlines()
    symbols = [line.split()[0].removeprefix("▁") for line in lines]

    def read(samples: np.ndarray) -> list[str]:
        (scores,) = session.run(None, {"samples": samples[None]})
        return [symbols[number] for number in collapse(scores[0].argmax(-1).tolist())]

    return read


def sherpa_reads(folder: Path, precision: str) -> Read:
    import sherpa_onnx

    recognizer = sherpa_onnx.OfflineRecognizer.from_omnilingual_asr_ctc(
        model=str(folder / FILES[precision]), tokens=str(folder / "tokens.txt")
    )

    def read(samples: np.ndarray) -> list[str]:
        stream = recognizer.create_stream()
        stream.accept_waveform(16_000, samples)
        recognizer.decode_stream(stream)
        return [token.strip() for token in stream.result.tokens]

    return read


def work(args: argparse.Namespace) -> dict[str, Any]:
    """Texts of all utterances, and seconds of audio a second."""
    from asrkit.audio.given import read_dumped
    from asrkit.kaldi.datadir import read_dump

    name, precision = args.worker
    if name == "asrkit":
        read = asrkit_reads(args.model, precision)
    else:
        make = onnxruntime_reads if name == "onnxruntime" else sherpa_reads
        read = make(args.exported / precision, precision)
    audio = {
        key: read_dumped(source).samples for folder in args.data for key, source in
        read_dump(folder).items()
    }  # fmt: skip
    read(next(iter(audio.values())))  # the first call makes plans
    before = time.process_time()
    texts = {key: read(samples) for key, samples in audio.items()}
    spent = time.process_time() - before
    return {"texts": texts, "speed": sum(map(len, audio.values())) / 16_000 / spent}


def errors(texts: dict[str, list[str]], folder: Path) -> float:
    """Percent of the reference's phones."""
    from asrkit.align import edit_distance
    from asrkit.kaldi.kaldi_text import read_keyed

    names: dict[str, int] = {}
    total = wrong = 0
    for key, text in read_keyed(folder / "text.phn").items():
        pair = (
            [names.setdefault(s, len(names)) for s in said] for said in (text.split(), texts[key])
        )
        reference, guess = pair
        wrong += edit_distance(reference, guess)
        total += len(reference)
    return 100 * wrong / total


def table(rows: Iterable[list[str]]) -> str:
    first, *others = rows
    lines = [first, ["---", "---", *["--:"] * (len(first) - 2)], *others]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    if args.worker:
        print(json.dumps(work(args)))
        return
    from asrkit.convert.onnx_folder import write_onnx

    with tempfile.TemporaryDirectory() as home:
        for precision in FILES:
            write_onnx(args.model, Path(home, precision), int8=precision == "int8")
        rows = [["", "", "MB", "× real time", "different", *(f.name for f in args.data), "mean"]]
        first: dict[str, list[str]] = {}
        for engine in ENGINES:
            command = [sys.executable, __file__, *(argv or sys.argv[1:])]
            command += ["--worker", *engine, "--exported", home]
            environment = {**os.environ, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, text=True, check=True
            )
            found = json.loads(done.stdout.splitlines()[-1])
            first = first or found["texts"]
            different = sum(text != first[key] for key, text in found["texts"].items())
            rates = [errors(found["texts"], folder) for folder in args.data]
            size = Path(home, engine[1], FILES[engine[1]]).stat().st_size / 1e6
            rows.append(
                [*engine, "" if engine[0] == "asrkit" else f"{size:.1f}", f"{found['speed']:.0f}"]
                + [f"{different} of {len(first)}"]
                + [f"{rate:.1f}" for rate in (*rates, sum(rates) / len(rates))]
            )
    print(table(rows))


if __name__ == "__main__":
    main()
