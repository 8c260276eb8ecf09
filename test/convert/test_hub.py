"""Models by their names on a hub, from huggingface_hub's cache, without a network."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import hf_tiny
import huggingface_hub
import pytest
from hf_tiny import convert, load

from asrkit.bin import convert_checkpoint
from asrkit.convert.source import ConvertError
from asrkit.files import sha256

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As huggingface_hub left it when there was a network: a revision, and the name ``main``."""
    home = tmp_path / "hub"
    model = home / "models--owner--small"
    (model / "refs").mkdir(parents=True)
    (model / "refs/main").write_text(COMMIT)
    hf_tiny.save(hf_tiny.make("Wav2Vec2Model"), model / "snapshots" / COMMIT)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(home))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return model / "snapshots" / COMMIT


@pytest.mark.parametrize("source", ["hf:owner/small", f"hf:owner/small@{COMMIT}"])
def test_the_record_says_the_revision_and_what_the_files_were(
    cache: Path, tmp_path: Path, source: str
) -> None:
    convert("--source", source, "--out", tmp_path / "ours")
    load(tmp_path / "ours")
    record = json.loads((tmp_path / "ours/converted.json").read_text())
    assert record["source"] == f"hf:owner/small@{COMMIT}"
    assert record["sha256"]["model.safetensors"] == sha256(cache / "model.safetensors")


def test_a_pickle_is_asked_for_where_there_are_no_safetensors(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str | None, list[str]]] = []

    def fake(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.append((revision, allow_patterns))
        return str(cache)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake)
    convert("--source", "hf:owner/small", "--out", tmp_path / "one")
    assert asked == [(None, ["*.json", "model*.safetensors"])]
    (cache / "model.safetensors").unlink()
    with pytest.raises(ConvertError, match=r"neither model\.safetensors nor pytorch_model\.bin"):
        convert("--source", "hf:owner/small@v1", "--out", tmp_path / "two")
    assert asked[1:] == [
        ("v1", ["*.json", "model*.safetensors"]),
        (COMMIT, ["*.json", "pytorch_model*.bin"]),
    ]


def test_what_is_not_there_is_told_with_what_to_do(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--source", "hf:owner/other@v2", "--out", str(tmp_path / "out")]
    assert convert_checkpoint.main(words) == 1
    (line,) = capsys.readouterr().err.strip().split("\n")
    assert "hf download owner/other --revision v2 --local-dir other" in line
    assert "give --source other" in line
    assert not (tmp_path / "out").exists()


def test_without_the_package_and_with_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("hf:owner", "hf:a/b/c", "hf:/etc/x", "hf:../up/x"):
        with pytest.raises(ConvertError, match="not a model's name"):
            convert("--source", name, "--out", tmp_path / "out")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ConvertError, match=r"is not installed .*--local-dir small"):
        convert("--source", "hf:owner/small", "--out", tmp_path / "out")
