"""sherpa-onnx writes, with the tokens.txt of an export, what asrkit writes: also odd tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import sherpa_onnx
from onnx import TensorProto, helper, numpy_helper

from asrkit.convert.sherpa import differences, token_lines
from asrkit.text.tokenize import CharTokenizer
from asrkit.tokens import TokenList


def says(folder: Path, lines: Sequence[str], numbers: Sequence[int]) -> str:
    """What sherpa-onnx writes of frames whose best tokens are ``numbers``, a blank after each."""
    scores = np.zeros((1, 2 * len(numbers), len(lines)), np.float32)
    scores[0, 1::2, 0] = 1
    scores[0, np.arange(len(numbers)) * 2, numbers] = 1
    silence = helper.make_node("ReduceMin", ["x"], ["least"], keepdims=0)
    graph = helper.make_graph(
        [
            silence,
            helper.make_node("Mul", ["least", "nothing"], ["zero"]),
            helper.make_node("Add", ["scores", "zero"], ["y"]),
        ],
        "fixed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "S"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(scores.shape))],
        [
            numpy_helper.from_array(scores, "scores"),
            numpy_helper.from_array(np.zeros((), np.float32), "nothing"),
        ],
    )
    opset = [helper.make_opsetid("", 18)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "model.onnx")
    (folder / "tokens.txt").write_text("".join(line + "\n" for line in lines), "utf-8")
    recognizer = sherpa_onnx.OfflineRecognizer.from_omnilingual_asr_ctc(
        model=str(folder / "model.onnx"), tokens=str(folder / "tokens.txt")
    )
    stream = recognizer.create_stream()
    stream.accept_waveform(16_000, np.linspace(-0.1, 0.1, 4000, dtype=np.float32))
    recognizer.decode_stream(stream)
    text: str = stream.result.text
    return text


ODD = ["#", "1", "12", "aː", "t͡ʃ", "<0x41>", "\N{ZERO WIDTH JOINER}", "\ufeff", "ß"]


@pytest.mark.parametrize(
    "symbols",
    [
        ["a", "b", "ɲ", "t͡ʃ"],
        [*ODD, "<blk>", "<eps>", "<s>"],
        ["(it)a", "(es)a", "(es)ɲ"],
        ["a", "ư"],  # of all bytes the greatest is that of byte-level units
        ["<space>", "a"],
    ],
)
def test_phones_are_separated(tmp_path: Path, symbols: list[str]) -> None:
    tokens = TokenList.build(symbols)
    numbers = list(range(1, len(tokens)))
    text = says(tmp_path, token_lines(tokens, "text.phn"), numbers)
    assert text == " ".join(tokens.decode(numbers))


@pytest.mark.parametrize("letters", ["abcdé", "aư", "अप", "ab1#"])
def test_characters_make_words(tmp_path: Path, letters: str) -> None:
    tokens = TokenList.build(["<space>", *letters])
    said = ["<space>", *letters, "<space>", letters[0], letters[1], "<space>", letters[0]]
    text = says(tmp_path, token_lines(tokens, "text.char"), tokens.encode(said))
    assert text == " ".join(CharTokenizer().decode(said))


def test_characters_of_one_language(tmp_path: Path) -> None:
    tokens = TokenList.build(["<space>", "(it)a", "(es)a", "(es)b"])
    lines = token_lines(tokens, "text.char_separate")
    assert says(tmp_path, lines, [3, 5, 2, 4]) == "ab a"


def test_subword_units(tmp_path: Path) -> None:
    tokens = TokenList.build(["▁the", "▁", "x", "ing", "▁ư"])
    said = ["▁the", "▁", "x", "ing", "▁ư"]
    assert says(tmp_path, token_lines(tokens, "text.bpe30"), tokens.encode(said)) == "the xing ư"


def test_blank_is_number_0_whatever_else_is_called_so(tmp_path: Path) -> None:
    lines = token_lines(TokenList.build(["a", "<blk>"]), "text.phn")
    assert lines == ["<blk> 0", "▁<unk> 1", "▁a 2", "▁<blk> 3"]


def test_what_differs_is_said() -> None:
    tokens = TokenList.build(["a", "SIL"])
    lines = token_lines(tokens, "text.phn")
    assert differences(lines, True, 320) == []
    normalized, times = differences(lines, False, 640)
    assert "mean 0 and variance 1" in normalized and "as loud" in normalized
    assert "40 ms" in times and "by 2" in times
    (left_out,) = differences(token_lines(tokens, "text.bpe30"), True, 320)
    assert left_out.endswith(": SIL")
