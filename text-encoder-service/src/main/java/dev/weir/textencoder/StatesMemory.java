package dev.weir.textencoder;

import dev.weir.engine.PromptStates;
import dev.weir.engine.TextStates;
import dev.weir.runtime.memory.MemoryMap;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The states of prompts in the cluster's memory. They are exact, so that an image is the same whichever node encoded
 * its prompt. Any thread; it waits for nothing. Prompts without a timely answer are encoded again.
 */
public final class StatesMemory {

    private static final Duration LIFE = Duration.ofHours(1);
    private static final int HEAD_BYTES = 3 * Integer.BYTES;

    private final Vertx vertx;
    private final MemoryMap map;
    private final MeterRegistry metrics;

    public StatesMemory(Vertx vertx, MemoryMap map, MeterRegistry metrics) {
        this.vertx = vertx;
        this.map = map;
        this.metrics = metrics;
    }

    /**
     * Empty if nobody has them or answers in time.
     *
     * @param weights the fingerprint of the text encoder: another node may serve other weights under the same id
     * @param target device and precision, on which states depend
     */
    Future<Optional<PromptStates>> find(String model, String weights, String target, String prompt) {
        return map.get(key(model, weights, target, prompt))
                .map(found -> {
                    Optional<PromptStates> states = found.flatMap(StatesMemory::states);
                    count(states.isPresent() ? "found" : "absent");
                    return states;
                })
                .otherwise(problem -> {
                    count("no_answer");
                    return Optional.empty();
                });
    }

    /** Stores them for the others, without waiting for success. */
    void put(String model, String weights, String target, String prompt, PromptStates states) {
        vertx.runOnContext(later -> map.put(key(model, weights, target, prompt), bytes(states), LIFE));
    }

    private void count(String result) {
        Counter.builder("weir.text.memory")
                .description("Prompts that were looked for in the cluster's memory")
                .tag("result", result)
                .register(metrics)
                .increment();
    }

    private static String key(String model, String weights, String target, String prompt) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part : new String[] {model, weights, target, prompt}) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
                digest.update(bytes);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Tokens, width and the length of the cut text, then the numbers, then that text in UTF-8; little-endian. */
    static byte[] bytes(PromptStates prompt) {
        TextStates states = prompt.states();
        byte[] cut = prompt.cut().getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + Float.BYTES * states.values().length + cut.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(states.tokens())
                .putInt(states.width())
                .putInt(cut.length);
        bytes.asFloatBuffer().put(states.values());
        bytes.put(bytes.capacity() - cut.length, cut);
        return bytes.array();
    }

    /** Empty if the bytes were not made by {@link #bytes}, or contain a number that is not finite. */
    static Optional<PromptStates> states(byte[] entry) {
        ByteBuffer bytes = ByteBuffer.wrap(entry).order(ByteOrder.LITTLE_ENDIAN);
        if (entry.length < HEAD_BYTES) {
            return Optional.empty();
        }
        int tokens = bytes.getInt();
        int width = bytes.getInt();
        int cutBytes = bytes.getInt();
        if (tokens < 1
                || width < 1
                || cutBytes < 0
                || (long) tokens * width * Float.BYTES + cutBytes != bytes.remaining()) {
            return Optional.empty();
        }
        float[] values = new float[tokens * width];
        bytes.asFloatBuffer().get(values);
        String cut = new String(entry, entry.length - cutBytes, cutBytes, StandardCharsets.UTF_8);
        return Optional.of(new PromptStates(new TextStates(tokens, width, values), cut))
                .filter(PromptStates::isFinite);
    }
}
