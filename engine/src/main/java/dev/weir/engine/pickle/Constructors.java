package dev.weir.engine.pickle;

import dev.weir.engine.ModelException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All that a pickle may name and build: tensors, parameters, ordered maps, and a few things of PyTorch Lightning and NumPy that many
 * checkpoints have beside their weights and that become {@link #UNREAD}. Runs nothing. Stateless; any thread.
 */
final class Constructors {

    /** A value of which Weir only knows that it is no part of a model. */
    static final Object UNREAD = new Object();

    private static final Set<String> UNREAD_RESULTS =
            Set.of("_codecs.encode", "numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar");
    private static final Set<String> LISTS = Set.of("torch.Size", "builtins.set", "__builtin__.set");
    private static final Set<String> TENSORS =
            Set.of("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor");
    /** Of types that have no storage class of their own. */
    private static final String NEW_TENSOR = "torch._utils._rebuild_tensor_v3";

    private static final String PARAMETER = "torch._utils._rebuild_parameter";
    private static final String MAP = "collections.OrderedDict";
    /** Keys of the states that Lightning keeps of its callbacks. */
    private static final Set<String> NAMES_ONLY = Set.of(
            "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
            "lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint");

    private Constructors() {}

    /** Throws {@link ModelException} with the name of one that Weir does not know. */
    static Global known(Global global) {
        String name = global.toString();
        if (name.equals(NEW_TENSOR)) {
            throw new ModelException("it has a tensor of a type that Weir does not read, such as float8 or uint16");
        }
        boolean isKnown = Storage.isType(global)
                || TENSORS.contains(name)
                || name.equals(PARAMETER)
                || name.equals(MAP)
                || LISTS.contains(name)
                || UNREAD_RESULTS.contains(name)
                || NAMES_ONLY.contains(name);
        if (!isKnown) {
            throw refused(global);
        }
        return global;
    }

    static ModelException refused(Object callee) {
        return new ModelException(
                "it has %s of Python, which is no tensor, number, text or container. Weir runs nothing that a file says"
                        .formatted(callee instanceof Global global ? global.shown() : "an object"));
    }

    /** What a call makes: nothing that is larger than its arguments. Throws {@link ModelException} where it is no call that Weir knows. */
    static Object call(Object callee, List<?> arguments) {
        if (!(callee instanceof Global global)) {
            throw new ModelException("the pickle calls what is no function");
        }
        String name = global.toString();
        if (TENSORS.contains(name) && arguments.size() >= 4 && arguments.get(0) instanceof Storage storage) {
            return TensorView.of(storage, arguments.get(1), arguments.get(2), arguments.get(3));
        }
        if (name.equals(PARAMETER) && !arguments.isEmpty() && arguments.get(0) instanceof TensorView tensor) {
            return tensor;
        }
        if (name.equals(MAP) && arguments.isEmpty()) {
            return new LinkedHashMap<>();
        }
        if (LISTS.contains(name) && arguments.size() == 1 && arguments.get(0) instanceof List<?> list) {
            return list;
        }
        if (UNREAD_RESULTS.contains(name)) {
            return UNREAD;
        }
        throw refused(global);
    }

    /** Only keys whose hashes take no time that a file could choose. */
    static void put(Map<Object, Object> map, Object key, Object value) {
        if (key instanceof List || key instanceof Map || key instanceof TensorView || key == UNREAD) {
            throw new ModelException("a key is neither text nor number");
        }
        map.put(key, value);
    }
}
