"""What stage 3 has written into a folder: a line an utterance, the last one counting."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from asrkit.files import append, atomic
from asrkit.kaldi.to_flac import Done

NAME = ".format"


class Journal:
    """The journal of ``folder``. done: its entries by utterance."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.done: dict[str, Done] = {}
        self._cut = False  # the last line, by a kill
        if not self.path.is_file():
            return
        *lines, last = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        self._cut = bool(last)
        for line in lines:
            fields = line.split("\t")
            fields += [""] * (len(fields) == 4)  # as written before there were remarks
            if len(fields) == 5 and fields[2].isdigit() and len(fields[3].split(" ")) == 3:
                self.done[fields[0]] = Done(fields[0], fields[1], int(fields[2]), *fields[3:])

    def add(self, made: Iterable[Done]) -> None:
        made = list(made)
        if not made:
            return
        append(self.path, "\n" * self._cut + "".join(map(_line, made)))
        self._cut = False
        self.done |= {entry.utterance: entry for entry in made}

    def forget(self, utterances: Iterable[str]) -> None:
        """Of files that are about to be written over: what they were made of, killed or not, is
        known again only when that is done."""
        old = [self.done.pop(utterance) for utterance in utterances if utterance in self.done]
        if old:
            with atomic(self.path) as stream:
                stream.writelines(map(_line, self.done.values()))


def _line(entry: Done) -> str:
    return "\t".join(map(str, entry)) + "\n"
