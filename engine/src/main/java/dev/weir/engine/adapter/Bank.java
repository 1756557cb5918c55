package dev.weir.engine.adapter;

import dev.weir.engine.backend.Kept;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongFunction;

/**
 * The LoRAs of one network that its next forwards may use, in native memory: for each layer the factors of all of them side by side.
 * It grows as rows need more. Beyond its limit, those that were not used for the longest time make room. One device thread owns it.
 */
public final class Bank {

    /** The entry that changes nothing. */
    static final int NOTHING = 0;

    /** What a forward needs is loaded even if it takes more. */
    private static final long MOST_BYTES = 1L << 30;

    private final String part;
    private final long mostBytes;
    private final LongFunction<ByteBuffer> memory;
    private Map<String, LayerBank> layers = new LinkedHashMap<>();
    /** The entry of each LoRA, the least recently used first. */
    private final LinkedHashMap<Lora, Integer> entries = new LinkedHashMap<>(16, 0.75f, true);

    private int capacity = 1;

    /** @param shapes of the weights of the layers that may change, by layer */
    public Bank(String part, Map<String, List<Integer>> shapes) {
        this(part, shapes, MOST_BYTES, LayerBank::zeros);
    }

    Bank(String part, Map<String, List<Integer>> shapes, long mostBytes, LongFunction<ByteBuffer> memory) {
        this.part = part;
        this.mostBytes = mostBytes;
        this.memory = memory;
        shapes.forEach((layer, shape) -> {
            int in = shape.stream().skip(1).reduce(1, Math::multiplyExact);
            layers.put(layer, new LayerBank(in, shape.get(0), capacity, 1, memory));
        });
    }

    /** The layers that it has room for. */
    public Set<String> layers() {
        return layers.keySet();
    }

    public boolean has(Lora lora) {
        return entries.containsKey(lora);
    }

    /** How many LoRAs it holds. */
    public int size() {
        return entries.size();
    }

    /**
     * Takes a LoRA, whose layers it has room for. Throws ModelException if the file cannot be read, and OutOfMemoryError if there is
     * no memory for what the forward needs; the bank is then as before.
     *
     * @param needed by the next forward, so that they stay
     */
    public void load(Lora lora, Collection<Lora> needed) {
        if (entries.get(lora) != null) {
            return;
        }
        var changes = lora.read(part);
        var kept = kept(changes, needed);
        long bytes = bytes(kept, changes);
        if (fits(kept, changes) && bytes > bytes() / 2) {
            entries.keySet().retainAll(kept);
        } else {
            resize(kept, changes);
        }
        int entry = unused();
        layers.forEach((layer, bank) -> bank.put(entry, changes.get(layer)));
        entries.put(lora, entry);
    }

    /** Those that stay beside a new one: all as far as the limit allows, and those that are needed. */
    private Set<Lora> kept(Map<String, LowRank> changes, Collection<Lora> needed) {
        Set<Lora> kept = new LinkedHashSet<>(entries.keySet());
        for (var lora : entries.keySet()) {
            if (bytes(kept, changes) <= mostBytes) {
                break;
            }
            if (!needed.contains(lora)) {
                kept.remove(lora);
            }
        }
        return kept;
    }

    private boolean fits(Set<Lora> kept, Map<String, LowRank> changes) {
        var own = entries(kept);
        return capacity(kept) <= capacity
                && layers.entrySet().stream()
                        .allMatch(layer -> layer.getValue().rank(own, changes.get(layer.getKey()))
                                <= layer.getValue().rank());
    }

    /** All memory is taken before anything changes. */
    private void resize(Set<Lora> kept, Map<String, LowRank> changes) {
        var own = entries(kept);
        int newCapacity = capacity(kept);
        Map<String, LayerBank> resized = new LinkedHashMap<>();
        layers.forEach((layer, bank) ->
                resized.put(layer, bank.resized(own, newCapacity, bank.rank(own, changes.get(layer)), memory)));
        layers = resized;
        capacity = newCapacity;
        entries.keySet().retainAll(kept);
        entries.replaceAll((lora, entry) -> NOTHING + 1 + own.indexOf(entry));
    }

    /** What it takes with some of its LoRAs and a new one. */
    private long bytes(Set<Lora> kept, Map<String, LowRank> changes) {
        var own = entries(kept);
        int newCapacity = capacity(kept);
        return layers.entrySet().stream()
                .mapToLong(layer -> {
                    var bank = layer.getValue();
                    return bank.bytes(newCapacity, bank.rank(own, changes.get(layer.getKey())));
                })
                .sum();
    }

    private long bytes() {
        return layers.values().stream().mapToLong(LayerBank::bytes).sum();
    }

    /** With room for a new one and for the entry that changes nothing. */
    private static int capacity(Set<Lora> kept) {
        return 2 * Integer.highestOneBit(kept.size() + 1);
    }

    /** In ascending order, so that they stay where they are if the bank only grows. */
    private List<Integer> entries(Set<Lora> kept) {
        return entries.entrySet().stream()
                .filter(entry -> kept.contains(entry.getKey()))
                .map(Map.Entry::getValue)
                .sorted()
                .toList();
    }

    private int unused() {
        var used = Set.copyOf(entries.values());
        int entry = NOTHING + 1;
        while (used.contains(entry)) {
            entry++;
        }
        return entry;
    }

    /** The entry of a LoRA that was loaded. */
    public int entry(Lora lora) {
        return entries.get(lora);
    }

    /** Entries, with the one that changes nothing. */
    public int capacity() {
        return capacity;
    }

    /** The inputs of a network, by the names that {@link dev.weir.engine.graph.Method} has for them. */
    public Map<String, Kept> inputs() {
        Map<String, Kept> inputs = new HashMap<>();
        layers.forEach((layer, bank) -> bank.addTo(inputs, layer));
        return inputs;
    }
}
