package dev.weir.engine.network;

import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Input;
import dev.weir.engine.graph.Value;
import java.util.ArrayList;
import java.util.List;

/** A denoiser's inputs as those of its method. */
final class GraphInputs {

    /** A prompt's usual length, for packing weights. */
    private static final int NOMINAL_TOKENS = 77;

    private static final int NOMINAL_PIXELS = 512 * 512;

    private GraphInputs() {}

    /** A vector of each row. */
    static NetworkInput rows(String name, int width) {
        return new NetworkInput(name, List.of(width), Join.STACK);
    }

    /** A whole number of each row. */
    static NetworkInput label(String name) {
        return new NetworkInput(name, List.of(), Join.STACK);
    }

    /** A sequence of each row. */
    static NetworkInput sequence(String name, int width, Join join) {
        return new NetworkInput(name, List.of(NetworkInput.ANY, width), join);
    }

    /** Tokens that a row may lack, by channel. */
    static NetworkInput optional(String name, int channels) {
        return new NetworkInput(name, List.of(channels, NetworkInput.ANY), Join.OPTIONAL);
    }

    /** The names of a method's inputs: the sample, the timestep, and these. One that is padded is followed by its mask. */
    static String[] names(List<NetworkInput> inputs) {
        var names = new ArrayList<>(List.of("sample", "timestep"));
        for (NetworkInput input : inputs) {
            if (input.join() != Join.CONCAT && input.join() != Join.SOURCE) {
                names.add(input.name());
            }
            if (isMasked(input)) {
                names.add(maskName(input));
            }
        }
        return names.toArray(String[]::new);
    }

    static Value of(Graph g, NetworkInput input) {
        var shape = input.shape();
        if (input.join() == Join.OPTIONAL) {
            return g.input(Input.Kind.COLUMNS, input.name(), shape.get(0), NOMINAL_TOKENS);
        }
        return switch (shape.size()) {
            case 0 -> g.input(Input.Kind.LABELS, input.name(), 1, 1);
            case 1 -> g.input(Input.Kind.ROWS, input.name(), shape.get(0), 1);
            case 2 -> g.input(Input.Kind.SEQUENCE, input.name(), shape.get(1), NOMINAL_TOKENS);
            default -> g.input(Input.Kind.IMAGE, input.name(), shape.get(0), NOMINAL_PIXELS);
        };
    }

    /** Which tokens of a padded input count. */
    static Graph.Mask mask(Graph g, NetworkInput input) {
        return isMasked(input) ? g.maskOf(g.input(Input.Kind.FLAGS, maskName(input), 1, 1)) : Graph.Mask.NONE;
    }

    private static boolean isMasked(NetworkInput input) {
        return input.join() == Join.PAD || input.join() == Join.OPTIONAL;
    }

    private static String maskName(NetworkInput input) {
        return input.name() + "_mask";
    }
}
