"""The site: every page is in its navigation, and links that leave docs/ become text."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md"))
inside_only = runpy.run_path(str(ROOT / "tools/site_links.py"))["inside_only"]


def leaves(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    below = entry.values() if isinstance(entry, dict) else entry
    return [leaf for part in below for leaf in leaves(part)]


def test_every_page_is_in_the_navigation() -> None:
    content = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    assert sorted(leaves(content["nav"])) == PAGES
    assert all((ROOT / hook).is_file() for hook in content["hooks"])


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    text = inside_only((ROOT / "docs" / page).read_text("utf-8"), page)  # those that leave docs/
    for target in re.findall(r"\]\(([^)\s:#]+)(?:#[^)\s]*)?\)", text):
        assert (ROOT / "docs" / page).parent.joinpath(target).exists(), target


def test_links_out_of_docs() -> None:
    assert inside_only("[a](text.md#b) [c](https://x.org)", "config.md") == (
        "[a](text.md#b) [c](https://x.org)"
    )
    assert inside_only("[how](../CONTRIBUTING.md#style)", "api.md") == "how (`CONTRIBUTING.md`)"
    assert inside_only("[README.md](../../README.md)", "methods/xlsr.md") == "`README.md`"
    with pytest.raises(FileNotFoundError, match=r"docs/api\.md.*absent\.md"):
        inside_only("[x](../absent.md)", "api.md")
