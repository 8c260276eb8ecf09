#!/usr/bin/env bash
# Two hours of prompts in five languages: what does cross-lingual pre-training give a language with
# five labeled minutes? --method trains one system; without it: multilingual, scratch and xlsr.
# Every option of asr.sh can be given, too; here --target is it, --labeled_minutes 5 by default.
#
# multilingual       CTC on the shared phones of all languages
# language           then a classifier of the languages on its encoder, for asrkit infer --lang auto
# scratch            CTC on the labeled minutes of the target
# xlsr               contrastive pre-training on all audio of all languages, then CTC as scratch
# best_rq            pre-training on the same audio to predict the codes of random projections, then CTC as scratch
# joint              goes on from xlsr with the phones of all languages, of the target's those of its labeled minutes
# augmented          as joint, with the labeled minutes at other speeds, in rooms and in noise
# self_trained       as augmented, then two rounds of labels for the rest of the target's audio by the model itself
# For a target whose labeled minutes are all the audio it has:
# xlsr_mono          pre-training on these minutes alone
# xlsr_english       pre-training on English alone
# xlsr_all           pre-training on all languages, these minutes sampled up (language_alpha 0.5)
# xlsr_all_unbalanced    as xlsr_all, but every second of audio equally likely (language_alpha 1)
# TranUSR, phones of the other languages (L), audio of the target without labels (U), labeled minutes (F):
# unispeech          contrastive and CTC with replacement on L, then CTC on F
# unispeech_plus     goes on with contrastive on U before F
# unidata2vec        regression to a teacher and CTC on L, then CTC on F
# unidata2vec_plus   goes on with regression on U before F
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"
. ./path.sh

readonly all="en es fr it ru"
langs=${all}  # languages
target=it  # the one with few labels
labeled_minutes=5  # of it
token_type=phn  # phn, char or bpe
method=""  # one of those above; default: multilingual, scratch and xlsr
tuning=""  # what of a pre-trained model CTC trains: lora, adapters or head (docs/config.md); default: all of it; not with augmented, self_trained
seed=0  # other than 0, it is part of the experiments' names
passes_to=(./asr.sh)
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/recipe.sh"

refuse_passed_on "would give several models one name; call ./asr.sh instead" \
    asr_tag asr_exp pretrain_tag pretrain_exp continue_tag continue_exp
if [[ ${method} =~ ^(multilingual|language)$ ]]; then
    for name in target labeled_minutes; do
        # shellcheck disable=SC2154  # of parse_options.sh
        [ "${!name}" = "${default_of[${name}]}" ] ||
            bad_option "--${name} has no use with --method ${method}, a model of all --langs; leave it out"
    done
fi
case "${tuning}:${method}" in
:* | lora:[bjux]* | adapters:[bjux]* | head:[bjux]*) ;;
*:augmented | *:self_trained) bad_option "--tuning has no use with --method ${method}, which has a configuration of its own; leave it out" ;;
*) bad_option "--tuning ${tuning}: it is lora, adapters or head, with a --method that pre-trains" ;;
esac
modes="greedy lexicon lexicon_lm"
few=${target}_${labeled_minutes}min
few_set=${target}_train_${labeled_minutes}min
# Units of the fine-tuned model: part of its name unless they are phones.
units=(--token_type "${token_type}")
tokens=
[ "${token_type}" = phn ] || tokens=_${token_type}
[ "${token_type}" != bpe ] || units+=(--bpe_size 200) # what five minutes of text give
suffix=
[ "${langs}" = "${all}" ] || suffix=_${langs// /_}
[ "${seed}" = 0 ] || suffix+=_seed${seed}
self_training_suffix

# few_labels METHOD OPTION...: fine-tune on the labeled minutes of the target.
few_labels() {
    ./asr.sh --langs "${langs}" --target "${target}" --labeled_minutes "${labeled_minutes}" \
        --finetune_config "conf/ctc_few${tuning:+_${tuning}}.yaml" --inference_modes "${modes}" --seed "${seed}" "${units[@]}" \
        --asr_tag "${few}_$1${tuning:+_${tuning}}${tokens}${suffix}${rounds_suffix}" "${@:2}" "${rest[@]}"
}

# pretrained METHOD TAG OPTION...: contrastive pre-training, then few_labels.
pretrained() {
    few_labels "$1" --pretrain_config conf/pretrain_xlsr.yaml --pretrain_tag "$2${suffix}" "${@:3}"
}

# phonetic METHOD OPTION...: pre-training with the phones of the other languages, then few_labels.
phonetic() {
    local base=${1%_plus} others=" ${langs} "
    others=${others/" ${target} "/" "}
    if [[ ${others} != *[a-z]* ]]; then
        bad_option "--method $1 learns the phones of languages other than ${target}: name some with --langs"
    fi
    few_labels "$1" --pretrain_langs "${others:1:-1}" --pretrain_labels true \
        --pretrain_config "conf/pretrain_${base}.yaml" --pretrain_tag "${base}_without_${target}${suffix}" "${@:2}"
}

# train_method METHOD
train_method() {
    local scarce=()
    read -r -a scarce <<<"${langs}"
    scarce=("${scarce[@]/%/_train}")
    scarce=("${scarce[@]/#${target}_train/${few_set}}")
    case "$1" in
    multilingual | language)
        local more=() own=${tokens}${suffix}
        [ "$1" = multilingual ] || more=(--language_config conf/language.yaml ${own:+--language_exp "exp/language${own}"})
        ./asr.sh --langs "${langs}" --inference_modes "${modes}" --seed "${seed}" "${units[@]}" \
            --finetune_config conf/ctc_multilingual.yaml --asr_tag "multilingual${tokens}${suffix}" "${more[@]}" "${rest[@]}"
        ;;
    scratch) few_labels scratch ;;
    xlsr) pretrained xlsr xlsr ;;
    best_rq) few_labels best_rq --pretrain_config conf/pretrain_best_rq.yaml --pretrain_tag "best_rq${suffix}" ;;
    xlsr_mono) pretrained "$1" "$1_${few}" --pretrain_sets "${few_set}" ;;
    xlsr_english) pretrained "$1" "$1" --pretrain_sets en_train ;;
    xlsr_all) pretrained "$1" "$1_${few}" --pretrain_sets "${scarce[*]}" ;;
    xlsr_all_unbalanced)
        pretrained "$1" "$1_${few}" --pretrain_sets "${scarce[*]}" --pretrain_args "--language_alpha 1"
        ;;
    joint | augmented | self_trained)
        local more=()
        [ "$1" = joint ] || more=(--finetune_config conf/ctc_few_augmented.yaml)
        [ "$1" != self_trained ] || more+=(--self_training 2 --self_training_update 450 --own_text_times 10)
        pretrained "$1" xlsr --continue_config conf/continue_joint.yaml --continue_labels true \
            --continue_sets "${scarce[*]}" --continue_tag "joint_${few}${suffix}" "${more[@]}"
        ;;
    unispeech | unidata2vec) phonetic "$1" ;;
    unispeech_plus | unidata2vec_plus)
        phonetic "$1" --continue_config "conf/continue_$1.yaml" --continue_tag "$1_${target}${suffix}"
        ;;
    *)
        bad_option "no --method '$1'; --help lists them"
        ;;
    esac
}

methods=${method:-multilingual scratch xlsr}
for name in ${methods}; do
    [[ ${name} =~ ^(multilingual|language|scratch)$ ]] || pretrains_itself "${name}"
done
for name in ${methods}; do
    train_method "${name}"
done
