package dev.weir.engine.adapter;

import dev.weir.engine.backend.Kept;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
    private final Map<String, LayerBank> layers = new LinkedHashMap<>();
    /** The entry of each LoRA, the least recently used first. */
    private final LinkedHashMap<Lora, Integer> entries = new LinkedHashMap<>(16, 0.75f, true);

    private int capacity = 1;

    /** @param shapes of the weights of the layers that may change, by layer */
    public Bank(String part, Map<String, List<Integer>> shapes) {
        this(part, shapes, MOST_BYTES);
    }

    Bank(String part, Map<String, List<Integer>> shapes, long mostBytes) {
        this.part = part;
        this.mostBytes = mostBytes;
        shapes.forEach((layer, shape) ->
                layers.put(layer, new LayerBank(shape.stream().skip(1).reduce(1, Math::multiplyExact), shape.get(0))));
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
     * Takes a LoRA, whose layers it has room for. Throws ModelException if the file cannot be read; the bank is then as before.
     *
     * @param needed by the next forward, so that they stay
     */
    public void load(Lora lora, Collection<Lora> needed) {
        if (entries.get(lora) != null) {
            return;
        }
        var changes = lora.read(part);
        int entry = freeEntry(needed);
        layers.forEach((layer, bank) -> bank.put(entry, changes.get(layer)));
        entries.put(lora, entry);
    }

    private int freeEntry(Collection<Lora> needed) {
        int next = entries.size() + 1;
        if (next < capacity) {
            return unused();
        }
        var unneeded =
                entries.keySet().stream().filter(lora -> !needed.contains(lora)).findFirst();
        if (unneeded.isPresent() && 2 * bytes() > mostBytes) {
            return entries.remove(unneeded.get());
        }
        capacity *= 2;
        layers.values().forEach(bank -> bank.grow(capacity));
        return unused();
    }

    private int unused() {
        var used = new HashMap<Integer, Lora>();
        entries.forEach((lora, entry) -> used.put(entry, lora));
        int entry = NOTHING + 1;
        while (used.containsKey(entry)) {
            entry++;
        }
        return entry;
    }

    private long bytes() {
        return layers.values().stream().mapToLong(LayerBank::bytes).sum();
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
