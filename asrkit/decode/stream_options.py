"""Options of a program that recognizes sound while it is being made."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Generator

from asrkit.arguments import UsageError, at_least, finite, refuse_unused
from asrkit.audio.given import STDIN
from asrkit.audio.microphone import microphone
from asrkit.audio.pcm import Sound, arriving, unreadable
from asrkit.audio.reading import AudioError
from asrkit.decode.live import CHUNK, ENDPOINT, LEFT, RIGHT, Live

# What is of files and folders that are there as a whole.
_WHOLE = "data_dir output_dir format nbest nj batch_seconds keep_scores split shard"


def add_stream_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--stream",
        action="store_true",
        help="recognize sound as it comes, through a pipe (-) or from a WAV file: prints "
        "START<TAB>END<TAB>TEXT of each segment when it is final",
    )
    add(
        "--microphone",
        nargs="?",
        const="",
        metavar="DEVICE",
        help="the same of a microphone, the default one or that of a name or number",
    )
    add("--rate", type=at_least(1), help="of --stream: raw 16-bit samples of one channel, in Hz")
    add("--chunk", type=finite, default=CHUNK, help="seconds of speech that become text at once")
    add("--left", type=finite, default=LEFT, help="seconds before them that the network sees, too")
    add("--right", type=finite, default=RIGHT, help="seconds behind them: the text is so late")
    add("--endpoint", type=finite, default=ENDPOINT, help="seconds of pause that end a segment")


def is_live(args: argparse.Namespace) -> bool:
    """Whether sound is recognized while it is being made; refuses options of the other kind."""
    live = args.stream or args.microphone is not None
    refuse_unused(
        args,
        (not live, "rate chunk left right endpoint", "without --stream or --microphone"),
        (live, _WHOLE, "with --stream or --microphone"),
        (args.microphone is not None, "rate stream", "with --microphone, which states its own"),
    )
    if args.stream and len(args.audio) != 1:
        raise UsageError("--stream takes one name, or - for standard input")
    if args.microphone is not None and args.audio:
        raise UsageError("--microphone takes no audio files")
    return live


def live_of(args: argparse.Namespace) -> Live:
    return Live(args.chunk, args.left, args.right, args.endpoint)


@contextlib.contextmanager
def sound_of(args: argparse.Namespace) -> Generator[Sound, None, None]:
    """What is to be recognized. Raises AudioError, MicrophoneError."""
    if args.microphone is not None:
        with microphone(args.microphone or None) as sound:
            yield sound
        return
    (name,) = args.audio
    if name in STDIN and sys.stdin.isatty():
        raise AudioError(f"{name}: standard input is a terminal; send audio: program | ...")
    source = sys.stdin.fileno() if name in STDIN else name
    with contextlib.ExitStack() as stack:
        with unreadable(name):  # alone: what is done with the sound has other errors
            stream = stack.enter_context(open(source, "rb", buffering=0, closefd=name not in STDIN))
        yield arriving(stream, name, args.rate)
