#!/usr/bin/env bash
# XLSR-53: one Large model, pre-trained on MLS (8 languages), Common Voice (36) and BABEL (17) together.
#
#   ./run.sh --mls DIR --commonvoice DIR --babel DIR --ngpu 8
#
# leaves exp/pretrain_xlsr_53, from which `run.sh --method xlsr_53` of egs/commonvoice, egs/babel and
# egs/mls fine-tune; --finetune calls them.
#
# --mls, --commonvoice, --babel   where the corpora are; default: $MLS, $COMMONVOICE, $BABEL
# --fewshot_lists DIR             of egs/commonvoice: their clips are not pre-trained on; default: $CV_FEWSHOT
# --sets "mls_it cv_it ..."       some of local/languages.tsv; default: all 61. For a model of one's own also
#                                 voxpopuli_<lang> (unlabelled; --voxpopuli DIR) and fleurs_<lang> (--fleurs DIR)
# --finetune "cv_it babel_as"     then stages 1-13 of these sets' own recipes, on what they label; results there
# --finetune_opts "--nj 8"        more options of theirs, with quotes where one has spaces
# --allow_missing true            go on without sets that are not on this machine, and list them
# --seed N                        other than 0, it is part of the experiment's name
# and the options below.
set -euo pipefail
from=${PWD}
cd "$(dirname -- "${BASH_SOURCE[0]}")"
. ./path.sh
. "${ASRKIT_ROOT}/utils/print_comment.sh"

sets="" finetune="" finetune_opts=""
allow_missing=false
dry_run=false
stage=1 stop_stage=14
skip_stages="1 5"
seed=0
expdir=exp
rest=()
fail() {
    echo "$0: $2" >&2
    exit "$1"
}

# absolute PATH: as seen from where run.sh was called; an address stays what it is.
absolute() {
    if [[ $1 == http*://* ]]; then printf '%s\n' "$1"; else (cd "${from}" && realpath -ms -- "$1"); fi
}

while [ $# -gt 0 ]; do
    [[ $# -ge 2 || $1 == --help || $1 == -h ]] || fail 2 "option $1 needs a value"
    case "$1" in
    --help | -h)
        print_comment run.sh
        exec ./asr.sh --help
        ;;
    --mls | --commonvoice | --babel | --voxpopuli | --fleurs)
        name=${1#--}
        export "${name^^}=$(absolute "$2")"
        ;;
    --fewshot_lists | --fewshot-lists)
        CV_FEWSHOT=$(absolute "$2")
        export CV_FEWSHOT
        ;;
    --sets) sets=$2 ;;
    --finetune) finetune=$2 ;;
    --finetune_opts | --finetune-opts) finetune_opts=$2 ;;
    --allow_missing | --allow-missing) allow_missing=$2 ;;
    --method) [ "$2" = xlsr_53 ] || fail 2 "this recipe has xlsr_53 alone; see egs/commonvoice and egs/babel for $2" ;;
    --skip_stages | --skip-stages) skip_stages+=" $2" ;;
    --stage) stage=$2 ;;
    --stop_stage | --stop-stage) stop_stage=$2 ;;
    --seed) seed=$2 ;;
    --dry_run | --dry-run) dry_run=$2 ;;
    --expdir) expdir=$2 ;;
    --langs | --target | --pretrain_langs | --pretrain-langs) fail 2 "$1: say which --sets to pre-train on; other recipes fine-tune" ;;
    *) rest+=("$1" "$2") ;;
    esac
    shift 2
done
[ -n "${finetune}" ] || [ -z "${finetune_opts}" ] || fail 2 "--finetune_opts has no use without --finetune; leave it out"
[[ ${allow_missing} == true || ${allow_missing} == false ]] || fail 2 "--allow_missing is true or false"
[[ ${stage}${stop_stage} =~ ^[0-9]+$ ]] || fail 2 "--stage and --stop_stage are whole numbers"
words=$(xargs -r printf '%s\n' <<<"${finetune_opts}" 2>/dev/null) || # as a shell reads quotes
    fail 2 "--finetune_opts: a quote in it is not closed: ${finetune_opts}"
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
    [ -n "${recipes[${name}]:-}" ] || fail 2 "--finetune: '${name}' is not a set of local/languages.tsv, such as cv_it"
done
for name in ${sets:=${known[*]}}; do
    [[ " ${known[*]} " == *" ${name} "* || ${name} =~ ^(voxpopuli|fleurs)_[a-z]+$ ]] || fail 2 "'${name}' is not a set of local/languages.tsv, such as mls_it"
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
    if ((stage <= 1)) && [[ " ${skip_stages#1 5} " != *" 1 "* ]]; then
        "${one[@]}" --pretrain_langs "${name}" || status=$?
    elif [ ! -e "data/${name}_train/.done" ]; then
        status=1
    fi
    if [ "${status}" -eq 0 ]; then there+=("${name}"); else missing+=("${name}"); fi
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "$0: ${#missing[@]} of $((${#there[@]} + ${#missing[@]})) sets could not be prepared (see above): ${missing[*]}" >&2
    [ "${allow_missing}" = true ] || fail 1 "give their corpora, or say --allow_missing true to leave them out"
    [ ${#there[@]} -gt 0 ] || fail 1 "no set is left"
fi
((stop_stage > 1)) || exit 0
suffix=
[ "${seed}" = 0 ] || suffix=_seed${seed}
# pretrain OPTION...: asr.sh on all sets that are there. Languages of several corpora are one language
# to the sampler: it looks at utt2lang.
pretrain() {
    ./asr.sh --langs "" --pretrain_langs "${there[*]}" --skip_stages "${skip_stages}" --pretrain_tag "xlsr_53${suffix}" \
        "${configuration[@]}" --use_ngram false --max_bad 0.01 \
        --dry_run "${dry_run}" --seed "${seed}" --expdir "${expdir}" "${rest[@]}" "$@" --skip_data_prep false --skip_train false
}

pretrain --stage "$((stage > 2 ? stage : 2))" --stop_stage "$((stop_stage < 6 ? stop_stage : 6))"
# The labelled data of the other recipes is not this one's: their stages 1-5 come first.
for name in ${finetune}; do
    ((stop_stage > 6 && stage < 14)) || break
    "../../${recipes[${name}]}/asr1/run.sh" --method xlsr_53 --target "${languages[${name}]}" \
        --pretrained "$(realpath -ms -- "${expdir}")/pretrain_xlsr_53${suffix}/last.pt" --seed "${seed}" --dry_run "${dry_run}" \
        --stage "$((stage > 7 ? stage : 1))" --stop_stage "$((stop_stage < 13 ? stop_stage : 13))" "${more[@]}"
done
((stop_stage < 14)) || pretrain --stage 14 --stop_stage 14
