"""``asrkit <command>``: every program of ``asrkit.bin`` under one name.

The programs parse their own options; this file knows their names and one line about each. It
imports nothing heavy, so that ``asrkit --help`` answers at once.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import asrkit

# heading -> command -> (module in asrkit.bin, what it does)
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Models": {
        "train": ("asr_train", "Train any method: pre-train, fine-tune, from scratch"),
        "infer": ("asr_infer", "Turn audio into text, or decode a data folder"),
        "identify": ("identify", "Tell which language is spoken where in audio"),
        "serve": ("serve", "Open a page to listen to speech and correct its text"),
        "calibrate": ("calibrate", "Fit the confidence of words to a model on a valid set"),
        "align": ("align", "Align long recordings with their texts, to train on"),
        "transcode": ("transcode", "Turn phones or audio into words with a Transcoder"),
        "combine": ("combine_hypotheses", "Combine n-best lists: least risk, vote of systems"),
        "average": ("average_checkpoints", "Average the weights of several checkpoints"),
        "select": ("select_model", "Choose the run that is best on the validation set"),
        "convert": ("convert_checkpoint", "Convert checkpoints of transformers and fairseq"),
        "export": ("export", "Write a model for transformers, ONNX or sherpa-onnx"),
        "pack": ("pack", "Pack a model, its tokens and its n-grams into one file"),
        "unpack": ("unpack", "Unpack such a file, every name and hash checked"),
    },
    "Results": {
        "score": ("score", "Score hypotheses: phone, character and word error rates"),
        "results": ("results", "Collect the scores of an experiment in RESULTS.md"),
        "analyze clusters": ("cluster_quality", "Measure how well frames tell phones apart"),
        "analyze languages": ("language_similarity", "Show how alike languages are to a model"),
        "analyze groups": ("language_groups", "Compare groups of languages over systems"),
        "analyze words": ("word_errors", "Tell why words written by a Transcoder are wrong"),
    },
    "Data folders": {
        "data import": ("import_data", "Import ELAN, Praat, subtitles, tables, folders"),
        "data validate": ("validate_data_dir", "Check data folders against every rule"),
        "data fix": ("fix_data_dir", "Repair data folders, keeping the old tables"),
        "data hours": ("hours", "Print minutes and utterances by language and folder"),
        "data combine": ("combine_data", "Merge data folders into one"),
        "data partition": ("partition_data", "Make training, validation and test sets"),
        "data split": ("split_data", "Split a data folder into parts of about equal size"),
        "data subset": ("subset_data_dir", "Take a random, ranked or listed part of a data folder"),
        "data filter": ("filter_data", "Leave out too short, too long or unlabeled utterances"),
        "data label": ("label_data", "Label audio by a model where it is sure, to train on"),
        "data perturb": ("perturb_speed", "Add copies of the utterances at other speeds"),
        "data format": ("format_audio", "Write audio of any codec as 16 kHz mono FLAC"),
    },
    "Text": {
        "text normalize": ("normalize_text", "Bring text to lower case without punctuation"),
        "text languages": ("languages", "Tell what espeak-ng does with each language"),
        "text phonemize": ("phonemize", "Turn text into phones with espeak-ng"),
        "text tokenize": ("tokenize", "Split text into characters, subword units or words"),
        "text separate": ("separate_tokens", "Name the language in every token"),
        "text tokens": ("token_list", "Make the token list of tokenized texts"),
        "text bpe": ("train_bpe", "Learn subword units from texts with sentencepiece"),
        "text lexicon": ("make_lexicon", "Make a pronouncing dictionary with espeak-ng"),
    },
    "Language models": {
        "lm clean": ("clean_lm_text", "Make sentences for language models of web text"),
        "lm train": ("train_ngram", "Train an n-gram model with KenLM's lmplz"),
        "lm prior": ("label_prior", "Take label priors of a model from audio, for the search"),
        "lm tune": ("tune_lm", "Choose the weights of the search on a validation set"),
    },
    "Transcoder": {
        "transcoder text": ("transcoder_text", "Make its training text: phones, labels, words"),
        "transcoder posteriors": ("dump_posteriors", "Decode speech to posteriors to train it on"),
        "transcoder tune": ("tune_transcoder", "Choose the weights of its search with an n-gram"),
    },
    "This program": {
        "completion": ("completion", "Print a script that completes these in bash or zsh"),
    },
}  # fmt: skip


def programs() -> dict[str, str]:
    """Command -> module in asrkit.bin."""
    return {
        command: module for group in COMMANDS.values() for command, (module, _) in group.items()
    }


def _is_group(word: str) -> bool:
    return any(command.startswith(f"{word} ") for command in programs())


def _help(group: str = "") -> str:
    """The commands, or those of a group such as "data", with one line each."""
    lines = ["usage: asrkit <command> [options]       asrkit <command> --help lists its options"]
    for heading, commands in COMMANDS.items():
        rows = [
            f"  {command:22} {line}"
            for command, (_, line) in commands.items()
            if not group or command.startswith(f"{group} ")
        ]
        if rows:
            lines += ["", f"{heading}:", *rows]
    return "\n".join(lines)


def _unknown(words: Sequence[str]) -> str:
    import difflib  # only here: a command that is known need not wait for it

    asked = " ".join(words[: 2 if _is_group(words[0]) else 1])
    close = difflib.get_close_matches(asked, programs(), n=1)
    remedy = f"did you mean {close[0]!r}?" if close else "asrkit --help lists all"
    return f"error: unknown command {asked!r}; {remedy}"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the program of a command with the words after it; returns its exit code.

    2, as for a wrong option, if there is no such command.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    known = programs()
    for count in (1, 2):
        if (command := " ".join(words[:count])) in known:
            rest = words[count:]
            sys.argv = [f"asrkit {command}", *rest]  # the name that argparse prints
            program = importlib.import_module(f"asrkit.bin.{known[command]}")
            return int(program.main(rest))
    if words == ["--version"]:
        print(f"asrkit {asrkit.__version__}")
        return 0
    asks_help = words[-1:] in (["-h"], ["--help"])
    group = words[:-1] if asks_help else words
    if not group or (len(group) == 1 and _is_group(group[0])):
        print(_help(*group), file=sys.stdout if asks_help else sys.stderr)
        return 0 if asks_help else 2
    print(_unknown(words), file=sys.stderr)
    return 2
