#!/usr/bin/env bash
# Options of every run.sh whose systems are those of utils/xlsr_methods.sh.
# shellcheck disable=SC2034  # xlsr_methods.sh reads them

# -- One system, or the same for several languages
method=xlsr_10  # which
target=""  # one language, or several in turn; default: each of the recipe's languages in turn
finetune_on=target  # target: a model for each target (#ft = 1); all: one of all languages, or of --langs (#ft = N)
langs=""  # with --finetune_on all: the languages; default: the recipe's
vocabulary=""  # with --finetune_on all: shared or separate; default: shared
pretrain_langs=""  # of the methods xlsr_10*: other languages to pre-train on; part of the models' names
config_variant=""  # V takes conf/*_V.yaml: paper_literal, or 2020 for xlsr_10_large
seed=0  # other than 0, it is part of the experiments' names

option_files+=("${BASH_SOURCE[0]}")
