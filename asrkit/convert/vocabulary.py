"""Token lists of other toolkits: which row of the output layer stands for what.

asrkit's blank is row 0 and its unknown token row 1; transformers' blank is the padding token,
fairseq's is ``<s>``, row 0. Rows are put in asrkit's order, none is lost, so log-probabilities are
the same. Word separators become ``<space>``. ``<s>`` and ``</s>`` stay ordinary tokens that a
trained model does not write.
"""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from asrkit.convert.source import ConvertError, Given, Source
from asrkit.convert.tokenizer import Said, optional_json, read_tokenizer
from asrkit.files import read_lines
from asrkit.text.tokenize import META
from asrkit.tokens import BLANK, SPACE, UNK, TokenError, TokenList
from asrkit.vocabulary import SUFFIX, language_of

NEVER = -1e4  # bias of a token that the source does not have: its probability is 0 in float32
WORD_DELIMITER = "|"
FAIRSEQ_SPECIALS = (BLANK, "<s>", "</s>", UNK)  # <s>, <pad>, </s>, <unk>; row 1 is never used
_KINDS = {"phn": "phones", "char": "characters", "bpe": "sentencepiece's units", "word": "words"}
_DICTIONARIES = {"ltr": "char", "phn": "phn", "wrd": "word"}  # dict.ltr.txt, as fairseq names them


class Vocabulary(NamedTuple):
    """symbols: by row of the output layer, in asrkit's names. token_file: names what they are.
    notes: what was guessed."""

    symbols: list[str]
    token_file: str
    notes: list[str]


def read_vocabulary(
    folder: Path, vocab: dict[str, Any], size: int, config: dict[str, Any], given: Given
) -> Vocabulary:
    """Of a transformers folder, whose output layer has ``size`` rows and config.json ``config``.

    vocab: symbols to rows, of vocab.json.
    """
    tokenizer = read_tokenizer(folder, config)
    rows: dict[int, str] = {}
    for symbol, row in {**optional_json(folder / "added_tokens.json"), **vocab}.items():
        if not isinstance(row, int) or rows.get(row, symbol) != symbol:
            raise ConvertError(f"{folder}/vocab.json: {symbol!r} has no number of its own: {row!r}")
        rows[row] = symbol
    rows = {**tokenizer.added, **rows}
    if missing := [row for row in range(size) if row not in rows]:
        raise ConvertError(f"{folder}/vocab.json: no symbol for rows {missing[:5]} of the output")
    plain = [rows[row] for row in range(size)]
    blank = _blank(plain, tokenizer.blank, config.get("pad_token_id", 0), given.blank, folder)
    names = {tokenizer.delimiter: SPACE, tokenizer.unknown: UNK}
    symbols = [names.get(symbol) or _with_meta(symbol) for symbol in plain]
    symbols[blank] = BLANK
    notes = []
    if tokenizer.lower_case:
        symbols = _lower(symbols, plain, folder)
        notes.append("tokens are in lower case, as do_lower_case of tokenizer_config.json has it")
    phonemes = "Phoneme" in tokenizer.kind.value
    kind = Said("phn" if phonemes else "char", f"as tokenizer_class is {tokenizer.kind}")
    if kind.value == "char" and any(symbol.startswith(META) for symbol in symbols):
        kind = Said("bpe", f"as some begin with {META}")
    return _vocabulary(symbols, kind, given, notes)


def _blank(symbols: list[str], padding: Said, row: Any, given: str | None, folder: Path) -> int:
    """The row of the blank, on which config.json and the tokenizer agree, or that is given."""
    if given is not None:
        if given not in symbols:
            raise ConvertError(f"{folder}/vocab.json: has no {given!r}, which --blank says")
        return symbols.index(given)
    if row is not None and not (type(row) is int and 0 <= row < len(symbols)):
        raise ConvertError(f"{folder}/config.json: pad_token_id {row} is not a row of the output")
    if row is not None and symbols[row] == padding.value:
        return int(row)
    if padding.value not in symbols:
        known = "" if row is None else f"; pad_token_id of config.json is {symbols[row]!r}"
        raise ConvertError(
            f"{folder}: pad_token is {padding}, which is not a row of the output{known}; say which "
            "token is the blank: --blank TOKEN"
        )
    if row is None:
        return symbols.index(padding.value)
    raise ConvertError(
        f"{folder}: pad_token_id {row} of config.json is {symbols[row]!r}, pad_token is {padding}, "
        f"row {symbols.index(padding.value)}; say which was the blank of the training: "
        f"--blank {shlex.quote(padding.value)} or --blank {shlex.quote(symbols[row])}"
    )


def _with_meta(symbol: str) -> str:
    """asrkit's unit for one of ``vocabulary_of``, whose space is a word's beginning."""
    return META + symbol[1:] if symbol.startswith(" ") else symbol


def _lower(symbols: list[str], plain: list[str], folder: Path) -> list[str]:
    """Tokens in lower case but for those that have asrkit's names."""
    lower = [s if s in (BLANK, UNK, SPACE) else s.lower() for s in symbols]
    if twice := [token for token, count in Counter(lower).items() if count > 1]:
        same = [repr(p) for p, token in zip(plain, lower, strict=True) if token == twice[0]]
        raise ConvertError(
            f"{folder}/tokenizer_config.json: do_lower_case makes one token of {' and '.join(same)}"
        )
    return lower


def read_dictionary(path: Path, size: int, given: Given) -> Vocabulary:
    """Of a fairseq dictionary (``symbol count`` a line)."""
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
    return _vocabulary(symbols, _guess(path.name, symbols), given, [])


def _guess(name: str, symbols: list[str]) -> Said:
    """What a dictionary's tokens are: by its name (dict.ltr.txt), or by its word separator, which
    letters have; but most phones are of one letter, too, and some letters of two."""
    for part, kind in _DICTIONARIES.items():
        if f".{part}." in name:
            return Said(kind, f"as its name has .{part}.")
    if any(symbol.startswith(META) for symbol in symbols):
        return Said("bpe", f"as some begin with {META}")
    own = [symbol for symbol in symbols if symbol not in (*FAIRSEQ_SPECIALS, SPACE)]
    several = sum(len(symbol) > 1 for symbol in own)
    if SPACE not in symbols:
        return Said("phn", f"as there is no word separator {WORD_DELIMITER!r}")
    if several > len(own) / 4:
        return Said("phn", f"as {several} of {len(own)} have several letters")
    return Said("char", f"as {WORD_DELIMITER!r} separates words")


def _vocabulary(symbols: list[str], kind: Said, given: Given, notes: list[str]) -> Vocabulary:
    """With the note that says what was guessed, if nothing was given."""
    if given.token_type is not None:
        kind = kind._replace(value=given.token_type)
    else:
        told = f"the tokens are taken for {_KINDS[kind.value]}, {kind.where}"
        notes = [*notes, f"{told}; --token_type says otherwise"]
    own = [symbol for symbol in symbols if symbol not in (BLANK, UNK, SPACE)]
    separate = SUFFIX if own and all(map(language_of, own)) else ""
    return Vocabulary(symbols, f"text.{kind.value}{separate}", notes)


def take_head(source: Source, state: dict[str, Tensor], vocabulary: Vocabulary, file: Path) -> None:
    """Gives ``source`` the output layer in ``state``, its rows in asrkit's order.

    file: where the symbols are from. Raises ConvertError for a layer without bias.
    """
    if "head.bias" not in state:
        raise ConvertError(
            f"{source.path}: its output layer has no bias, and asrkit's has one; take the network "
            "alone with --encoder_only true"
        )
    source.state |= {name: state[name] for name in ("head.weight", "head.bias")}
    source.symbols = sort_head(source.state, vocabulary.symbols, str(file))
    source.token_file = vocabulary.token_file
    source.notes += vocabulary.notes


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
    """transformers' vocab.json for asrkit's symbols; ConvertError if a name is taken already.

    Its tokenizers glue tokens together: a unit's mark of a word's beginning becomes a space.
    """
    names = {BLANK: "<pad>", SPACE: WORD_DELIMITER}
    renamed = [names.get(symbol, symbol) for symbol in symbols]
    spaced = [f" {s.removeprefix(META)}" if s.startswith(META) else s for s in renamed]
    vocab = {symbol: row for row, symbol in enumerate(spaced)}
    if len(vocab) != len(symbols):
        raise ConvertError(
            f"the tokens hold '<pad>' or {WORD_DELIMITER!r} beside {BLANK} or {SPACE}, which have "
            "these names in transformers"
        )
    return vocab
