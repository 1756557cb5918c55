package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;

/**
 * A token that is looked for in the text before anything else is done with it.
 *
 * @param id of its embedding
 * @param leftStrip it takes the white space before it away
 * @param rightStrip the same for what follows
 * @param singleWord it counts only where it is not part of a word
 * @param normalized fast tokenizers look for it in the normalized text; slow ones do not ask
 * @param special it stands for no text
 */
record AddedToken(
        long id,
        String content,
        boolean leftStrip,
        boolean rightStrip,
        boolean singleWord,
        boolean normalized,
        boolean special) {

    /** For a token whose id the vocabulary says. */
    static final long NO_ID = -1;

    static AddedToken of(long id, String content, boolean special) {
        return new AddedToken(id, content, false, false, false, !special, special);
    }

    /**
     * From {@code {"content": …, "lstrip": …}}, where what is left out is false.
     *
     * @param where what an error names
     */
    static AddedToken read(String where, long id, JsonNode json, boolean special) {
        String content = json.path("content").textValue();
        if (content == null || content.isEmpty()) {
            throw new ModelException("%s is not a token: %s".formatted(where, json));
        }
        boolean isSpecial = json.path("special").asBoolean(special);
        return new AddedToken(
                id,
                content,
                json.path("lstrip").asBoolean(),
                json.path("rstrip").asBoolean(),
                json.path("single_word").asBoolean(),
                json.path("normalized").asBoolean(!isSpecial),
                isSpecial);
    }

    AddedToken withId(long newId) {
        return new AddedToken(newId, content, leftStrip, rightStrip, singleWord, normalized, special);
    }

    /** Writes it as an entry of a {@code tokenizer.json}. */
    void writeTo(ObjectNode entry) {
        entry.put("id", id)
                .put("content", content)
                .put("single_word", singleWord)
                .put("lstrip", leftStrip)
                .put("rstrip", rightStrip)
                .put("normalized", normalized)
                .put("special", special);
    }
}
