#!/usr/bin/env bash
# XLSR-53: one Large model, pre-trained on MLS (8 languages), Common Voice (36) and BABEL (17) together.
#
#   ./run.sh --mls DIR --commonvoice DIR --babel DIR --ngpu 8
#
# leaves exp/pretrain_xlsr_53, from which `run.sh --method xlsr_53` of egs/commonvoice, egs/babel and
# egs/mls fine-tune; --finetune calls them.
# shellcheck disable=SC2034  # options are read by their names, too
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"
. ./path.sh

# -- Where the corpora are
mls=""  # default: $MLS
commonvoice=""  # default: $COMMONVOICE
babel=""  # default: $BABEL
voxpopuli=""  # default: $VOXPOPULI
fleurs=""  # default: $FLEURS
fewshot_lists=""  # of egs/commonvoice: their clips are not pre-trained on; default: $CV_FEWSHOT

# -- What is trained
sets=""  # some of local/languages.tsv, for example "mls_it cv_it"; default: all 61. For a model of one's own also voxpopuli_<lang> (unlabeled) and fleurs_<lang>
allow_missing=false  # true: go on without sets that are not on this machine, and list them
finetune=""  # then stages 1-13 of these sets' own recipes, for example "cv_it babel_as", on what they label; results there
finetune_opts=""  # more options of theirs, for example "--nj 8", with quotes where one has spaces
method=xlsr_53  # the only one here
seed=0  # other than 0, it is part of the experiment's name
expdir=exp  # experiments

# -- Which stages
stage=1  # first stage
stop_stage=14  # last stage
skip_stages=""  # stages to leave out beside 1 and 5
dry_run=false  # print the commands and do nothing
passes_to=(./asr.sh)
. "${ASRKIT_ROOT}/utils/parse_options.sh"
. "${ASRKIT_ROOT}/utils/recipe.sh"

# fail STATUS MESSAGE
fail() {
    echo "$0: $2" >&2
    exit "$1"
}

for name in mls commonvoice babel voxpopuli fleurs; do
    [ -z "${!name}" ] || export "${name^^}=$(absolute "${!name}")"
done
[ -z "${fewshot_lists}" ] || CV_FEWSHOT=$(absolute "${fewshot_lists}")
[ -z "${fewshot_lists}" ] || export CV_FEWSHOT
[ "${method}" = xlsr_53 ] || bad_option "this recipe has xlsr_53 alone; see egs/commonvoice and egs/babel for ${method}"
refuse_passed_on "has no use here: say which --sets to pre-train on; other recipes fine-tune" langs target pretrain_langs
[ -n "${finetune}" ] || [ -z "${finetune_opts}" ] || bad_option "--finetune_opts has no use without --finetune; leave it out"
[[ ${stage}${stop_stage} =~ ^[0-9]+$ ]] || bad_option "--stage and --stop_stage are whole numbers"
words=$(xargs -r printf '%s\n' <<<"${finetune_opts}" 2>/dev/null) || # as a shell reads quotes
    bad_option "--finetune_opts: a quote in it is not closed: ${finetune_opts}"
more=()
[ -z "${words}" ] || mapfile -t more <<<"${words}"
known=()
declare -A recipes=() languages=()
while IFS=$'\t' read -r name corpus lang _; do
    [ "${name}" != set ] || continue
    known+=("${name}")
    recipes[${name}]=${corpus} languages[${name}]=${lang}
done <local/languages.tsv
for name in ${finetune}; do
    [ -n "${recipes[${name}]:-}" ] || bad_option "--finetune: '${name}' is not a set of local/languages.tsv, such as cv_it"
done
for name in ${sets:=${known[*]}}; do
    [[ " ${known[*]} " == *" ${name} "* || ${name} =~ ^(voxpopuli|fleurs)_[a-z]+$ ]] || bad_option "'${name}' is not a set of local/languages.tsv, such as mls_it"
done

# Options that asr.sh refuses end the run here, before the first set.
configuration=(--pretrain_config ../../TEMPLATE/asr1/conf/pretrain_xlsr_53.yaml)
said=$(./asr.sh --langs "" --pretrain_langs "${sets}" "${configuration[@]}" "${rest[@]}" --dry_run "${dry_run}" --seed "${seed}" \
    --stage 2 --stop_stage 1 2>&1) || fail "$?" "${said}"

# Stage 1 set by set, as those that fail may be left out.
there=() missing=()
one=(./asr.sh --langs "" "${configuration[@]}" "${rest[@]}" --dry_run "${dry_run}" --stage 1 --stop_stage 1)
if [ "${dry_run}" = true ]; then
    ((stage > 1)) || "${one[@]}" --pretrain_langs "${sets}"
    read -r -a there <<<"${sets}"
    sets=
fi
for name in ${sets}; do
    status=0
    if ((stage <= 1)) && [[ " ${skip_stages} " != *" 1 "* ]]; then
        "${one[@]}" --pretrain_langs "${name}" || status=$?
    elif [ ! -e "data/${name}_train/.done" ]; then
        status=1
    fi
    if [ "${status}" -eq 0 ]; then there+=("${name}"); else missing+=("${name}"); fi
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "$0: ${#missing[@]} of $((${#there[@]} + ${#missing[@]})) sets could not be prepared (see above): ${missing[*]}" >&2
    [ "${allow_missing}" = true ] || fail 1 "name their corpora, or give --allow_missing true to leave them out"
    [ ${#there[@]} -gt 0 ] || fail 1 "no set is left"
fi
((stop_stage > 1)) || exit 0
suffix=
[ "${seed}" = 0 ] || suffix=_seed${seed}
# pretrain OPTION...: asr.sh on all sets that are there. Languages of several corpora are one language
# to the sampler: it looks at utt2lang.
pretrain() {
    ./asr.sh --langs "" --pretrain_langs "${there[*]}" --skip_stages "1 5 ${skip_stages}" --pretrain_tag "xlsr_53${suffix}" \
        "${configuration[@]}" --use_ngram false --max_bad 0.01 \
        --dry_run "${dry_run}" --seed "${seed}" --expdir "${expdir}" "${rest[@]}" "$@" --skip_data_prep false --skip_train false
}

pretrain --stage "$((stage > 2 ? stage : 2))" --stop_stage "$((stop_stage < 6 ? stop_stage : 6))"
# The labeled data of the other recipes is not this one's: their stages 1-5 come first.
for name in ${finetune}; do
    ((stop_stage > 6 && stage < 14)) || break
    "../../${recipes[${name}]}/asr1/run.sh" --method xlsr_53 --target "${languages[${name}]}" \
        --pretrained "$(realpath -ms -- "${expdir}")/pretrain_xlsr_53${suffix}/last.pt" --seed "${seed}" --dry_run "${dry_run}" \
        --stage "$((stage > 7 ? stage : 1))" --stop_stage "$((stop_stage < 13 ? stop_stage : 13))" "${more[@]}"
done
((stop_stage < 14)) || pretrain --stage 14 --stop_stage 14
