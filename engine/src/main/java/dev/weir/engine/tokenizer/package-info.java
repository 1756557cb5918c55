/**
 * Prompts to token ids, as the model's text encoder was trained on them.
 *
 * <p>{@link dev.weir.engine.tokenizer.Tokenizers#open} takes the tokenizer's folder and class. BERT comes from its
 * {@code tokenizer.json}: {@code [CLS] … [SEP]}, as long as the prompt. CLIP comes from {@code vocab.json} and
 * {@code merges.txt}, or from a {@code tokenizer.json}: between start and end token, padded to 77. Both are run by the
 * Hugging Face tokenizers library, offline; both cut a prompt that is too long and keep its last token.
 *
 * <p>The ids are those of transformers' fast tokenizers, special tokens in the text included: a picture of the same
 * seed and prompt is the same picture only if they are. Its slow {@code CLIPTokenizer} gives the same where ftfy is not
 * needed; without ftfy it takes ideographs apart and drops joiners, which CLIP was not trained with.
 */
package dev.weir.engine.tokenizer;
