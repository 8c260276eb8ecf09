#!/usr/bin/env bash
# Prepare one set of XLSR-53, such as mls_it, cv_ky or babel_ka (local/languages.tsv), or one of
# VoxPopuli or FLEURS (voxpopuli_pt, fleurs_ky), by stage 1 of the corpus' own recipe.
#
# Leaves data/<set>_{train,valid,test}, where train is all audio to pre-train on, labeled or not. The
# recipe works in data/recipes/<set>, so that its own data folders stay as they are. Files of the user
# are only read.
set -euo pipefail

lang=mls_it  # set to prepare: <corpus>_<language> of local/languages.tsv
mls=${MLS:-}  # Multilingual LibriSpeech, as egs/mls/asr1/local/data.sh takes it
commonvoice=${COMMONVOICE:-}  # Common Voice, as egs/commonvoice/asr1/local/data.sh takes it
fewshot_lists=${CV_FEWSHOT:-}  # the few-shot lists of egs/commonvoice: their clips are left out of train
babel=${BABEL:-}  # BABEL, as egs/babel/asr1/local/data.sh takes it
voxpopuli=${VOXPOPULI:-}  # VoxPopuli, for sets voxpopuli_<lang>: its unlabeled speech
fleurs=${FLEURS:-}  # FLEURS, for sets fleurs_<lang>
mls_opts=""  # more options of that data.sh, as name=value:name=value, for example codec=opus
commonvoice_opts=""  # likewise, for example tables=validated,other
babel_opts=""  # likewise
voxpopuli_opts=""  # likewise
fleurs_opts=""  # likewise
valid_utterances=200  # of each set, at most; 0: all
dry_run=false  # true: print the commands only

[ -e ./path.sh ] || { echo "error: no ./path.sh here; start it in the recipe's folder, as local/data.sh" >&2 && exit 2; }
# shellcheck source=egs/TEMPLATE/asr1/path.sh
. ./path.sh
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/stages.sh"

row=()
while IFS=$'\t' read -r -a fields; do
    [ "${fields[0]}" != "${lang}" ] || row=("${fields[@]}")
done <local/languages.tsv
if [[ ${lang} =~ ^(voxpopuli|fleurs)_([a-z]+)$ ]]; then # not of XLSR-53, for models of one's own
    row=("${lang}" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" -)
fi
if [ ${#row[@]} -eq 0 ]; then
    log "error: '${lang}' is not a set of local/languages.tsv, such as mls_it, nor voxpopuli_it, fleurs_it"
    exit 2
fi
corpus=${row[1]} their_lang=${row[2]}
theirs=(--lang "${their_lang}")
case "${corpus}" in
mls)
    folder=${mls} more=${mls_opts} used=(MLS "${mls}")
    theirs+=(--lm_text false --downloads "${PWD}/downloads")
    ;;
commonvoice)
    folder=${commonvoice} more=${commonvoice_opts} used=(COMMONVOICE "${commonvoice}" CV_FEWSHOT "${fewshot_lists}")
    theirs+=(--parts "labeled,pretrain" --splits official --max_hours 0 --downloads "${PWD}/downloads")
    if [ -n "${fewshot_lists}" ]; then
        theirs+=(--fewshot_lists "$(realpath -s -- "${fewshot_lists}")")
    elif [[ " es fr it ky nl ru sv tr tt zh " == *" ${their_lang} "* ]]; then
        log "warning: no --fewshot_lists: the model will have seen clips that egs/commonvoice tests on"
    fi
    ;;
babel) folder=${babel} more=${babel_opts} used=(BABEL "${babel}" BABEL_PACKS "${BABEL_PACKS:-}") ;;
voxpopuli)
    folder=${voxpopuli} more=${voxpopuli_opts} used=(VOXPOPULI "${voxpopuli}")
    theirs+=(--part unlabelled --downloads "${PWD}/downloads")
    ;;
fleurs)
    folder=${fleurs} more=${fleurs_opts} used=(FLEURS "${fleurs}")
    theirs+=(--downloads "${PWD}/downloads")
    ;;
esac
if [ -z "${folder}" ]; then
    log "error: ${lang} needs ${corpus}: give run.sh --${corpus} FOLDER, or set ${corpus^^}"
    exit 2
fi
[[ ${folder} == http*://* ]] || folder=$(realpath -s -- "${folder}")
if [ "${corpus}" = commonvoice ]; then theirs+=(--corpus "${folder}"); else theirs+=("--${corpus}" "${folder}"); fi
[ "${row[3]}" = - ] || theirs+=("${row[3]%%,*}" "${row[3]#*,}")
IFS=: read -r -a options <<<"${more}"
for option in "${options[@]}"; do
    theirs+=("--${option%%=*}" "${option#*=}")
done

# A folder that looks like the recipe's own, so that its data.sh runs as it does there.
work=data/recipes/${lang}
run mkdir -p "${work}"
for name in local path.sh; do
    run ln -sfn "$(realpath -- "../../${corpus}/asr1")/${name}" "${work}/${name}"
done
run env -C "${work}" local/data.sh "${theirs[@]}"
run python3 local/xlsr53_adopt.py --recipe "${work}" --lang "${their_lang}" --set "${lang}" \
    --valid_utterances "${valid_utterances}"
run python3 -m asrkit.bin.validate_data_dir "data/${lang}_train" "data/${lang}_valid" "data/${lang}_test" \
    --allow_empty_text true --check_audio false
variables_used "data/${lang}_train" "${used[@]}"
