"""Every reader of models refuses what need not end."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from asrkit.convert.huggingface import load_safetensors
from asrkit.convert.source import ConvertError
from asrkit.files import endless
from asrkit.pack.archive import PackError, read_manifest
from asrkit.train import checkpoint


@pytest.mark.timeout(20)
@pytest.mark.parametrize("read", [checkpoint.load, load_safetensors, read_manifest])
def test_models_are_not_read_from_fifos_and_devices(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, what in ((tmp_path / "fifo", "pipe"), (Path("/dev/zero"), "device")):
        with pytest.raises((checkpoint.CheckpointError, ConvertError, PackError)) as told:
            read(path)
        assert str(told.value).startswith(f"{path}: is a {what}")


def test_files_and_folders_end(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name in ("file", ".", "nothing"):
        assert endless(tmp_path / name) is None
