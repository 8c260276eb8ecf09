"""Every option of a training run with its default and one line of help.

Blocks (objective, encoder, ...) name a class of choices.py; their ``*_conf`` mappings hold that
class's keyword-only parameters. All the rest belongs to the loop and the data.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from asrkit.ranges import Count, Natural, NotNegative, Positive


def option(default: Any, help: str) -> Any:
    if isinstance(default, dict | list):
        return dataclasses.field(
            default_factory=lambda: type(default)(default), metadata={"help": help}
        )
    return dataclasses.field(default=default, metadata={"help": help})


Mapping = dict[str, Any]
AUTO: Literal["auto"] = "auto"  # chosen for the device, when a run begins


@dataclasses.dataclass(kw_only=True)
class Options:
    # blocks: a name, and the keyword-only options of the class it stands for
    objective: str = option("ctc", "method: the model's loss; asrkit/choices.py has all names")
    objective_conf: Mapping = option({}, "options of the objective")
    base: str | None = option(None, "objective that this objective builds on")
    base_conf: Mapping = option({}, "options of the base objective")
    encoder: str = option("wav2vec2", "network from speech to frames")
    encoder_conf: Mapping = option({}, "options of the encoder")
    quantizer: str | None = option(None, "discrete targets of a contrastive objective")
    quantizer_conf: Mapping = option({}, "options of the quantizer")
    augment: str | None = option(None, "change of the training audio: waveform; null: none")
    augment_conf: Mapping = option({}, "options of the change")
    optimizer: str = option("adamw", "adamw, adam or muon")
    optimizer_conf: Mapping = option({}, "options of the optimizer; lr is the peak rate")
    schedule: str = option("polynomial", "learning rate over the updates")
    schedule_conf: Mapping = option({}, "options of the schedule")

    # what learns
    tune: Mapping = option(
        {}, "small parts added to the encoder, which then learn in its place: {lora: {rank: 8}}"
    )
    trainable: list[str] = option(
        [], "regular expressions in names of parameters: of the model's own, only these learn"
    )

    # the run
    output_dir: str | None = option(None, "folder of this experiment: exp/<name>")
    ngpu: Natural = option(0, "GPUs on this machine; 0 trains on the CPU")
    parallel: str = option("ddp", "several GPUs: ddp, or fsdp for a model that does not fit in one")
    seed: int = option(0, "seed of every random choice")
    resume: bool = option(False, "go on from output_dir/last.pt if it is there")
    init: str | None = option(None, "checkpoint to take weights from, strictly")
    init_take: list[str] = option(["encoder"], "which parts of it: names of modules")
    save_base: bool = option(
        True, "false: checkpoints hold what is tuned alone, and need the model of init to be used"
    )
    precision: str = option("auto", "fp32, bf16 or fp16 (CUDA); auto is bf16 on CUDA, fp32 on CPU")
    compile: bool | Literal["auto"] = option(
        AUTO, "torch.compile the transformer layers; auto: on a GPU, in long runs"
    )
    checkpoint_activations: bool = option(
        False, "compute the transformer layers again in backward: less memory, a third slower"
    )
    num_workers: Natural = option(1, "processes that read audio ahead of the training")

    # data
    train_data: list[str] = option([], "dump folders (Kaldi format) to train on")
    unlabeled_data: list[str] = option([], "more folders, of audio alone, for joint objectives")
    valid_data: list[str] = option([], "dump folders to validate on")
    token_list: str | None = option(None, "symbols of the text stream, one a line")
    phone_list: str | None = option(
        None, "phones, one a line: the folders hold text.phn or posteriors, read in place of speech"
    )
    phone_noise: str | None = option(
        None, "confusions.json of a scored recognizer: train_data's phones get its errors"
    )
    token_file: str | None = option(None, "file of tokenized text in every dump folder: text.phn")
    batch_by: str = option(
        "length", "micro-batches of one length, or first of one speaker: speaker"
    )
    crop: bool = option(False, "cut every clip to the shortest of its batch (no labels)")
    batch_bins: Count | Literal["auto"] = option(
        1_400_000,
        "samples of 16 kHz audio in a micro-batch, with padding; auto: what the GPU holds, with "
        "accum_grad 0",
    )
    batch_shapes: Natural | Literal["auto"] = option(
        AUTO, "shapes of micro-batches at most; 0: any; auto: 32 on a GPU, else any"
    )
    max_batch_size: Count = option(1000, "utterances in a micro-batch at most")
    min_sample_size: Natural = option(0, "shorter utterances are left out of training")
    max_sample_size: Count = option(320_000, "longer ones are cropped (crop) or left out")
    language_alpha: NotNegative | None = option(
        None, "sample languages by hours^alpha (XLSR: 0.5); null takes the data as they are"
    )
    reference_batch_seconds: Positive | None = option(
        None, "audio an update had in the published run; a deviation above 2x is warned of"
    )

    # the loop
    max_update: Natural = option(1000, "updates of the whole run; 0: as many as passes says")
    passes: Positive | None = option(
        None,
        "with max_update 0: how often one hour of training data is seen; n hours are seen "
        "passes / sqrt(n) times",
    )
    accum_grad: Natural = option(
        1, "micro-batches an update and rank; 0: as many as reference_batch_seconds takes"
    )
    grad_clip: NotNegative = option(0.0, "largest norm of the gradient; 0 does not clip")
    log_interval: Count = option(50, "updates between two log lines")
    valid_interval: Count = option(500, "updates between two validations")
    save_interval: Count = option(500, "updates between two saves of last.pt")
    profile: Natural = option(
        0, "updates to profile after the first ten: output_dir/profile holds trace and table"
    )
    best_metric: str = option(
        "loss", "statistic of the validation that chooses best.pt; lower wins"
    )
    patience: Natural = option(
        0,
        "validations in a row without a better best_metric, once the learning rate falls, that "
        "end the run; 0: none do",
    )
    keep_nbest_models: Count = option(3, "how many best models are kept and averaged at the end")
    max_skipped: Natural = option(
        25, "updates in a row with non-finite gradient before the run stops"
    )
    yes: bool = option(False, "train even what would take longer than two months")
    stop_on_collapse: bool = option(True, "stop, and say why, when a monitor reports a collapse")


BLOCKS = ("objective", "base", "encoder", "quantizer", "augment", "optimizer", "schedule")
# What may differ when a run goes on: none of it changes what the model is or learns from.
RESUMABLE = frozenset(
    "output_dir ngpu parallel resume init init_take num_workers max_update patience log_interval "
    "valid_interval save_interval keep_nbest_models max_skipped stop_on_collapse compile "
    "checkpoint_activations accum_grad reference_batch_seconds profile yes".split()
)
