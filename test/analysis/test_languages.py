"""bin/language_similarity: codes by language on audio alone, clusters and components."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from random_model import save_small
from tones import write_dump, write_tokens

from asrkit.analysis.languages import Usage, principal, similarity
from asrkit.bin import language_similarity


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("languages")
    tokens = write_tokens(folder / "tokens.txt")
    codes = {"quantizer": "gumbel", "quantizer_conf": {"entries": 4, "vector_size": 8}}
    save_small(folder / "xlsr", tokens, objective="contrastive",
         objective_conf={"final_size": 8}, **codes)  # fmt: skip
    save_small(folder / "uni", tokens, objective="phonetic", base="contrastive",
         base_conf={"compare": "context", "final_size": 8}, **codes)  # fmt: skip
    save_small(folder / "d2v", tokens, objective="regression", objective_conf={"top_k": 1})
    for seed, lang in enumerate(("aa", "bb", "cc")):
        write_dump(folder / lang, 3, seed=seed, lang=lang)
        for labels in (folder / lang).glob("text*"):
            labels.unlink()
    return folder


def command(audio: Path, out: Path, *more: str) -> list[str]:
    folders = [str(audio / lang) for lang in ("aa", "bb", "cc")]
    return ["--model", str(audio / "xlsr"), "--data_dir", *folders, "--out_dir", str(out), *more]


def test_audio_alone_gives_a_table_and_pictures(
    audio: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert language_similarity.main(command(audio, tmp_path, "--clusters", "2")) == 0
    table = (tmp_path / "languages.md").read_text()
    assert capsys.readouterr().out == table and table.count("\n") == 5
    found = json.loads((tmp_path / "languages.json").read_text())
    assert list(found["languages"]) == ["aa", "bb", "cc"]
    for name, row in found["languages"].items():
        assert row["utterances"] == 3 and row["frames"] > 50
        assert row["divergence_bits"][name] == 0 and len(row["point"]) == 2
    assert sorted({row["cluster"] for row in found["languages"].values()}) == [1, 2]
    for name in ("languages.png", "codes.png"):
        assert (tmp_path / name).read_bytes()[:4] == b"\x89PNG"


def test_unispeech_has_codes_too(audio: Path, tmp_path: Path) -> None:
    uni = command(audio, tmp_path, "--clusters", "2")
    uni[1] = str(audio / "uni")
    assert language_similarity.main(uni) == 0
    found = json.loads((tmp_path / "languages.json").read_text())["languages"]
    assert all(row["frames"] > 50 for row in found.values())


def test_so_many_minutes_of_each(audio: Path, tmp_path: Path) -> None:
    short = command(audio, tmp_path, "--clusters", "2", "--minutes", "0.001")
    assert language_similarity.main(short) == 0
    found = json.loads((tmp_path / "languages.json").read_text())["languages"]
    assert {row["utterances"] for row in found.values()} == {1}


def test_audio_without_a_frame_is_not_counted(audio: Path, tmp_path: Path) -> None:
    folder = tmp_path / "aa"
    shutil.copytree(audio / "aa", folder)
    soundfile.write(tmp_path / "none.flac", np.zeros(20, np.float32), 16000)
    tables = {"wav.scp": tmp_path / "none.flac", "utt2num_samples": 20, "utt2lang": "aa"}
    for name, value in tables.items():
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_text("\n".join([*lines, f"zz {value}"]) + "\n")
    without = command(audio, tmp_path / "out", "--clusters", "2")
    without[without.index(str(audio / "aa"))] = str(folder)
    assert language_similarity.main(without) == 0
    found = json.loads((tmp_path / "out/languages.json").read_text())["languages"]
    assert found["aa"]["utterances"] == 3


def test_what_cannot_be_compared(
    audio: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert language_similarity.main(command(audio, tmp_path / "x", "--clusters", "3")) == 1
    assert "3 languages (aa, bb, cc) and 3 clusters" in capsys.readouterr().err
    other = command(audio, tmp_path / "x")
    other[1] = str(audio / "d2v")
    assert language_similarity.main(other) == 1
    assert "a model without a quantizer" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_languages_that_use_the_same_codes_are_together() -> None:
    rng = np.random.default_rng(0)
    families = {"it": 0, "es": 0, "fr": 0, "ru": 1, "tt": 2, "ky": 2}
    centers = rng.dirichlet(np.ones(40), 3)
    usages = {
        name: Usage(0.95 * centers[family] + 0.05 * rng.dirichlet(np.ones(40)), 100, 1)
        for name, family in families.items()
    }
    found = similarity(usages, clusters=3, seed=0)
    assert found.names == sorted(families)
    numbers = dict(zip(found.names, found.clusters.tolist(), strict=True))
    assert numbers["it"] == numbers["es"] == numbers["fr"]
    assert numbers["tt"] == numbers["ky"] and len(set(numbers.values())) == 3
    assert found.names[found.nearest(found.names.index("tt"))] == "ky"
    np.testing.assert_allclose(found.apart, found.apart.T)


def test_principal_components_keep_the_distances() -> None:
    plane = np.random.default_rng(1).normal(size=(6, 2)) * [3, 1]
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(9, 9)))[0][:2]
    points, explained = principal(plane @ turn + 5)
    assert explained.sum() == pytest.approx(1) and explained[0] > explained[1]
    for a in range(6):
        for b in range(6):
            distance = np.linalg.norm(plane[a] - plane[b])
            assert np.linalg.norm(points[a] - points[b]) == pytest.approx(distance)
    again, _ = principal(-(plane @ turn))
    np.testing.assert_allclose(again, -points, atol=1e-9)
