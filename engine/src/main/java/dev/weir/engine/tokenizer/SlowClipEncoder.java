package dev.weir.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ftfy.Ftfy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * transformers' {@code CLIPTokenizer} where ftfy is installed, which CLIP was trained with: takes the added tokens out of the
 * prompt as it is, cleans what is between them, each part by itself, and splits it into words. The library makes tokens of the
 * words. Any thread, until closed.
 */
final class SlowClipEncoder implements Encoder {

    private static final String START = "<|startoftext|>";
    private static final String END = "<|endoftext|>";

    /** That of openai/CLIP. It ignores case, which after lower-casing concerns the long s alone. */
    private static final Pattern WORD = Pattern.compile(
            "<\\|[s\u017f]tartoftext\\|>|<\\|endoftext\\|>|'[s\u017f]|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+",
            Pattern.UNICODE_CHARACTER_CLASS);

    private final Encoder words;
    private final AddedTokenSplitter splitter;
    private final Map<String, AddedToken> added;
    private final Map<Long, AddedToken> textual;
    /** What the pattern takes for special tokens although they are no added ones here. */
    private final Map<String, Long> marks;

    private final long start;
    private final long end;

    SlowClipEncoder(Path folder, SpecialTokens special, List<AddedToken> tokens) {
        Path file = folder.resolve("vocab.json");
        ObjectNode definition = ClipDefinition.words(folder, special);
        JsonNode vocabulary = definition.path("model").path("vocab");
        this.added = tokens.stream().collect(Collectors.toMap(AddedToken::content, Function.identity()));
        this.textual = tokens.stream()
                .filter(token -> !token.special())
                .collect(Collectors.toMap(AddedToken::id, Function.identity(), (first, same) -> first));
        this.splitter = new AddedTokenSplitter(tokens);
        this.start = added.get(special.start().content()).id();
        this.end = added.get(special.end().content()).id();
        long unknown = added.get(special.unknown().content()).id();
        this.marks = Map.of(START, id(vocabulary, START, unknown), END, id(vocabulary, END, unknown));
        this.words = new LibraryEncoder(file, definition);
    }

    private long id(JsonNode vocabulary, String token, long otherwise) {
        return added.containsKey(token)
                ? added.get(token).id()
                : vocabulary.path(token).asLong(otherwise);
    }

    @Override
    public long[] encode(String prompt) {
        List<Long> ids = new ArrayList<>();
        ids.add(start);
        for (String part : splitter.split(prompt)) {
            AddedToken token = added.get(part);
            if (token != null) {
                ids.add(token.id());
            } else {
                encode(PythonText.lower(PythonText.cleanSpaces(Ftfy.fixText(part))), ids::add);
            }
        }
        ids.add(end);
        return ids.stream().mapToLong(Long::longValue).toArray();
    }

    private void encode(String cleaned, LongConsumer ids) {
        StringBuilder run = new StringBuilder();
        for (Matcher matcher = WORD.matcher(cleaned); matcher.find(); ) {
            Long mark = marks.get(matcher.group());
            if (mark == null) {
                run.append(matcher.group()).append(' ');
            } else {
                Arrays.stream(words.encode(run.toString())).forEach(ids);
                run.setLength(0);
                ids.accept(mark);
            }
        }
        Arrays.stream(words.encode(run.toString())).forEach(ids);
    }

    /** Added tokens that stand for text are set apart by spaces. */
    @Override
    public String decode(long[] ids) {
        List<String> parts = new ArrayList<>();
        int from = 0;
        for (int i = 0; i <= ids.length; i++) {
            AddedToken token = i < ids.length ? textual.get(ids[i]) : null;
            if (token != null || i == ids.length) {
                if (i > from) {
                    parts.add(words.decode(Arrays.copyOfRange(ids, from, i)));
                }
                if (token != null) {
                    parts.add(token.content());
                }
                from = i + 1;
            }
        }
        return String.join(" ", parts);
    }

    @Override
    public boolean endsWord(long id) {
        return words.endsWord(id);
    }

    @Override
    public void close() {
        words.close();
    }
}
