"""LoRA: its formula, merged weights, averages."""

from __future__ import annotations

import pytest
import torch
from test_contract import TOKENS, batch_of
from tuning.tuned_models import LORA, TUNE, make, options_of

from asrkit.build import build_objective
from asrkit.config import from_mapping, to_mapping
from asrkit.model_io import TrainedModel
from asrkit.train import checkpoint
from asrkit.train.average import average
from asrkit.train.parts import take_parts
from asrkit.tuning.lora import Lora, LoraLinear, folded


def content_of(objective, options, step=0):
    model = {name: value.clone() for name, value in objective.state_dict().items()}
    return {"model": model, "step": step, "config": to_mapping(options)}


def save(folder, objective, options, name="last.pt"):
    folder.mkdir(parents=True, exist_ok=True)
    TOKENS.write(folder / "tokens.txt")
    checkpoint.save(folder / name, content_of(objective, options))
    return folder / name


def test_formula():
    torch.manual_seed(0)
    linear = torch.nn.Linear(6, 4)
    made = LoraLinear(linear, Lora(linear, rank=2, scale=1.5, dropout=0.0))
    torch.nn.init.normal_(made.lora.up)
    x = torch.randn(3, 6)
    wanted = x @ (linear.weight + 1.5 * made.lora.up @ made.lora.down).T + linear.bias
    torch.testing.assert_close(made(x), wanted)
    assert made.state_dict().keys() == {"weight", "bias", "lora.down", "lora.up"}


def test_dropout_is_before_the_low_rank_and_in_training_alone():
    linear = torch.nn.Linear(6, 4)
    made = LoraLinear(linear, Lora(linear, rank=2, scale=1.0, dropout=0.5))
    torch.nn.init.normal_(made.lora.up)
    x = torch.ones(50, 6)
    assert len({tuple(row.tolist()) for row in made(x)}) > 10
    assert len({tuple(row.tolist()) for row in made.eval()(x)}) == 1


def test_merged_into_the_weights_it_computes_the_same(tmp_path):
    options = options_of(tune=TUNE)
    tuned = make(options)
    opened = TrainedModel.open(save(tmp_path / "m", tuned, options))
    plain = opened.objective()
    assert opened.options.tune == {"adapters": TUNE["adapters"]}
    assert not any(isinstance(module, Lora) for module in plain.modules())
    wanted, got = (model.log_probs(batch_of()).data for model in (tuned, plain))
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)
    untuned = make(options_of()).log_probs(batch_of()).data
    assert (got - untuned).abs().max() > 0.1


def test_average_is_the_mean_of_the_models(tmp_path):
    """The mean of products of two matrices, which the product of their means is not."""
    options, models, paths = options_of(tune={"lora": LORA}), [], []
    for number in range(3):
        model = make(options)
        with torch.no_grad():
            for name, value in model.named_parameters():
                if ".lora." in name or name.startswith("head"):
                    value.normal_(std=0.3, generator=torch.Generator().manual_seed(number))
        models.append(model)
        paths.append(save(tmp_path / "m", model, options, f"{number}.pt"))
    content = average(paths)
    assert content["config"]["tune"]["lora"] == options.tune["lora"] | {"rank": 9, "alpha": 21.0}
    merged = [folded(content_of(model, options), "here")["model"] for model in models]
    mean = {name: torch.stack([each[name] for each in merged]).mean(0) for name in merged[0]}
    found = folded(content, "here")["model"]
    assert found.keys() == mean.keys()
    for name, value in mean.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-6, msg=name)
    checkpoint.save(tmp_path / "m" / "average.pt", content)
    TrainedModel.open(tmp_path / "m" / "average.pt").objective()


def test_another_scale_is_no_average(tmp_path):
    paths = []
    for alpha in (7.0, 8.0):
        options = options_of(tune={"lora": LORA | {"alpha": alpha, "dropout": alpha / 100}})
        paths.append(save(tmp_path / str(alpha), make(options), options))
    with pytest.raises(checkpoint.CheckpointError, match=r"tune.lora = .*8\.0.*, not .*7\.0"):
        average(paths)


@pytest.mark.parametrize("lost", ["down", "weight", "shape", "rank"])
def test_factors_that_belong_to_nothing_are_refused(lost):
    options = options_of(tune={"lora": LORA})
    content = content_of(make(options), options)
    stem, model = "encoder.context.layers.0.fc1", content["model"]
    if lost == "weight":
        del model[f"{stem}.weight"]
    elif lost == "down":
        del model[f"{stem}.lora.down"]
    elif lost == "shape":
        model[f"{stem}.lora.down"] = torch.zeros(3, 7)
    else:
        model[f"{stem}.lora.up"] = torch.zeros(64, 2)
    with pytest.raises(ValueError, match=r"^here: .*fc1\.lora\.up"):
        folded(content, "here")


def take(tmp_path, theirs, mine):
    """A model of options ``mine`` that begins with the encoder of ``theirs``; both of them."""
    before = make(theirs)
    path = save(tmp_path / "theirs", before, theirs)
    after = make(mine, filled=False)
    taken = take_parts(after, str(path), ["encoder"], to_mapping(mine))
    after.head.load_state_dict(before.head.state_dict())
    return before, after, taken["encoder"]


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ({}, TUNE),
        (TUNE, TUNE),
        ({"lora": LORA}, {}),
        ({"lora": LORA}, {"lora": {"rank": 2}}),
        ({"lora": LORA}, {"lora": LORA | {"dropout": 0.1}}),
        (TUNE, {"adapters": TUNE["adapters"]}),
        ({"lora": LORA}, {"adapters": {"size": 2}}),
    ],
)
def test_init_takes_over_what_a_tuned_model_computes(tmp_path, theirs, mine):
    before, after, _ = take(tmp_path, options_of(tune=theirs), options_of(tune=mine))
    one, two = (model.log_probs(batch_of()).data for model in (before, after))
    torch.testing.assert_close(two, one, rtol=1e-4, atol=1e-5)


def test_init_counts_what_it_has_taken(tmp_path):
    plain = len(make(options_of()).encoder.state_dict())
    assert take(tmp_path / "a", options_of(), options_of(tune=TUNE))[2] == plain
    more = len(make(options_of(tune=TUNE)).encoder.state_dict())
    assert take(tmp_path / "b", options_of(tune=TUNE), options_of(tune=TUNE))[2] == more > plain


@pytest.mark.parametrize("mine", [{}, {"lora": LORA}, {"adapters": {"size": 2}}])
def test_adapters_cannot_be_left_out(tmp_path, mine):
    theirs = options_of(tune={"adapters": {"size": 5}})
    with pytest.raises(checkpoint.CheckpointError, match=r"tune\.adapters = .*5.*, not"):
        take(tmp_path, theirs, options_of(tune=mine))


def test_a_damaged_file_is_no_new_tuning(tmp_path):
    options = options_of(tune=TUNE)
    path = save(tmp_path / "m", make(options), options)
    content = checkpoint.load(path)
    del content["model"]["encoder.context.layers.1.adapter.up.bias"]
    checkpoint.save(path, content)
    with pytest.raises(checkpoint.CheckpointError, match=r"has no context.layers.1.adapter.up"):
        take_parts(make(options), str(path), ["encoder"], to_mapping(options))


def test_configurations_from_before_tunings_have_none():
    old = {name: value for name, value in to_mapping(options_of()).items() if name != "tune"}
    assert from_mapping(old, "old").tune == {}
    assert build_objective(from_mapping(old, "old"), TOKENS)
