"""What stages 1 to 13 can do beyond the corpora's recipes, on two languages with tiny models:
separate vocabularies, copies at other speeds, learning rates, tuned weights, stage 7."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import whole_recipe
from corpora.speech import clips
from make_audio import data_dir

from asrkit.kaldi.kaldi_text import read_keyed
from asrkit.tokens import TokenList
from asrkit.vocabulary import languages_in

PARTS = {"train": slice(0, 10), "valid": slice(10, 13), "test": slice(13, 16)}
TINY = [
    *("--token_type", "char", "--max_update", "2", "--valid_interval", "2", "--nj", "1"),
    *("--inference_nj", "1"),
]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe whose stage 1 finds its folders made."""
    folder = whole_recipe.bare_recipe(tmp_path_factory.mktemp("systems") / "asr1")
    (folder / "finetune.yaml").write_text(whole_recipe.FINETUNE)
    (folder / "pretrain.yaml").write_text(whole_recipe.PRETRAIN)
    taken = "init_take: [encoder, quantizer, target_projection, context_projection]\n"
    (folder / "continue.yaml").write_text(whole_recipe.PRETRAIN + taken)
    for lang in ("it", "es"):
        for part, which in PARTS.items():
            chosen = {f"{lang}-{n:02}": c for n, c in list(enumerate(clips(lang)))[which]}
            tables = {
                "text": {name: clip.text for name, clip in chosen.items()},
                "utt2lang": dict.fromkeys(chosen, lang),
                "utt2spk": dict.fromkeys(chosen, lang),
                "spk2utt": {lang: " ".join(sorted(chosen))},
            }
            audio = {name: str(clip.path) for name, clip in chosen.items()}
            data_dir(folder / f"data/{lang}_{part}", audio, **tables)
    return folder


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_one_model_of_two_languages_with_separate_vocabularies(recipe: Path) -> None:
    options = [
        *TINY, "--langs", "it es", "--vocabulary", "separate", "--asr_tag", "separate",
        "--finetune_config", "finetune.yaml", "--learning_rates", "1e-3 2e-3",
        "--speed_perturb_factors", "0.9 1.0", "--test_sets", "it_test", "--tune_lm", "true",
        "--inference_modes", "greedy lexicon", "--beam_args", "--beam_size 5",
        "--prior_weights", "0 0.5",
    ]  # fmt: skip
    whole_recipe.run(recipe, *options)
    ids = (recipe / "dump/raw/train_sp/wav.scp").read_text().split()[::2]
    assert len(ids) == 40
    assert sum(name.startswith("sp0.9-") for name in ids) == 20
    model = recipe / "exp/asr_separate"
    assert model.is_symlink()
    sweep = json.loads((recipe / "exp/asr_separate_sweep.json").read_text())
    assert {row["lr"] for row in sweep["runs"]} == {1e-3, 2e-3}
    assert model.resolve() == (recipe / sweep["chosen"]).resolve()
    tokens = TokenList.read(model / "tokens.txt")
    assert languages_in(tokens) == ["es", "it"]

    tuned = json.loads((model / "tune_lm/it/lexicon.json").read_text())
    decoding = json.loads((model / "decode_lexicon/it_test/decoding.json").read_text())
    assert decoding["word_score"] == tuned["word_score"]
    assert decoding["restrict_langs"] is True
    assert {trial["prior_weight"] for trial in tuned["trials"]} == {0, 0.5}
    assert decoding.get("prior_weight", 0) == tuned["prior_weight"]
    assert (model / "label_prior.json").is_file()
    score = json.loads((model / "decode_lexicon/it_test/score_wer/score.json").read_text())
    assert score["decoding"] == decoding
    table = (recipe / "exp/RESULTS.md").read_text()
    assert f"word_score {tuned['word_score']:g} of `exp/asr_separate/tune_lm/it" in table

    restricted = [*options, "--restrict_langs", "true"]
    restricted += ["--inference_modes", "greedy", "--beam_args", "", "--prior_weights", ""]
    whole_recipe.run(recipe, *restricted, "--stage", "12")
    own = (model / "decode_greedy_restricted/it_test/hyp.tokens").read_text()
    assert "(es)" not in own
    assert (model / "decode_greedy_restricted/it_test/score_cer/score.json").exists()

    again = whole_recipe.run(recipe, *options, "--stage", "2", "--stop_stage", "5")
    assert "+ python3" not in again.replace("+ python3 -m asrkit.bin.hours", "")


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_pre_training_continued_on_the_target(recipe: Path) -> None:
    options = [
        *TINY, "--langs", "it", "--target", "it", "--pretrain_langs", "es it",
        "--pretrain_config", "pretrain.yaml", "--pretrain_tag", "two", "--language_alpha", "1",
        "--continue_config", "continue.yaml", "--continue_tag", "plus", "--use_ngram", "false",
        "--finetune_config", "finetune.yaml", "--asr_tag", "plus", "--labeled_minutes", "0.2",
    ]  # fmt: skip
    whole_recipe.run(recipe, *options)
    config = (recipe / "exp/pretrain_two/config.yaml").read_text()
    assert "- dump/raw/es_train\n- dump/raw/it_train\n" in config
    assert "language_alpha: 1" in config
    plus = (recipe / "exp/continue_plus/train.log").read_text()
    for part in ("encoder", "quantizer", "target_projection", "context_projection"):
        assert f"{part}: " in plus and "tensors from exp/pretrain_two/last.pt" in plus
    tuned = (recipe / "exp/asr_plus/train.log").read_text()
    assert "tensors from exp/continue_plus/last.pt" in tuned
    assert (recipe / "exp/asr_plus/decode_greedy/it_test/score_cer/score.json").exists()


@pytest.mark.recipe
@pytest.mark.timeout(600)
def test_corrections_of_what_is_least_certain_and_of_random_utterances(recipe: Path) -> None:
    """One run for both: the same model's confidence, references in place of what it wrote down."""
    pretrain = [
        "--token_type", "char", "--langs", "it", "--pretrain_config", "pretrain.yaml",
        "--pretrain_tag", "few", "--max_update", "2", "--nj", "1", "--stop_stage", "6",
    ]  # fmt: skip
    whole_recipe.run(recipe, *pretrain)
    fast = whole_recipe.FINETUNE.replace("lr: 1e-3", "lr: 1e-2").replace(
        "interval: 3", "interval: 40"
    )
    (recipe / "fast.yaml").write_text(fast.replace("max_update: 3", "max_update: 40"))
    options = [
        "--pretrained", "exp/pretrain_few", "--finetune_config", "fast.yaml", "--seeds", "1",
        "--labeled_minutes", "0.1", "--minutes", "0.1", "--token_type", "char", "--nj", "1",
        "--inference_modes", "greedy", "--use_ngram", "false",
    ]  # fmt: skip
    script = str(whole_recipe.ROOT / "utils/corrections.sh")
    whole_recipe.run(recipe, *options, script=script)
    few = set(read_keyed(recipe / "dump/raw/it_train_0.1min/wav.scp"))
    drafts = recipe / "dump/raw/it_train_by_asr_it_char_0.1min_from_few_seed1"
    sure = {k: float(v) for k, v in read_keyed(drafts / "utt2confidence").items()}
    assert len(sure) >= 3 and not few & set(sure)
    texts = read_keyed(recipe / "data/it_train/text")
    for way in ("least_certain", "random"):
        chosen = set(read_keyed(Path(f"{drafts}_{way}_0.1min/wav.scp")))
        assert chosen < set(sure)
        if way == "least_certain":
            others = [sure[name] for name in set(sure) - chosen]
            assert max(sure[name] for name in chosen) <= min(others)
        name = f"char_0.1min_from_few_{way}_0.1min_seed1"
        trained = read_keyed(recipe / f"dump/raw/it_train_{name}/text")
        assert trained == {key: texts[key] for key in few | chosen}
        config = (recipe / f"exp/asr_it_{name}/config.yaml").read_text()
        assert f"train_data:\n- dump/raw/it_train_{name}\n" in config and "\nseed: 1\n" in config
        assert f"|asr_it_{name}|decode_greedy|" in (recipe / "exp/RESULTS.md").read_text()
    again = whole_recipe.run(recipe, *options, script=script)
    done = (
        "asrkit.bin.hours",
        "asrkit.bin.results",
        "asrkit.bin.asr_train --output_dir exp/asr_it",
    )
    assert not [
        row
        for row in again.splitlines()
        if row.startswith("+ python3") and not any(map(row.count, done))
    ]
