"""What sherpa-onnx has to know of a recognizer: tokens.txt, and where it differs from asrkit.

It takes the graph as a model of the kind "omnilingual": raw samples in, N x T x V out, 20 ms a
frame. Its text is the tokens one after another, with a space where one begins with U+2581.
"""

from __future__ import annotations

from collections.abc import Sequence

from asrkit.rate import RATE
from asrkit.text.non_linguistic import NLSYMS
from asrkit.text.tokenize import META
from asrkit.tokens import SPACE, TokenList
from asrkit.vocabulary import strip_languages, type_of

FRAME = 320  # samples of a frame, as it counts them
BLANK = "<blk>"  # the first of the names that it looks for
_LEFT_OUT = ("SIL", "</s>")
_LAST = 0xC6  # a vocabulary whose greatest byte this is, it takes for byte-level units


def token_lines(tokens: TokenList, token_file: str) -> list[str]:
    """Lines of tokens.txt, ``symbol number``, by which its text is the text of asrkit.

    Characters and subword units are put together, all other tokens are separated by spaces.
    """
    kind, separate = type_of(token_file)
    symbols = tokens.symbols[1:]
    if kind == "char" or kind.startswith("bpe"):
        symbols = strip_languages(symbols) if separate else symbols
        symbols = [_spelled(symbol) for symbol in symbols]
    else:
        symbols = [META + symbol for symbol in symbols]
    symbols = [BLANK, *symbols]
    if _taken_for_bytes(symbols):
        symbols.append("\N{DOUBLE QUESTION MARK}")  # a number that no frame has
    return [f"{symbol} {number}" for number, symbol in enumerate(symbols)]


def _spelled(symbol: str) -> str:
    if symbol == SPACE:
        return META
    return META + symbol if symbol in NLSYMS else symbol


def _taken_for_bytes(symbols: Sequence[str]) -> bool:
    return max(max(symbol.removeprefix(META).encode(), default=0) for symbol in symbols) == _LAST


def differences(lines: Sequence[str], normalizes: bool, frame: int) -> list[str]:
    """What a user of sherpa-onnx should know. lines: of tokens.txt. frame: samples from one frame
    to the next."""
    found = []
    if not normalizes:
        found.append(
            "sherpa-onnx brings waveforms to mean 0 and variance 1 before the graph, which this "
            "model does not: there all recordings are as loud and have no offset, and its results "
            "are a little different"
        )
    if frame != FRAME:
        found.append(
            f"sherpa-onnx takes frames for 20 ms, and these are {1000 * frame / RATE:g} ms: "
            f"multiply its times by {frame / FRAME:g}"
        )
    symbols = {line.split()[0] for line in lines}
    if left := [symbol for symbol in _LEFT_OUT if symbol in symbols]:
        found.append(f"sherpa-onnx leaves out of its text: {' '.join(left)}")
    return found
