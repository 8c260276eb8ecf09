#!/usr/bin/env bash
# What asr.sh does with models from and for elsewhere: part of stage 6, and stage 14.
# shellcheck disable=SC2154,SC2086  # the options are set by asr.sh; several options in one variable

# Stage 6 with --pretrained_source: a checkpoint of transformers or fairseq becomes pretrain_exp.
convert_pretrained() {
    step "${pretrain_exp}/.done" "${pretrained_source}" -- \
        python3 -m asrkit.bin.convert_checkpoint --source "${pretrained_source}" --out "${pretrain_exp}" "${convert_args[@]}"
}

# Stage 14 without a recognizer: the pre-trained model and its card in one file.
pack_pretrained() {
    run python3 -m asrkit.bin.pack --model "${pretrain_exp}" --out "${pretrain_exp}/$(basename -- "${pretrain_exp}").zip" \
        --allow_pretrained true "${pack_args[@]}"
}

# Stage 14: weights, tokens, n-grams, scores and a model card in one file.
pack_model() {
    local lang langs=() options=()
    for lang in "${test_langs[@]}"; do
        if [ "${dry_run}" = true ] || [ -d "$(ngram_folder "${lang}")" ]; then langs+=("${lang}"); fi
    done
    if [ "${use_ngram}" = true ] && [ "${#langs[@]}" -gt 0 ]; then
        options=(--ngram "${expdir}/ngram" --langs "${langs[*]}")
    fi
    [ "${token_type}" != bpe ] || options+=(--bpe_model "${bpe_model}")
    [ -z "${language_config}" ] || options+=(--classifier "${language_exp}")
    run python3 -m asrkit.bin.pack --model "${asr_exp}" --out "${asr_exp}/$(basename -- "${asr_exp}").zip" \
        "${options[@]}" "${pack_args[@]}"
}
