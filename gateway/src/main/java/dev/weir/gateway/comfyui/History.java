package dev.weir.gateway.comfyui;

import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The prompts that are over, oldest first, as long as their pictures are kept. Each is written once, because some clients ask for all
 * of them ten times a second. Event loop of the gateway.
 */
final class History {

    /** Of a text in a PNG. */
    private static final Pattern KEYWORD = Pattern.compile("[A-Za-z0-9_]{1,79}");

    /** Clients write one or two. */
    private static final int MOST_TEXTS = 16;

    private static final int MOST = 1000;
    private static final long MOST_CHARACTERS = 8 << 20;

    private final Predicate<String> isKept;
    private final Map<Prompt.Key, Entry> entries = new LinkedHashMap<>();
    private long characters;

    /** @param texts what ComfyUI writes into the pictures */
    private record Entry(List<String> jobs, String json, Map<String, String> texts) {

        long characters() {
            return json.length()
                    + texts.values().stream().mapToLong(String::length).sum();
        }
    }

    /** @param isKept whether the pictures of a job are still there */
    History(Predicate<String> isKept) {
        this.isKept = isKept;
    }

    /** @param jobs those of the prompt */
    void add(Prompt prompt, List<String> jobs, JsonObject result) {
        remove(prompt.key());
        Entry added = new Entry(jobs, result.encode(), texts(prompt));
        entries.put(prompt.key(), added);
        characters += added.characters();
        for (Iterator<Entry> oldest = entries.values().iterator(); oldest.hasNext(); ) {
            Entry entry = oldest.next();
            if (entries.size() > MOST || characters > MOST_CHARACTERS || !isKept(entry)) {
                oldest.remove();
                characters -= entry.characters();
            }
        }
    }

    /** The pictures of the last job are kept longest. */
    private boolean isKept(Entry entry) {
        return entry.jobs().stream().anyMatch(isKept);
    }

    private void remove(Prompt.Key key) {
        Entry removed = entries.remove(key);
        characters -= removed == null ? 0 : removed.characters();
    }

    private static Map<String, String> texts(Prompt prompt) {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("prompt", prompt.graph().encode());
        if (prompt.extraData().getValue("extra_pnginfo") instanceof JsonObject extra) {
            extra.fieldNames().stream()
                    .filter(KEYWORD.asMatchPredicate())
                    .limit(MOST_TEXTS)
                    .forEach(name -> texts.put(name, Json.encode(extra.getValue(name))));
        }
        return texts;
    }

    /**
     * Those of a caller, by their ids.
     *
     * @param offset below 0: the newest, where there are more than {@code most}
     */
    String of(String caller, int most, int offset) {
        List<Map.Entry<Prompt.Key, Entry>> all = entries.entrySet().stream()
                .filter(entry -> entry.getKey().caller().equals(caller) && isKept(entry.getValue()))
                .toList();
        int skipped = offset < 0 ? Math.max(0, all.size() - most) : offset;
        return all.stream()
                .skip(skipped)
                .limit(most)
                .map(entry -> json(entry.getKey().id(), entry.getValue()))
                .collect(Collectors.joining(",", "{", "}"));
    }

    /**
     * Empty for an unknown prompt, and for one that is not over.
     *
     * @param key the prompt, if it is of the caller that asks
     * @param sees whether the caller sees prompts of another one
     */
    String of(Prompt.Key key, Predicate<String> sees) {
        Stream<Entry> others = entries.entrySet().stream()
                .filter(entry -> entry.getKey().id().equals(key.id())
                        && sees.test(entry.getKey().caller()))
                .map(Map.Entry::getValue);
        return Stream.concat(Stream.ofNullable(entries.get(key)), others)
                .filter(this::isKept)
                .findFirst()
                .map(entry -> "{" + json(key.id(), entry) + "}")
                .orElse("{}");
    }

    private static String json(String id, Entry entry) {
        return Json.encode(id) + ":" + entry.json();
    }

    /** What ComfyUI writes into the pictures of a job: the graph, and what the client wants beside it. Empty for an unknown one. */
    Map<String, String> texts(String job) {
        return entries.values().stream()
                .filter(entry -> entry.jobs().contains(job))
                .findFirst()
                .map(Entry::texts)
                .orElse(Map.of());
    }

    void delete(String caller, Predicate<String> ids) {
        List<Prompt.Key> gone = entries.keySet().stream()
                .filter(key -> key.caller().equals(caller) && ids.test(key.id()))
                .toList();
        gone.forEach(this::remove);
    }
}
