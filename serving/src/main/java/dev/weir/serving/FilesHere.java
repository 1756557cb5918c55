package dev.weir.serving;

import dev.weir.engine.ModelException;
import dev.weir.runtime.stage.Failure;
import java.util.Map;
import java.util.function.Function;

/** The files beside a model that a node has, when a task names one. Stateless; any thread. */
public final class FilesHere {

    private FilesHere() {}

    /**
     * The file of a name.
     *
     * @param noun the kind in messages
     * @param fingerprint of the file that the request means
     * @throws ModelException if the node does not have that file
     */
    public static <T> T find(
            Map<String, T> known, Function<T, String> fingerprints, String noun, String name, String fingerprint) {
        T file = known.get(name);
        if (file == null || !fingerprints.apply(file).equals(fingerprint)) {
            throw new ModelException(
                    "the %s \"%s\" is %s here".formatted(noun, name, file == null ? "not" : "another file"));
        }
        return file;
    }

    /** Why work fails whose file is another one, or cannot be read. Another node may have it, and this one looks for it again. */
    public static Failure unavailable(ModelException problem) {
        return new Failure(Failure.FILE_UNAVAILABLE, problem.getMessage(), true);
    }
}
