package dev.weir.engine;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Models that the cases of a test class share, since opening one takes longer than a small picture. They are closed after the class. One
 * thread.
 */
final class Opened<T extends AutoCloseable> implements AfterAllCallback {

    private final Map<Object, T> models = new HashMap<>();

    /** @param key equal for cases of the same files on the same engine */
    T of(Object key, Supplier<T> opening) {
        return models.computeIfAbsent(key, first -> opening.get());
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        for (T model : models.values()) {
            model.close();
        }
        models.clear();
    }
}
