#!/usr/bin/env bash
# Options of asr.sh that are options of asr_train.py by the same name; asr.sh gives them to stages 6, 7 and 8.
# All are whole numbers, but that accum_grad may be auto, too.
# options.py has them as well: --help and wrong options are answered here without Python, before there is an environment. Names
# that asr_train.py does not have fail test/shell/parse_options.bats.
# shellcheck disable=SC2034  # asr_names.sh reads them by their names

# -- Training, in place of the configurations' values
max_update=""  # updates
batch_bins=""  # samples of audio in a micro-batch
accum_grad=""  # micro-batches an update; auto: as much audio an update as the configuration's reference run
num_workers=""  # processes that read audio ahead
log_interval=""  # updates between two log lines
valid_interval=""  # updates between two validations
save_interval=""  # updates between two saves of last.pt
seed=""  # of weights, order and masks

option_files+=("${BASH_SOURCE[0]}")
