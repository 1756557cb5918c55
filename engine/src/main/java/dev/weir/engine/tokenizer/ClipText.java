package dev.weir.engine.tokenizer;

import java.text.Normalizer;
import java.util.Locale;

/**
 * What CLIP's tokenizer of transformers does to a prompt before it looks for words: control characters go, every white
 * space is one space, each CJK ideograph stands alone, composed (NFC) and in lower case.
 *
 * <p>The checkpoints of the Stable Diffusion family name that tokenizer ({@code CLIPTokenizer}, without ftfy), not the
 * Rust one, which keeps joiners and runs of ideographs together. Stateless; any thread.
 */
final class ClipText {

    private ClipText() {}

    static String clean(String prompt) {
        StringBuilder spaced = new StringBuilder(prompt.length() + 16);
        prompt.codePoints().forEach(c -> {
            if (isSpace(c)) {
                spaced.append(' ');
            } else if (isCjk(c)) {
                spaced.append(' ').appendCodePoint(c).append(' ');
            } else if (!isControl(c)) {
                spaced.appendCodePoint(c);
            }
        });
        return Normalizer.normalize(spaced, Normalizer.Form.NFC)
                .toLowerCase(Locale.ROOT)
                .strip()
                .replaceAll(" +", " ");
    }

    private static boolean isSpace(int c) {
        return c == '\t'
                || c == '\n'
                || c == '\r'
                || switch (Character.getType(c)) {
                    case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
                    default -> false;
                };
    }

    /** Characters that this JDK does not know yet are kept: they are most likely new emoji. */
    private static boolean isControl(int c) {
        return c == 0xFFFD
                || switch (Character.getType(c)) {
                    case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE -> true;
                    default -> false;
                };
    }

    /** The blocks that BERT's original tokenizer took for Chinese: no kana, no hangul. */
    private static boolean isCjk(int c) {
        return c >= 0x4E00 && c <= 0x9FFF
                || c >= 0x3400 && c <= 0x4DBF
                || c >= 0x20000 && c <= 0x2A6DF
                || c >= 0x2A700 && c <= 0x2B73F
                || c >= 0x2B740 && c <= 0x2B81F
                || c >= 0x2B820 && c <= 0x2CEAF
                || c >= 0xF900 && c <= 0xFAFF
                || c >= 0x2F800 && c <= 0x2FA1F;
    }
}
