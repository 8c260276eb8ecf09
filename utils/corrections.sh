#!/usr/bin/env bash
# What corrections are worth, before anyone makes them: a model of few labeled minutes writes down the rest of its
# training audio; N minutes of it get the transcripts that they have, in place of a person's; a model of the few and these
# is fine-tuned and scored. For each seed, each N, and each way to choose: the least certain utterances, or random ones.
# Run from a recipe's folder, with its options of asr.sh; run again, it goes on where it stopped.
set -euo pipefail

target=it  # language
labeled_minutes=5  # of it, drawn at random
minutes="2 5"  # of corrections
ways="least_certain random"  # to choose them
seeds="0 1 2"  # of fine-tuning, and of what is drawn at random
pretrained=exp/pretrain_xlsr  # model that each fine-tuning starts from
finetune_config=conf/ctc_few.yaml  # of each fine-tuning
expdir=exp  # experiments
dumpdir=dump  # formatted audio and tokenized text
results=""  # table to write; default: <expdir>/RESULTS.md
token_type=phn  # phn or char
g2p=espeak  # with phn: what makes phones, also for the search: espeak or epitran
hyphens="split"  # split: well-known is two words, also for the search; keep: one
lm_text=data/lm_text  # folder of <lang>.txt or .txt.gz: other text, a sentence a line, for the search
inference_modes="greedy lexicon_lm"  # to score them in, of asr.sh
inference_nj=2  # processes for decoding
dry_run=false  # print the commands and do nothing

ASRKIT_ROOT=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd)
passes_to=(./asr.sh)
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"
. "${ASRKIT_ROOT}/utils/recipe.sh"
refuse_passed_on "would give several models one name" asr_tag asr_exp labeled_list seed
for seed in ${seeds}; do
    need_integer seeds "${seed}"
done
for number in ${labeled_minutes} ${minutes}; do
    [[ ${number} =~ ^[0-9]+(\.[0-9]+)?$ ]] || bad_option "--labeled_minutes and --minutes are numbers, not '${number}'"
done
for way in ${ways}; do
    [[ ${way} == least_certain || ${way} == random ]] || bad_option "--ways is of least_certain and random; not '${way}'"
done
[[ ${token_type} == phn || ${token_type} == char ]] || bad_option "--token_type is phn or char: the search has a lexicon"
[[ ${hyphens} == split || ${hyphens} == keep ]] || bad_option "--hyphens is split or keep, not '${hyphens}'"
[[ ${g2p} == espeak || ${g2p} == epitran ]] || bad_option "--g2p is espeak or epitran, not '${g2p}'"
[[ ${g2p}/${token_type} != epitran/char ]] || bad_option "--g2p goes with --token_type phn"
for name in target labeled_minutes minutes ways seeds; do
    [ -n "${!name}" ] || bad_option "--${name} is empty"
done
[ -x ./asr.sh ] || bad_option "no ./asr.sh here; start it in the folder of a recipe, such as egs/mini_asterisk/asr1"
# shellcheck source=/dev/null
. ./path.sh

raw=${dumpdir}/raw
few=${target}_train_${labeled_minutes}min
from=$(basename -- "${pretrained%/last.pt}" .pt)
tag=${labeled_minutes}min_from_${from#pretrain_}
units=(--type phn --hyphens "${hyphens}" --cache_dir data/phones)
[ "${g2p}" = espeak ] || units+=(--g2p "${g2p}")
ngram=${expdir}/ngram/${few}
lexicon=${ngram}/lexicon.txt
if [ "${token_type}" = char ]; then
    tag=char_${tag} # phones have no name, as in names of run.sh
    units=(--type char --hyphens "${hyphens}")
    lexicon=${ngram}/lexicon.char.txt
fi

# fine_tuned TAG SEED OPTION...: every stage of asr.sh for one model.
fine_tuned() {
    local command=(./asr.sh --langs "${target}" --target "${target}" --token_type "${token_type}" --g2p "${g2p}"
        --hyphens "${hyphens}" --lm_text "${lm_text}" --pretrained "${pretrained}"
        --finetune_config "${finetune_config}" --inference_modes "${inference_modes}" --inference_nj "${inference_nj}"
        --expdir "${expdir}" --dumpdir "${dumpdir}" --results "${results:-${expdir}/RESULTS.md}" --dry_run "${dry_run}"
        --asr_tag "${target}_$1_seed$2" --seed "$2" "${@:3}" "${rest[@]}")
    printf '+ %s\n' "$(quoted "${command[@]}")" >&2
    "${command[@]}"
}

# make_search: sets search to a lexicon and an n-gram of the labeled texts and of other text: none of what is written down.
make_search() {
    local texts=(--text "${raw}/${few}/text") plain=() name
    for name in "${lm_text}/${target}".{txt,txt.gz,web.txt.gz}; do
        [ ! -s "${name}" ] || plain+=("${name}")
    done
    [ ${#plain[@]} -eq 0 ] || texts+=(--plain "${plain[@]}")
    step "${ngram}/.done.$(basename -- "${lexicon}" .txt)" "${raw}/${few}/text" "${plain[@]}" -- \
        python3 -m asrkit.bin.make_lexicon "${texts[@]}" --lang "${target}" "${units[@]}" --out "${lexicon}"
    search=(--lexicon "${lexicon}")
    if [ "${dry_run}" = false ] && ! python3 -m asrkit.bin.train_ngram --check >/dev/null 2>&1; then
        log "no lmplz: words are searched for without an n-gram; make lmplz, in asrkit's folder, builds it"
        return
    fi
    step "${ngram}/.done.word" "${raw}/${few}/text" "${plain[@]}" -- \
        python3 -m asrkit.bin.train_ngram "${texts[@]}" --lang "${target}" --hyphens "${hyphens}" --order 4 --out "${ngram}/word.bin"
    search+=(--lm "${ngram}/word.bin")
}

# list_ids FILE FOLDER...: the utterances of data folders, one a line.
list_ids() {
    local folder
    mkdir -p -- "$(dirname -- "$1")"
    for folder in "${@:2}"; do
        cut -d ' ' -f 1 "${folder}/wav.scp"
    done >"$1"
}

# corrected SEED MINUTES WAY: a model of the few labels and of so many corrections of what ${drafts} holds.
corrected() {
    local list=${tag}_$3_$2min_seed$1 part=${drafts}_$3_$2min how=(--seed "$1")
    [ "$3" = random ] || how=(--lowest utt2confidence)
    step "${part}/.done" "${drafts}/.done" -- \
        python3 -m asrkit.bin.subset_data_dir --in_dir "${drafts}" --out_dir "${part}" --minutes "$2" "${how[@]}"
    step "data/lists/${target}/.done.${list}" "${raw}/${few}/wav.scp" "${part}/.done" -- \
        list_ids "data/lists/${target}/${list}" "${raw}/${few}" "${part}"
    fine_tuned "${tag}_$3_$2min" "$1" --labeled_list "${list}"
}

for seed in ${seeds}; do
    model=${expdir}/asr_${target}_${tag}_seed${seed}
    drafts=${raw}/${target}_train_by_$(basename -- "${model}")
    fine_tuned "${tag}" "${seed}" --labeled_minutes "${labeled_minutes}"
    make_search
    step "${drafts}/.done" "${model}/last.pt" "${raw}/${target}_train/wav.scp" "${raw}/${few}/wav.scp" "${search[@]:1:1}" "${search[@]:3:1}" -- \
        python3 -m asrkit.bin.label_data --model "${model}" --in_dir "${raw}/${target}_train" --out_dir "${drafts}" \
        --without "${raw}/${few}" "${search[@]}" --min_confidence 0 --nj "${inference_nj}"
    for number in ${minutes}; do
        for way in ${ways}; do
            corrected "${seed}" "${number}" "${way}"
        done
    done
done
log "all models done: ${results:-${expdir}/RESULTS.md}"
