package dev.weir.engine;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.pipeline.StageSpec;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A model and its networks, each of which is opened when it is first asked for. The cases of a test class share them by {@link Opened}.
 * One thread.
 */
final class ModelParts implements AutoCloseable {

    private final ModelFolder model;
    private final ComputeTarget target;
    private final Map<Object, AutoCloseable> opened = new HashMap<>();

    ModelParts(ModelFolder model, Engine engine) {
        this.model = model;
        this.target = new ComputeTarget("cpu", Precision.FP32, engine);
    }

    static ModelParts of(Path folder, Engine engine) {
        return new ModelParts(ModelFolder.open(folder), engine);
    }

    ModelFolder model() {
        return model;
    }

    TextEncoder encoder() {
        return once(TextEncoder.class, TextEncoder.class, () -> model.textEncoder(target));
    }

    ImageEncoder imageEncoder() {
        return once(ImageEncoder.class, ImageEncoder.class, () -> model.imageEncoder(target));
    }

    /** Of the stage that requests' steps and guidance are for. */
    Denoiser denoiser() {
        return network(model.pipeline().main());
    }

    Denoiser network(StageSpec stage) {
        return once(stage, Denoiser.class, () -> model.network(stage, target));
    }

    ImageCodec codec() {
        return once(ImageCodec.class, ImageCodec.class, () -> model.imageCodec(target));
    }

    private <T extends AutoCloseable> T once(Object part, Class<T> type, Supplier<T> opening) {
        return type.cast(opened.computeIfAbsent(part, first -> opening.get()));
    }

    @Override
    public void close() {
        opened.values().forEach(part -> {
            try {
                part.close();
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
    }
}
