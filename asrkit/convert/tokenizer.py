"""What a folder of transformers says of its tokens: the special ones, and what decoding does.

Where no file names a token, transformers' own default counts, as it does when transformers loads
the folder. Two files that differ are refused: one of them is wrong, and nothing shows which.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from asrkit.convert.source import ConvertError
from asrkit.files import endless, refuse_pointer

CHARACTERS, PHONEMES = "Wav2Vec2CTCTokenizer", "Wav2Vec2PhonemeCTCTokenizer"
_FILES = ("tokenizer_config.json", "special_tokens_map.json")
_DEFAULT = "the default of transformers, as no file says it"
_DEFAULTS = {"pad_token": "<pad>", "unk_token": "<unk>", "word_delimiter_token": "|"}


class Said(NamedTuple):
    """A setting, and which file has it, for messages."""

    value: Any
    where: str

    def __str__(self) -> str:
        return f"{self.value!r} ({self.where})"


class Tokenizer(NamedTuple):
    """kind: the class. blank, unknown, delimiter: tokens by their names in vocab.json, None where
    there is none. lower_case: decoding writes small letters. added: further tokens by row."""

    kind: Said
    blank: Said
    unknown: str | None
    delimiter: str | None
    lower_case: bool
    added: dict[int, str]


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; ConvertError if it is none."""
    if fault := endless(path):
        raise ConvertError(f"{path}: {fault}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConvertError(f"{path}: no such file") from None
    except OSError as error:
        raise ConvertError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        refuse_pointer(path)
        raise ConvertError(f"{path}: not readable JSON ({error})") from None
    if not isinstance(content, dict):
        raise ConvertError(f"{path}: holds no JSON object")
    return content


def optional_json(path: Path) -> dict[str, Any]:
    """Likewise; empty where there is no such file."""
    return read_json(path) if path.exists() else {}


def _name(value: Any) -> str | None:
    """A special token: a string, or a mapping with ``content``."""
    value = value.get("content") if isinstance(value, dict) else value
    return None if value is None else str(value)


def _special(files: dict[str, dict[str, Any]], key: str, default: str | None, folder: Path) -> Said:
    """What the files say of ``key``, an explicit null too; the default where none does."""
    said = {name: _name(content[key]) for name, content in files.items() if key in content}
    if len(set(said.values())) > 1:
        named = " and ".join(f"{value!r} in {name}" for name, value in said.items())
        raise ConvertError(f"{folder}: {key} is {named}; correct the file that is wrong")
    for name, value in said.items():
        return Said(value, name)
    return Said(default, _DEFAULT)


def read_tokenizer(folder: Path, config: dict[str, Any]) -> Tokenizer:
    """Raises ConvertError for what asrkit's texts cannot follow.

    config: config.json, which names the tokenizer's class where tokenizer_config.json does not.
    """
    files = {name: optional_json(folder / name) for name in _FILES}
    settings = files["tokenizer_config.json"]
    kind = Said(CHARACTERS, _DEFAULT)
    for name, content in (("tokenizer_config.json", settings), ("config.json", config)):
        if content.get("tokenizer_class"):
            kind = Said(str(content["tokenizer_class"]), name)
            break
    phonemes = "Phoneme" in kind.value
    if (mark := settings.get("replace_word_delimiter_char", " ")) != " " and not phonemes:
        raise ConvertError(
            f"{folder}/tokenizer_config.json: replace_word_delimiter_char is {mark!r}, and asrkit "
            "writes a space between words; remove it there if that is right for you"
        )
    delimiter = None if phonemes else _DEFAULTS["word_delimiter_token"]
    return Tokenizer(
        kind,
        _special(files, "pad_token", _DEFAULTS["pad_token"], folder),
        _special(files, "unk_token", _DEFAULTS["unk_token"], folder).value,
        _special(files, "word_delimiter_token", delimiter, folder).value,
        bool(settings.get("do_lower_case", False)) and not phonemes,
        _added(settings.get("added_tokens_decoder", {}), folder),
    )


def _added(table: Any, folder: Path) -> dict[int, str]:
    try:
        return {int(row): _name(entry) or "" for row, entry in table.items()}
    except (AttributeError, ValueError):
        raise ConvertError(
            f"{folder}/tokenizer_config.json: added_tokens_decoder is not a table of tokens by "
            "number"
        ) from None
