"""TranUSR's runs as a user starts them: L with labels and U without, then "+", then decoding."""

import json

import pytest
import torch
from tones import TINY_ENCODER, write_dump, write_tokens

from asrkit.bin import asr_train
from asrkit.data.dataset import SpeechDataset
from asrkit.data.index import DataIndex
from asrkit.data.sampler import BatchSpec
from asrkit.infer import Speech2Text
from asrkit.tokens import TokenList
from asrkit.train import checkpoint

ONE_LAYER = "{top_k: 1, ema_start: 0.9, ema_end: 0.9}"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tones")
    write_dump(folder / "L", 8)
    (write_dump(folder / "U", 6, seed=1, lang="yy") / "text.phn").unlink()
    write_tokens(folder / "tokens.txt")
    return folder


def args(corpus, out, *more):
    return [
        "--encoder", "logmel", "--encoder_conf", TINY_ENCODER, "--optimizer_conf", "{lr: 0.01}",
        "--output_dir", str(out), "--batch_bins", "200000", "--num_workers", "0",
        "--max_update", "2", "--log_interval", "1", *more,
    ]  # fmt: skip


def labeled(corpus):
    return [
        "--train_data", str(corpus / "L"), "--valid_data", str(corpus / "L"),
        "--token_list", str(corpus / "tokens.txt"), "--token_file", "text.phn",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def unidata2vec(corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("exp") / "unidata2vec"
    argv = args(
        corpus, out, "--objective", "phonetic", "--base", "regression", "--base_conf", ONE_LAYER,
        "--unlabeled_data", str(corpus / "U"), "--best_metric", "token_error_rate",
        *labeled(corpus),
    )  # fmt: skip
    assert asr_train.main(argv) == 0
    return out


def test_labeled_and_unlabeled_folders_train_jointly(unidata2vec):
    rows = [json.loads(line) for line in (unidata2vec / "train.jsonl").read_text().splitlines()]
    train = [row for row in rows if row["split"] == "train"]
    assert 0 < sum(row["labeled"] for row in train) / len(train) < 1
    assert {"sum_ctc", "sum_self", "loss_ctc", "target_std", "ema_decay"} <= train[0].keys()
    assert rows[-1]["split"] == "valid" and "token_error_rate" in rows[-1]


def test_a_phonetic_model_writes_phones(unidata2vec):
    model = Speech2Text(unidata2vec)
    (scores,) = model.log_probs([torch.randn(16_000)])
    assert scores.shape == (47, len(model.tokens))
    torch.testing.assert_close(scores.exp().sum(1), torch.ones(47))


def test_plus_and_fine_tuning_take_their_parts(corpus, unidata2vec, tmp_path):
    argv = args(
        corpus, tmp_path / "plus", "--objective", "regression", "--objective_conf", ONE_LAYER,
        "--train_data", str(corpus / "U"), "--crop", "true", "--init", str(unidata2vec / "last.pt"),
        "--init_take", "encoder", "prediction", "--max_update", "1",
    )  # fmt: skip
    assert asr_train.main(argv) == 0
    assert "encoder: " in (tmp_path / "plus" / "train.log").read_text()
    for number, source in enumerate((unidata2vec, tmp_path / "plus")):
        out = tmp_path / f"fine{number}"
        argv = args(
            corpus, out, "--objective", "ctc", "--init", str(source / "last.pt"),
            "--optimizer_conf", "{lr: 0.0, weight_decay: 0.0}", "--max_update", "1",
            *labeled(corpus),
        )  # fmt: skip
        assert asr_train.main(argv) == 0
        mine = checkpoint.load(out / "last.pt")["model"]
        theirs = checkpoint.load(source / "last.pt")["model"]
        prefix = "base.encoder." if number == 0 else "encoder."
        for name, value in theirs.items():
            if name.startswith(prefix):
                assert torch.equal(mine[name.removeprefix("base.")], value), name


def test_another_network_is_refused(corpus, unidata2vec, tmp_path, capsys):
    argv = args(
        corpus, tmp_path / "x", "--objective", "regression", "--objective_conf", ONE_LAYER,
        "--train_data", str(corpus / "U"), "--init", str(unidata2vec / "last.pt"),
    )  # fmt: skip
    argv[argv.index("--encoder_conf") + 1] = TINY_ENCODER.replace("heads: 2", "heads: 4")
    assert asr_train.main(argv) == 1
    assert "encoder_conf.heads = 2" in capsys.readouterr().err


def test_unlabeled_folders_need_an_objective_that_knows_them(corpus, tmp_path, capsys):
    argv = args(
        corpus, tmp_path / "x", "--objective", "ctc", "--unlabeled_data", str(corpus / "U"),
        *labeled(corpus),
    )  # fmt: skip
    assert asr_train.main(argv) == 1
    assert "add the folders to train_data" in capsys.readouterr().err


def test_an_empty_line_is_an_unlabeled_utterance(corpus, tmp_path):
    folder = write_dump(tmp_path / "L", 2)
    lines = (folder / "text.phn").read_text().splitlines()
    (folder / "text.phn").write_text(f"{lines[0].split()[0]}\n{lines[1]}\n")
    index = DataIndex.open([folder, corpus / "U"], "text.phn", unlabeled=[corpus / "U"])
    tokens = TokenList.read(corpus / "tokens.txt")
    dataset = SpeechDataset(index, tokens, label_field="phones")
    batch = dataset[BatchSpec(0, torch.tensor([0, 1, 2]).numpy(), torch.zeros(3).int().numpy())]
    assert batch.text is None
    assert batch.phones.lengths.tolist() == [0, len(lines[1].split()) - 1, 0]


def test_a_folder_is_labeled_or_not(corpus, tmp_path, capsys):
    """In both lists its labels were silently left out."""
    both = ["--unlabeled_data", f"{corpus}/L/", *labeled(corpus)]
    argv = args(corpus, tmp_path / "x", "--objective", "phonetic", "--base", "regression")
    assert asr_train.main([*argv, "--base_conf", ONE_LAYER, *both]) == 1
    assert "its labels would be lost" in capsys.readouterr().err


def test_a_head_of_other_symbols_is_not_taken_over(corpus, unidata2vec, tmp_path, capsys):
    """As many symbols in another order: the shapes agree."""
    symbols = TokenList.read(corpus / "tokens.txt").symbols
    TokenList([*symbols[:2], *reversed(symbols[2:])]).write(tmp_path / "tokens.txt")
    common = ["--init", str(unidata2vec / "last.pt"), *labeled(corpus)]
    common += ["--token_list", str(tmp_path / "tokens.txt"), "--max_update", "1"]
    take = ["--init_take", "encoder", "head"]
    assert asr_train.main(args(corpus, tmp_path / "x", *common, *take)) == 1
    assert "tokens.txt: the weights of this run stand for other symbols" in capsys.readouterr().err
    assert asr_train.main(args(corpus, tmp_path / "x", *common)) == 0
