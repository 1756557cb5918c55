package dev.weir.engine.network;

import dev.weir.engine.adapter.Bank;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.backend.Executable;
import dev.weir.engine.backend.Feed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * A network whose rows may have LoRAs, each its own. Forwards without any run the plain network. Others run a second one of the same
 * weights, which the engine shares as far as it can, and which also takes a {@link Bank}. It is made at the first {@link #expect}, and again when a LoRA changes more layers. One
 * device thread owns it.
 */
final class AdaptableNetwork implements AutoCloseable {

    private final String part;
    private final Executable plain;
    private final Function<Set<String>, Adapted> adapting;
    private Optional<Adapted> adapted = Optional.empty();
    /** Whether the second network has the bank as it is. */
    private boolean isKept;

    /** A network with room for changes, and what they are taken from. */
    record Adapted(Executable network, Bank bank) {}

    /**
     * @param part the network's folder, which LoRAs know it by
     * @param adapting loads the network with room for changes of some layers
     */
    AdaptableNetwork(String part, Executable plain, Function<Set<String>, Adapted> adapting) {
        this.part = part;
        this.plain = plain;
        this.adapting = adapting;
    }

    /** Makes room for the layers that LoRAs change, so that the first rows with them need not wait. */
    void expect(Collection<Lora> loras) {
        // Asked several times for each row and step, and a LoRA may change hundreds of layers.
        if (loras.stream().allMatch(this::isLoaded)) {
            return;
        }
        Set<String> layers = new TreeSet<>();
        loras.forEach(lora -> layers.addAll(lora.layers(part)));
        adapted.ifPresent(before -> layers.addAll(before.bank().layers()));
        if (layers.isEmpty()
                || adapted.map(before -> before.bank().layers().equals(layers)).orElse(false)) {
            return;
        }
        adapted.ifPresent(before -> before.network().close());
        adapted = Optional.empty();
        adapted = Optional.of(adapting.apply(layers));
        isKept = false;
    }

    private boolean isLoaded(Lora lora) {
        return adapted.filter(network -> network.bank().has(lora)).isPresent();
    }

    /**
     * Takes the LoRAs of one row into the bank. Throws ModelException that names a file that cannot be read.
     *
     * @param needed by all rows of the next forward
     */
    void load(List<WeightedLora> loras, Collection<Lora> needed) {
        var own = changing(loras).stream().map(WeightedLora::lora).toList();
        expect(own);
        if (own.isEmpty()) {
            return;
        }
        var bank = adapted.orElseThrow().bank();
        isKept &= own.stream().allMatch(bank::has);
        if (isKept) {
            return;
        }
        try {
            own.forEach(lora -> bank.load(lora, needed));
        } finally {
            // Also where a file cannot be read: the bank may have taken another one before it.
            adapted.get().network().keep(bank.inputs());
        }
        isKept = true;
    }

    private List<WeightedLora> changing(List<WeightedLora> loras) {
        return loras.stream().filter(use -> use.lora().changes(part)).toList();
    }

    /** @param rows the LoRAs of each row, which were loaded */
    <T> T run(String method, List<Feed> feeds, List<List<WeightedLora>> rows, Function<ByteBuffer, T> reader) {
        var own = rows.stream().map(this::changing).toList();
        int taken = own.stream().mapToInt(List::size).max().orElse(0);
        if (taken == 0) {
            return plain.run(method, feeds, reader);
        }
        var used = own.stream()
                .flatMap(List::stream)
                .map(WeightedLora::lora)
                .distinct()
                .toList();
        expect(used); // All at once: a larger network begins with an empty bank.
        own.forEach(loras -> load(loras, used));
        var all = new ArrayList<>(feeds);
        all.addAll(feeds(own, taken));
        return adapted.orElseThrow().network().run(method, all, reader);
    }

    /** Which entries of the bank each row takes, with which weights, in the order of a method's inputs. */
    private List<Feed> feeds(List<List<WeightedLora>> rows, int taken) {
        var bank = adapted.orElseThrow().bank();
        int entries = bank.capacity();
        var slots = new long[rows.size() * taken];
        var factors = new float[slots.length];
        var shares = new float[rows.size() * entries];
        for (int row = 0; row < rows.size(); row++) {
            for (int i = 0; i < rows.get(row).size(); i++) {
                var use = rows.get(row).get(i);
                int entry = bank.entry(use.lora());
                slots[row * taken + i] = entry;
                factors[row * taken + i] = use.weight();
                shares[row * entries + entry] += use.weight();
            }
        }
        return List.of(
                Feed.longs(bytes -> bytes.asLongBuffer().put(slots), rows.size(), taken),
                Feed.floats(bytes -> bytes.asFloatBuffer().put(factors), rows.size(), taken),
                Feed.floats(bytes -> bytes.asFloatBuffer().put(shares), rows.size(), entries));
    }

    @Override
    public void close() {
        adapted.ifPresent(before -> before.network().close()); // It uses weights of the plain one.
        plain.close();
    }
}
