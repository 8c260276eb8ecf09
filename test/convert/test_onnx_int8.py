"""Weights in 8 bits; whole models are in test_onnx.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asrkit.files import DataError, atomic_folder

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def product(path: Path) -> None:
    """A graph that multiplies by a matrix of 64 x 64."""
    helper, numbers = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weight"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", numbers, [1, 64])],
        [helper.make_tensor_value_info("y", numbers, [1, 64])],
        [onnx.numpy_helper.from_array(np.eye(64, dtype=np.float32), "weight")],
    )
    onnx.save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


def test_a_disk_that_fills_up_behind_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its copy with shapes is cut off without a word."""
    from asrkit.convert.onnx_int8 import quantize

    def cut_off(source: str, target: str, *_: object, **__: object) -> None:
        Path(target).write_bytes(Path(source).read_bytes()[:1000])

    product(tmp_path / "whole.onnx")
    quantize(tmp_path / "whole.onnx", tmp_path / "small.onnx", external=False)
    monkeypatch.setattr(onnx.shape_inference, "infer_shapes_path", cut_off)
    told = r"/out: cannot be written \(No space left on device\)"
    with pytest.raises(DataError, match=told), atomic_folder(tmp_path / "out") as folder:
        product(folder / "whole.onnx")
        quantize(folder / "whole.onnx", folder / "model.onnx", external=False)
    assert not (tmp_path / "out").exists()
