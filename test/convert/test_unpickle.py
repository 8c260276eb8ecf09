"""A .pt file can ask for anything; nothing it asks for is run or imported."""

import io
import os
import pathlib
import pickle
import subprocess
import sys
import tarfile
import typing
import zipfile

import numpy as np
import pytest
import torch

from asrkit.bin import convert_checkpoint
from asrkit.convert.source import ConvertError
from asrkit.convert.unpickle import Inert, load_inert, plain


class Call:
    """Pickles as a call of ``function`` with ``arguments``."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


@pytest.mark.parametrize("new_format", [True, False])
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (os.system, ("touch evil",)),
        (subprocess.Popen, (["touch", "evil"],)),
        (eval, ("open('evil', 'w')",)),
        (exec, ("open('evil', 'w')",)),
        (open, ("evil", "w")),
        (getattr, (os, "system")),
        (__import__, ("antigravity",)),
        (torch.load, ("x",)),
        (torch.hub.load, ("a", "b")),
        (io.open, ("evil", "w")),
        (os.unlink, ("kept",)),
    ],
)
def test_calls_are_refused(tmp_path, monkeypatch, function, arguments, new_format):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept").touch()
    content = {"model": {"a": torch.ones(2)}, "args": None}
    if arguments[0] is not os:
        content["args"] = Call(function, *arguments)
        torch.save(content, "x.pt", _use_new_zipfile_serialization=new_format)
    else:  # a module cannot be pickled; write the opcodes
        (tmp_path / "x.pt").write_bytes(b"cbuiltins\ngetattr\n.")
    with pytest.raises(ConvertError, match=r"asks for|damaged"):
        load_inert(tmp_path / "x.pt")
    assert not (tmp_path / "evil").exists() and (tmp_path / "kept").exists()
    assert "antigravity" not in sys.modules


def test_the_program_says_what_the_file_asks_for(tmp_path, capsys):
    torch.save({"model": Call(os.system, f"touch {tmp_path}/evil")}, tmp_path / "x.pt")
    words = ["--source", str(tmp_path / "x.pt"), "--out", str(tmp_path / "out")]
    assert convert_checkpoint.main(words) == 1
    said = capsys.readouterr().err
    assert "refused" in said and "system" in said and "Traceback" not in said
    assert not (tmp_path / "evil").exists() and not (tmp_path / "out").exists()


def test_names_of_allowed_packages_import_nothing(tmp_path):
    """A stand-in has the foreign name and nothing else; calling it does nothing."""
    body = b"\x80\x02}(X\x05\x00\x00\x00modelcfairseq.evil\nrun\nX\x01\x00\x00\x00a\x85R"
    body += b"X\x01\x00\x00\x00ccnumpy.core.multiarray\nscalar\n)Ru."
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("x/data.pkl", body)
        archive.writestr("x/version", "3\n")
        archive.writestr("x/byteorder", "little")
    content = load_inert(tmp_path / "x.pt")
    assert isinstance(content["model"], Inert) and vars(content["model"])["_inert_arguments"] == (
        "a",
    )
    assert "fairseq" not in sys.modules


@pytest.mark.parametrize(
    "name",
    ["torch._utils\n_rebuild_tensor_v2", "torch._utils\n_rebuild_parameter", "torch\nSize",
     "torch\nfloat32", "collections\nOrderedDict", "builtins\ndict"],
)  # fmt: skip
def test_what_a_file_may_name_cannot_be_changed(tmp_path, name):
    """BUILD sets attributes of anything: those of torch's functions would stay changed."""
    before = torch._utils._rebuild_tensor_v2.__doc__, torch._utils._rebuild_parameter.__doc__
    body = b"\x80\x02}X\x05\x00\x00\x00modelc" + name.encode() + b"\nN}"
    body += b"X\x07\x00\x00\x00__doc__X\x04\x00\x00\x00evils\x86bs."
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("x/data.pkl", body)
        archive.writestr("x/version", "3\n")
        archive.writestr("x/byteorder", "little")
    with pytest.raises(ConvertError, match="damaged"):
        load_inert(tmp_path / "x.pt")
    after = torch._utils._rebuild_tensor_v2.__doc__, torch._utils._rebuild_parameter.__doc__
    assert after == before


def test_attributes_of_stand_ins_are_data(tmp_path):
    """A file may set any attribute; plain() reads contents and calls nothing."""
    made = Inert("x")
    made.__setstate__({"__class__": "text", "append": "data", "_val": 3})
    assert plain(made) == 3
    made = Inert()
    made.__setstate__((None, {"a": 1}))
    made["k"] = [Inert(5)]
    assert plain(made) == {"k": [5]}
    assert plain({Inert(7): (1, 2)}) == {"7": [1, 2]}


def test_settings_that_hold_themselves():
    endless = {}
    endless["a"] = [endless]
    with pytest.raises(ConvertError, match="hold themselves"):
        plain(endless)


def test_names_that_protocol_2_writes(tmp_path):
    """Types by Python 2's names, type hints, numbers of numpy: all in files of omegaconf 2."""
    hints = {"a": dict, "b": typing.List[int], "c": str}  # noqa: UP006
    hints |= {"d": typing.Optional[float], "e": int}  # noqa: UP045
    content = {"model": hints, "set": {1, 2}, "best": np.float64(2.5), "path": pathlib.Path("x")}
    torch.save(content, tmp_path / "x.pt")
    found = load_inert(tmp_path / "x.pt")
    assert found["model"]["a"] is dict and found["model"]["c"] is str and found["set"] == {1, 2}
    assert isinstance(found["best"], Inert)


def test_torchscript_and_tar_are_refused(tmp_path):
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(tmp_path / "x.pt"))
    with pytest.raises(ConvertError, match="TorchScript"):
        load_inert(tmp_path / "x.pt")
    with tarfile.open(tmp_path / "y.pt", "w") as archive:
        archive.add(tmp_path / "x.pt", "pickle")
    with pytest.raises(ConvertError, match="tar archive"):
        load_inert(tmp_path / "y.pt")


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x02K\x01.", pickle.dumps([1])])
def test_damaged_files(tmp_path, content):
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(ConvertError, match="damaged or no checkpoint"):
        load_inert(tmp_path / "x.pt")


def test_truncated_file(tmp_path):
    torch.save({"model": {"a": torch.ones(1000)}}, tmp_path / "x.pt")
    (tmp_path / "x.pt").write_bytes((tmp_path / "x.pt").read_bytes()[:2000])
    with pytest.raises(ConvertError, match="damaged"):
        load_inert(tmp_path / "x.pt")
    with pytest.raises(ConvertError, match="no such file"):
        load_inert(tmp_path / "nothing.pt")
    torch.save([1], tmp_path / "x.pt")
    with pytest.raises(ConvertError, match="holds no dict"):
        load_inert(tmp_path / "x.pt")
