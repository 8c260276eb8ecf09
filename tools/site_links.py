"""A hook of mkdocs: links from docs/ to files of the checkout that the site does not have."""

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s:#]+)(#[^)\s]*)?\)")


def inside_only(markdown: str, page: str) -> str:
    """``page``, a path in docs/, with links that leave docs/ as their text and the file's path.

    Raises FileNotFoundError for a link to a file that is not there.
    """

    def shown(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link[2]))
        if target.startswith("docs/"):
            return link[0]
        if not (ROOT / target).exists():
            raise FileNotFoundError(f"docs/{page}: link to {link[2]}, but there is no {target}")
        text = link[1].strip("`")
        return (
            f"`{target}`"
            if text in (target, posixpath.basename(target))
            else f"{text} (`{target}`)"
        )

    return LINK.sub(shown, markdown)


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    return inside_only(markdown, page.file.src_uri)
