package dev.weir.engine.original;

import dev.weir.engine.weights.WeightViews;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Adds the tensors of one network of a file under the names that diffusers has for them. Stateless; any thread. */
public interface Naming {

    /** Names that are diffusers' or transformers' already. */
    Naming SAME = (name, original, into) -> into.add(name, original);

    /**
     * Adds what a tensor is to the network. One that the network does not have is added by its own name, to be refused.
     *
     * @param name without the network's prefix
     * @param original its name in the file
     */
    void add(String name, String original, WeightViews into);

    /** The tensors of a file whose names begin with a prefix; none where there are none. */
    default WeightViews of(Path file, Weights tensors, String prefix) {
        WeightViews views = new WeightViews(file, tensors);
        tensors.names().stream()
                .filter(name -> name.startsWith(prefix))
                .forEach(name -> add(name.substring(prefix.length()), name, views));
        return views;
    }

    /** The first of some prefixes that names of a file begin with; empty where none is. */
    static String prefix(Weights tensors, String... prefixes) {
        return Stream.of(prefixes)
                .filter(prefix -> tensors.names().stream().anyMatch(name -> name.startsWith(prefix)))
                .findFirst()
                .orElse("");
    }
}
