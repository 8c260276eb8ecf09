"""One recording to 16 kHz mono FLAC files of its utterances."""

from __future__ import annotations

from typing import NamedTuple

from asrkit.audio import reading as audio
from asrkit.audio.channels import silence
from asrkit.files import DataError, atomic
from asrkit.kaldi.datadir import is_command
from asrkit.kaldi.segments import cut as cut_out
from asrkit.processes import run_program
from asrkit.rate import RATE


class Cut(NamedTuple):
    """One utterance of a recording: seconds (None: all of it), its FLAC file, its mark, its speed
    in hundredths."""

    utterance: str
    span: tuple[float, float] | None
    path: str
    mark: str
    speed: int = 100


class Recording(NamedTuple):
    source: str
    cuts: list[Cut]
    channel: int | None = None


class Done(NamedTuple):
    """A journal line: what an utterance was made of, and what it became."""

    utterance: str
    mark: str
    num_samples: int
    orig: str  # rate, channels and codec of the source
    remark: str = ""  # what is odd about its audio


class Bad(NamedTuple):
    utterance: str
    reason: str


def convert(job: Recording) -> list[Done | Bad]:
    """Decodes one recording, and writes its utterances."""
    try:
        if is_command(job.source):
            name = f"command {job.source!r}"
            sound = audio.decode(_output(job.source[:-1].strip()), name, job.channel)
        else:
            sound = audio.decode(job.source, channel=job.channel)
    except audio.AudioError as error:
        return [Bad(cut.utterance, str(error)) for cut in job.cuts]
    return [_write(cut, sound, job.source) for cut in job.cuts]


def _output(command: str) -> bytes:
    """What a command of wav.scp writes; run by bash, so that a failure inside a pipe counts."""
    made = run_program(["bash", "-c", f"set -o pipefail; {command}"])
    if made.returncode:
        last = made.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise audio.AudioError(f"command {command!r} ended with {made.returncode} ({last[0]})")
    return made.stdout


def _write(cut: Cut, sound: audio.Audio, source: str) -> Done | Bad:
    samples = sound.samples
    if cut.span is not None:
        try:
            samples = cut_out(samples, *cut.span, RATE)
        except DataError as error:
            return Bad(cut.utterance, f"{source}: the segment {error}; correct or remove it")
    samples = audio.change_speed(samples, cut.speed)
    with atomic(cut.path, "wb", sync=False) as stream:
        audio.write_flac(stream, samples)
    orig = f"{sound.rate} {sound.channels} {sound.codec}"
    remark = sound.remark or silence(samples)
    return Done(cut.utterance, cut.mark, len(samples), orig, remark)
