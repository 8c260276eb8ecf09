"""Token lists of other toolkits: which row of the output layer stands for what.

asrkit's blank is row 0 and its unknown token row 1; transformers' blank is the padding token,
fairseq's is ``<s>``, row 0. Rows are put in asrkit's order, none is lost, so log-probabilities are
the same. Word separators become ``<space>``. ``<s>`` and ``</s>`` stay ordinary tokens that a
trained model does not write.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from asrkit.convert.source import ConvertError
from asrkit.files import read_lines
from asrkit.tokens import BLANK, SPACE, UNK, TokenError, TokenList

NEVER = -1e4  # bias of a token that the source does not have: its probability is 0 in float32
WORD_DELIMITER = "|"
FAIRSEQ_SPECIALS = (BLANK, "<s>", "</s>", UNK)  # <s>, <pad>, </s>, <unk>; row 1 is never used


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; ConvertError if it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConvertError(f"{path}: no such file") from None
    except (ValueError, OSError) as error:
        raise ConvertError(f"{path}: not readable JSON ({error})") from None
    if not isinstance(content, dict):
        raise ConvertError(f"{path}: holds no JSON object")
    return content


def _name(value: Any, default: str) -> str:
    """A special token in tokenizer_config.json: a string or a mapping with ``content``."""
    if isinstance(value, dict):
        value = value.get("content")
    return default if value is None else str(value)


def read_vocabulary(folder: Path, size: int, blank: int) -> tuple[list[str], str]:
    """Symbols by row of a transformers folder, in asrkit's names, and their token_file.

    size: rows of the output layer; blank: the row that config.json calls padding.
    """
    vocab = read_json(folder / "vocab.json")
    if any(isinstance(value, dict) for value in vocab.values()):
        raise ConvertError(
            f"{folder}/vocab.json: one vocabulary per language, as MMS has them; asrkit's models "
            "have one. Use a checkpoint that was fine-tuned on one language"
        )
    optional = {
        name: read_json(folder / name) if (folder / name).exists() else {}
        for name in ("added_tokens.json", "tokenizer_config.json")
    }
    settings = optional["tokenizer_config.json"]
    rows: dict[int, str] = {}
    for symbol, row in {**optional["added_tokens.json"], **vocab}.items():
        if not isinstance(row, int) or rows.get(row, symbol) != symbol:
            raise ConvertError(f"{folder}/vocab.json: {symbol!r} has no number of its own: {row!r}")
        rows[row] = symbol
    for row, entry in settings.get("added_tokens_decoder", {}).items():
        rows.setdefault(int(row), _name(entry, ""))
    if missing := [row for row in range(size) if row not in rows]:
        raise ConvertError(f"{folder}/vocab.json: no symbol for rows {missing[:5]} of the output")
    unknown = _name(settings.get("unk_token"), UNK)
    delimiter = _name(settings.get("word_delimiter_token"), WORD_DELIMITER)
    if not 0 <= blank < size:
        raise ConvertError(f"{folder}/config.json: pad_token_id {blank} is no row of the output")
    padding = _name(settings.get("pad_token"), rows[blank])
    if padding != rows[blank]:
        raise ConvertError(
            f"{folder}: pad_token_id {blank} of config.json is {rows[blank]!r}, the pad_token of "
            f"tokenizer_config.json {padding!r}; set pad_token_id to the blank of the training"
        )
    names = {unknown: UNK, delimiter: SPACE}
    symbols = [names.get(rows[row], rows[row]) for row in range(size)]
    symbols[blank] = BLANK
    phones = "Phoneme" in str(settings.get("tokenizer_class", ""))
    return symbols, "text.phn" if phones else "text.char"


def read_dictionary(path: Path, size: int) -> tuple[list[str], str]:
    """Symbols by row of a fairseq dictionary (``symbol count`` a line), in asrkit's names."""
    symbols = list(FAIRSEQ_SPECIALS)
    for number, line in enumerate(read_lines(path), 1):
        symbol, _, rest = line.rpartition(" ")
        if rest == "#fairseq:overwrite":
            raise ConvertError(f"{path}:{number}: overwrites a special token; not supported")
        if not symbol or not rest.isdigit():
            raise ConvertError(f"{path}:{number}: not 'symbol count': {line!r}")
        symbols.append(SPACE if symbol == WORD_DELIMITER else symbol)
    # fairseq fills a dictionary up with such lines; they are not in the file's own count.
    if len(symbols) != size:
        raise ConvertError(
            f"{path}: {len(symbols)} tokens with the four specials, but the output layer has "
            f"{size} rows: it is another model's dictionary"
        )
    letters = all(len(symbol) == 1 for symbol in symbols[4:] if symbol != SPACE)
    return symbols, "text.char" if letters else "text.phn"


def sort_head(state: dict[str, Tensor], symbols: list[str], where: str) -> list[str]:
    """Puts the output layer's rows in asrkit's order, in place; the symbols in that order."""
    if UNK not in symbols:
        weight, bias = state["head.weight"], state["head.bias"]
        state["head.weight"] = torch.cat([weight, torch.zeros_like(weight[:1])])
        state["head.bias"] = torch.cat([bias, torch.full_like(bias[:1], NEVER)])
        symbols = [*symbols, UNK]
    first = [symbols.index(BLANK), symbols.index(UNK)]
    order = [*first, *(row for row in range(len(symbols)) if row not in first)]
    ordered = [symbols[row] for row in order]
    try:
        TokenList(ordered)
    except TokenError as error:
        raise ConvertError(f"{where}: {error}") from None
    if order != list(range(len(order))):
        index = torch.tensor(order, device=state["head.bias"].device)
        for name in ("head.weight", "head.bias"):
            state[name] = state[name].index_select(0, index)
    return ordered


def vocabulary_of(symbols: list[str]) -> dict[str, int]:
    """transformers' vocab.json for asrkit's symbols; ConvertError if a name is taken already."""
    names = {BLANK: "<pad>", SPACE: WORD_DELIMITER}
    vocab = {names.get(symbol, symbol): row for row, symbol in enumerate(symbols)}
    if len(vocab) != len(symbols):
        raise ConvertError(
            f"the tokens hold '<pad>' or {WORD_DELIMITER!r} beside {BLANK} or {SPACE}, which have "
            "these names in transformers"
        )
    return vocab
