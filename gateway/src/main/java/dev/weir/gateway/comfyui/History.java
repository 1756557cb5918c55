package dev.weir.gateway.comfyui;

import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The prompts that are over, oldest first, as long as their pictures are kept. Each is written once, because some clients ask for all
 * of them ten times a second. Event loop of the gateway.
 */
final class History {

    /** Of a text in a PNG. */
    private static final Pattern KEYWORD = Pattern.compile("[A-Za-z0-9_]{1,79}");

    private static final int MOST = 1000;
    private static final long MOST_CHARACTERS = 8 << 20;

    private final Predicate<String> isKept;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private long characters;

    private record Entry(String caller, String job, String json) {}

    /** @param isKept whether the pictures of a job are still there */
    History(Predicate<String> isKept) {
        this.isKept = isKept;
    }

    void add(Prompt prompt, JsonObject result) {
        remove(prompt.id());
        String json = result.encode();
        entries.put(prompt.id(), new Entry(prompt.caller(), prompt.job().id(), json));
        characters += json.length();
        for (Iterator<Entry> oldest = entries.values().iterator(); oldest.hasNext(); ) {
            Entry entry = oldest.next();
            if (entries.size() > MOST || characters > MOST_CHARACTERS || !isKept.test(entry.job())) {
                oldest.remove();
                characters -= entry.json().length();
            }
        }
    }

    private void remove(String id) {
        Entry removed = entries.remove(id);
        characters -= removed == null ? 0 : removed.json().length();
    }

    /**
     * Those of a caller, by their ids.
     *
     * @param offset below 0: the newest, where there are more than {@code most}
     */
    String of(String caller, int most, int offset) {
        List<Map.Entry<String, Entry>> all = entries.entrySet().stream()
                .filter(entry -> entry.getValue().caller().equals(caller)
                        && isKept.test(entry.getValue().job()))
                .toList();
        int skipped = offset < 0 ? Math.max(0, all.size() - most) : offset;
        return all.stream()
                .skip(skipped)
                .limit(most)
                .map(entry -> json(entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(",", "{", "}"));
    }

    /**
     * Empty for an unknown prompt, and for one that is not over.
     *
     * @param sees whether the caller sees prompts of another one
     */
    String of(String id, Predicate<String> sees) {
        return Optional.ofNullable(entries.get(id))
                .filter(entry -> sees.test(entry.caller()) && isKept.test(entry.job()))
                .map(entry -> "{" + json(id, entry) + "}")
                .orElse("{}");
    }

    private static String json(String id, Entry entry) {
        return Json.encode(id) + ":" + entry.json();
    }

    /** What ComfyUI writes into the pictures of a job: the graph, and what the client wants beside it. Empty for an unknown one. */
    Map<String, String> texts(String job) {
        Map<String, String> texts = new LinkedHashMap<>();
        entries.values().stream()
                .filter(entry -> entry.job().equals(job))
                .findFirst()
                .map(entry -> new JsonObject(entry.json()).getJsonArray("prompt"))
                .ifPresent(prompt -> {
                    texts.put("prompt", prompt.getJsonObject(2).encode());
                    if (prompt.getJsonObject(3).getValue("extra_pnginfo") instanceof JsonObject extra) {
                        extra.fieldNames().stream()
                                .filter(KEYWORD.asMatchPredicate())
                                .forEach(name -> texts.put(name, Json.encode(extra.getValue(name))));
                    }
                });
        return texts;
    }

    void delete(String caller, Predicate<String> ids) {
        List<String> gone = entries.entrySet().stream()
                .filter(entry -> entry.getValue().caller().equals(caller) && ids.test(entry.getKey()))
                .map(Map.Entry::getKey)
                .toList();
        gone.forEach(this::remove);
    }
}
