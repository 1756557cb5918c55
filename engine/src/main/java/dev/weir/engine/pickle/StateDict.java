package dev.weir.engine.pickle;

import dev.weir.engine.ModelException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds a model's tensors in what tools saved around them, and gives them the names that the same tools write into safetensors. Confined to
 * one thread.
 */
final class StateDict {

    /** What training tools call the weights, the first that is there counts (spandrel, canonicalize_state_dict). */
    private static final List<String> WRAPPERS = List.of(
            "state_dict", "params_ema", "params-ema", "params", "string_to_param", "model", "net", "model_state");
    /** What {@code DataParallel} puts before every name. */
    private static final String PARALLEL = "module.";
    /** The word of a textual inversion of stable-diffusion-webui, and what it is called in a safetensors file. */
    private static final String ANY_WORD = "*";

    private static final String WORD = "emb_params";
    private static final String STEPS = "global_step";
    private static final String METADATA = "__metadata__";
    /** Maps in maps: an IP-Adapter has two levels. */
    private static final int MOST_LEVELS = 3;

    private static final int MOST_ENTRIES = 500_000;

    private final Map<String, TensorView> found = new LinkedHashMap<>();
    private int entries;

    private StateDict() {}

    /** By name. Throws {@link ModelException} where there are none. */
    static Map<String, TensorView> of(Object root) {
        StateDict state = new StateDict();
        state.add("", unwrapped(root), 0);
        if (state.found.isEmpty()) {
            throw new ModelException("it has no tensors that have names");
        }
        boolean isParallel = state.found.keySet().stream().allMatch(name -> name.startsWith(PARALLEL));
        if (!isParallel) {
            return state.found;
        }
        Map<String, TensorView> named = new LinkedHashMap<>();
        state.found.forEach((name, tensor) -> named.put(name.substring(PARALLEL.length()), tensor));
        return named;
    }

    /** What the file says beside its tensors and what a model may need. */
    static Map<String, String> notes(Object root) {
        return root instanceof Map<?, ?> map && map.get(STEPS) instanceof Long steps
                ? Map.of(STEPS, steps.toString())
                : Map.of();
    }

    private static Object unwrapped(Object root) {
        if (root instanceof Map<?, ?> map) {
            for (String wrapper : WRAPPERS) {
                if (map.get(wrapper) instanceof Map<?, ?> inner) {
                    return inner;
                }
            }
        }
        return root;
    }

    private void add(String prefix, Object value, int level) {
        if (value instanceof TensorView tensor && level > 0) {
            String name = prefix.equals(ANY_WORD) ? WORD : prefix;
            if (name.equals(METADATA) || found.putIfAbsent(name, tensor) != null) {
                throw new ModelException(
                        "it has a second tensor '%s', or one of a name that no file may have".formatted(name));
            }
        } else if (value instanceof Map<?, ?> map && level < MOST_LEVELS) {
            map.forEach((key, inner) -> {
                if (++entries > MOST_ENTRIES) {
                    throw new ModelException("it has more than %d entries".formatted(MOST_ENTRIES));
                }
                if (key instanceof String name) {
                    add(prefix.isEmpty() ? name : prefix + "." + name, inner, level + 1);
                }
            });
        }
    }
}
