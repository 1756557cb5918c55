/**
 * Prompts to token ids, as the model's text encoder was trained on them and as diffusers makes them: a picture of the same
 * seed and prompt is the same picture only if they are.
 *
 * <p>{@link dev.weir.engine.tokenizer.Tokenizers#open} takes the tokenizer's folder and its class, as {@code
 * model_index.json} names it. The class decides how text is cleaned:
 *
 * <ul>
 *   <li>{@code CLIPTokenizer}, from {@code vocab.json} and {@code merges.txt}, is transformers' slow class where ftfy is
 *       installed. Added tokens are found in the prompt as it is; the rest is cleaned by ftfy and lower-cased as Python does.
 *       Without ftfy transformers takes ideographs apart and drops joiners, which CLIP was not trained with: that is not copied.
 *   <li>{@code CLIPTokenizerFast}, from {@code tokenizer.json} or the same two files, normalizes to NFC and lower-cases.
 *   <li>BERT, from {@code tokenizer.json}, is always transformers' fast class. {@code [CLS] … [SEP]}, as long as the prompt.
 * </ul>
 *
 * <p>CLIP is padded to 77. Both cut a prompt that is too long, keep its last token, and tell what was cut. Where a folder has only
 * a {@code tokenizer.json}, the slow class is read as the fast one. Added tokens come from {@code added_tokens_decoder}, {@code
 * added_tokens.json} and {@code tokenizer.json}; the vectors of a textual inversion ({@code <cat>}, {@code <cat>_1} …) are
 * put in for its first.
 */
package dev.weir.engine.tokenizer;
