"""What espeak is given for a text: its words, less what is written inside them and not spoken."""

from __future__ import annotations

import re

# espeak reads these aloud by name, or breaks the word at them.
_SILENT = re.compile(
    "\u05f4"  # gershayim
    "|(?<=[όο]),(?=τι)"  # the comma of Greek "whatever"
    "|(?<=[^\\W\\d_]):(?=[^\\W\\d_])"  # before an ending, in Swedish and Finnish
    "|(?<=\\d)\u066c(?=\\d)"  # thousands
)
# Not every voice reads the digits of its own script (Urdu: silence), all read these. Bengali khanda
# ta is read by its name, the two letters it stands for are not.
_READ = {
    **{0x0660 + n: str(n) for n in range(10)},
    **{0x06F0 + n: str(n) for n in range(10)},
    0x066B: ".",
    0x09CE: "\u09a4\u09cd",
}
_RANGE = re.compile(r"(?<=\d)-(?=\d)")


def spoken(text: str) -> str:
    """A text normalized with its hyphens, for espeak: one word for each word of the text.

    Between digits a hyphen would be read as a dash or a minus; it becomes a space.
    """
    return _RANGE.sub(" ", _SILENT.sub("", text)).translate(_READ)
