"""Writes a recognizer as a folder for onnxruntime and sherpa-onnx: the graph and its tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import torch

import asrkit
from asrkit.convert.onnx_graph import INPUT, OPSET, graph_of, whole_rows
from asrkit.convert.onnx_int8 import quantize, store_in_8_bits
from asrkit.convert.sherpa import differences, token_lines
from asrkit.convert.source import ConvertError
from asrkit.decode.timing import Clock
from asrkit.files import atomic, atomic_folder, sha256
from asrkit.model_io import TrainedModel
from asrkit.objectives.base import Recognizer
from asrkit.rate import RATE

NAMES = {False: "model.onnx", True: "model.int8.onnx"}
LARGEST = 2_000_000_000  # bytes in a file of protobuf: 2 GiB, and room for all that is no weight
TOLERANCE = 1e-3


def write_onnx(path: Path, out: Path, *, int8: bool) -> dict[str, Any]:
    """exp/<name> to a folder of model.onnx (or model.int8.onnx) and tokens.txt.

    Returns kind, parameters, notes, left out. Raises ConvertError for models that cannot recognize
    speech, and where the graph does not give what the model gives; DataError for a folder in use.
    """
    model = TrainedModel.open(path)
    recognizer, tokens = _recognizer(model), model.tokens
    assert tokens is not None  # a recognizer has them
    parameters = sum(value.numel() for value in recognizer.parameters())
    frame = Clock.of(recognizer.output_lengths).hop
    options = model.options
    normalizes = bool(options.encoder_conf.get("normalize", False))
    with atomic_folder(out) as folder:
        graph = graph_of(
            recognizer,
            {
                "model_type": "ctc",
                "version": 1,
                "model_author": f"asrkit {asrkit.__version__}",
                "comment": f"{model.folder.name}, update {model.step}",
                "sha256": sha256(model.file),
                "sample_rate": RATE,
                "vocab_size": len(tokens),
                "blank": 0,
                "frame_samples": frame,
                "token_type": options.token_file or "",
                "precision": "int8" if int8 else "fp32",
            },
            normalizes=normalizes,
        )
        file = folder / NAMES[int8]
        external = 4 * parameters > LARGEST
        if int8:
            store_in_8_bits(graph.graph)
            whole = folder / "whole.onnx"
            _save(graph, whole, external=external)
            quantize(whole, file, external=external)
            for part in folder.glob("whole.onnx*"):
                part.unlink()
        else:
            _save(graph, file, external=external)
            _compare(recognizer, file, path)
        lines = token_lines(tokens, options.token_file or "")
        with atomic(folder / "tokens.txt") as text:
            text.writelines(line + "\n" for line in lines)
        size = sum(part.stat().st_size for part in folder.glob(f"{NAMES[int8]}*"))
    return {
        "kind": f"ONNX, opset {OPSET}, {NAMES[int8]} of {size / 1e6:.1f} MB",
        "parameters": parameters,
        "notes": differences(lines, normalizes, frame),
        "left_out": [],
    }


def _recognizer(model: TrainedModel) -> Recognizer:
    if model.options.phone_list:
        raise ConvertError(
            f"{model.file}: a Transcoder reads phones, not speech, and stays with asrkit; export "
            "the recognizer that gives it its phones"
        )
    if model.tokens is None:
        raise ConvertError(
            f"{model.file}: this model was pre-trained only and cannot recognize speech; fine-tune "
            "it with labeled data first (stage 8 of the recipes), or write it for transformers: "
            "--format transformers"
        )
    recognizer = model.objective()
    if not isinstance(recognizer, Recognizer):
        raise ConvertError(f"{model.file}: objective {model.options.objective!r} cannot be decoded")
    return recognizer


def _save(graph: onnx.ModelProto, file: Path, *, external: bool) -> None:
    beside = f"{file.name}.data" if external else None
    onnx.save_model(graph, file, save_as_external_data=external, location=beside)
    onnx.checker.check_model(file)


def _compare(recognizer: Recognizer, file: Path, path: Path) -> None:
    """Raises ConvertError unless onnxruntime computes what torch does, for a second of noise."""
    samples = 0.1 * torch.randn(2, RATE, generator=torch.Generator().manual_seed(0))
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    found = torch.from_numpy(session.run(None, {INPUT: samples.numpy()})[0])
    with torch.inference_mode():
        expected = recognizer.log_probs(whole_rows(samples)).data
    same = found.shape == expected.shape
    difference = (found - expected).abs().max().item() if same else float("inf")
    if not difference <= TOLERANCE:
        raise ConvertError(
            f"{path}: onnxruntime's log-probabilities differ from asrkit's by {difference:.2g}; "
            f"report this with the versions of torch, onnxscript and onnxruntime"
        )
