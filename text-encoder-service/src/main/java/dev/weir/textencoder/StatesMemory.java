package dev.weir.textencoder;

import dev.weir.engine.Prompt;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.proto.Parcel;
import dev.weir.proto.ParcelFormat;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Event;
import dev.weir.runtime.memory.MemoryMap;
import dev.weir.serving.Branches;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The states of prompts in the cluster's memory. They are exact, so that an image is the same whichever node encoded
 * its prompt. Any thread; it waits for nothing. Prompts without a timely answer are encoded again.
 */
public final class StatesMemory {

    private static final Duration LIFE = Duration.ofHours(1);
    private static final String CUT = "cut";

    /** Increase it whenever other states are made of the same prompt by the same weights: entries outlive an upgrade of Weir. */
    private static final int VERSION = 3;

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
    Future<Optional<PromptStates>> find(String model, String weights, String target, Prompt prompt) {
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
    void put(String model, String weights, String target, Prompt prompt, PromptStates states) {
        vertx.runOnContext(later -> map.put(key(model, weights, target, prompt), bytes(states), LIFE));
    }

    private void count(String result) {
        Counter.builder("weir.text.memory")
                .description("Prompts that were looked for in the cluster's memory")
                .tag("result", result)
                .register(metrics)
                .increment();
    }

    private static String key(String model, String weights, String target, Prompt prompt) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            String syntax = prompt.syntax().id();
            for (String part : new String[] {model, weights, target, syntax, prompt.text()}) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                digest.update(number(bytes.length));
                digest.update(bytes);
            }
            digest.update(number(prompt.clipSkip()));
            digest.update(number(prompt.isAbsent() ? 1 : 0));
            digest.update(number(VERSION));
            for (WeightedLora use : prompt.loras()) {
                digest.update(use.lora().fingerprint().getBytes(StandardCharsets.UTF_8));
                digest.update(number(Float.floatToIntBits(use.weight())));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] number(int value) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(value).array();
    }

    /** A parcel of the states, with the text that was cut as one more tensor of UTF-8. */
    static byte[] bytes(PromptStates prompt) {
        List<Tensor> tensors = new ArrayList<>(Branches.toTensors(Branches.COND, prompt.states()));
        tensors.add(Tensor.ofBytes(CUT, prompt.cut().getBytes(StandardCharsets.UTF_8)));
        return ParcelFormat.encode(Parcel.of(Event.getDefaultInstance(), tensors));
    }

    /** Empty if the bytes were not made by {@link #bytes}, or contain a number that is not finite. */
    static Optional<PromptStates> states(byte[] entry) {
        if (!(ParcelFormat.decode(entry) instanceof Parcel parcel)) {
            return Optional.empty();
        }
        try {
            Tensors states = Branches.fromTensors(Branches.COND, parcel.tensors());
            return parcel.tensor(CUT)
                    .map(cut -> new PromptStates(states, new String(cut.toBytes(), StandardCharsets.UTF_8)))
                    .filter(PromptStates::isFinite);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
