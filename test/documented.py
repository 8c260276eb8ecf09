"""The commands that README and docs show, each as words that a shell would make of it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

from asrkit.commands import programs

ROOT = Path(__file__).resolve().parents[1]
# Decisions and the changelog tell what was, not what to type.
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *(path for path in sorted(ROOT.glob("docs/**/*.md")) if path.parent.name != "adr"),
    *sorted(ROOT.glob("egs/*/asr1/README.md")),
]
# Where ./run.sh and ./asr.sh of a page are meant to be started, unless it is a recipe's own.
RECIPES = {"docs/own_data.md": "TEMPLATE"}
STARTS = re.compile(
    r"(\S*/)?(run\.sh|asr\.sh|python3? -m asrkit\.bin\.\w+|asrkit [a-z]+|asr_(train|infer)\.py)\b"
)
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Command(NamedTuple):
    """page: relative to the root. words: what follows a prompt."""

    page: str
    words: list[str]

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"

    @property
    def script(self) -> str:
        """``egs/<corpus>/asr1/run.sh`` or ``asr.sh``; empty for a program."""
        name = self.words[0]
        if not name.endswith(("run.sh", "asr.sh")):
            return ""
        if name.startswith("egs/"):
            return name
        corpus = RECIPES.get(self.page, "mini_asterisk" if name.endswith("asr.sh") else "")
        if self.page.startswith("egs/"):
            corpus = self.page.split("/")[1]
        elif "--commonvoice" in self.words or not corpus:
            corpus = "commonvoice"
        if name.startswith("../"):
            return f"egs/{name.split('/')[-3]}/asr1/{Path(name).name}"
        return f"egs/{corpus}/asr1/{Path(name).name}"

    @property
    def program(self) -> tuple[str, list[str]]:
        """Module in asrkit.bin, and its arguments; ("", []) for a script."""
        if self.words[1:2] == ["-m"]:
            return self.words[2].removeprefix("asrkit.bin."), self.words[3:]
        if self.words[0].endswith(".py"):
            return self.words[0].removesuffix(".py"), self.words[1:]
        if self.words[0] == "asrkit":
            for count in (2, 1):
                if (name := " ".join(self.words[1 : 1 + count])) in programs():
                    return programs()[name], self.words[1 + count :]
            return "?", self.words[1:]
        return "", []


def _lines(text: str) -> list[str]:
    """Lines of fenced blocks, and code within a line that has options."""
    lines = []
    for block in FENCED.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            lines += re.sub(r"(^|\s)#.*", "", line).split(" && ")
    spans = re.findall(r"`([^`]+)`", FENCED.sub("", text))
    return lines + [span for span in spans if " -" in span]


def _meant(words: list[str]) -> list[str]:
    """Without ``...``, and without an option whose value it is."""
    kept: list[str] = []
    for word in words:
        if word != "...":
            kept.append(word)
        elif kept[-1].startswith("--"):
            kept.pop()
    return kept


def commands() -> list[Command]:
    """All of them, each once; ``...`` stands for what a reader adds, and is left out."""
    found: dict[str, Command] = {}
    for page in PAGES:
        for line in _lines(page.read_text(encoding="utf-8")):
            text = re.sub(r"\s[<|]\s.*", "", " ".join(line.split()))
            if not STARTS.match(text):
                continue
            words = _meant(shlex.split(text))
            command = Command(str(page.relative_to(ROOT)), words)
            a_mention = words[-1].startswith("--") and words[-1] != "--help"
            if not a_mention:
                found.setdefault(str(command), command)
    return list(found.values())
