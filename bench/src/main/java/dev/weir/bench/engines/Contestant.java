package dev.weir.bench.engines;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.network.Networks;
import dev.weir.engine.weights.ComponentWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/** One of Weir's engines with a model's networks, in fp32 on the CPU. One thread. */
final class Contestant implements AutoCloseable {

    private static final long SEED = 1;
    /** Until the JVM has compiled what is around a forward. A server has done so within its first minute. */
    private static final int WARM_UP = 300;

    private static final int WARM_UP_SIDE = 8;

    private final Denoiser denoiser;
    private final ImageCodec codec;
    private final TextEncoder encoder;

    /** @param text the folder of the text encoder */
    Contestant(ModelFolder model, Path text, int tokens, Engine engine) throws IOException {
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        this.denoiser = model.denoiser(target);
        this.codec = model.imageCodec(target);
        var config = new ObjectMapper().readTree(text.resolve("config.json").toFile());
        this.encoder = Networks.textEncoder(config, ComponentWeights.open(text), new ReadPrompt(tokens), target);
    }

    /** Runs each network until the JVM has compiled what is around a forward, on small images. */
    void warmUp(List<Case> cases) {
        cases.stream()
                .map(work -> new Case(work.network(), work.folder(), 1, WARM_UP_SIDE, work.tokens()))
                .distinct()
                .map(this::forward)
                .forEach(forward -> {
                    for (int i = 0; i < WARM_UP; i++) {
                        forward.run();
                    }
                });
    }

    /** Of the second of two forwards: after a pause the first one finds cold caches and a processor that sleeps. */
    double seconds(Case work) {
        Runnable forward = forward(work);
        forward.run();
        long begin = System.nanoTime();
        forward.run();
        return (System.nanoTime() - begin) / 1e9;
    }

    private Runnable forward(Case work) {
        var shape = new LatentShape(denoiser.inChannels(), work.side(), work.side());
        return switch (work.network()) {
            case "unet" -> {
                var row = NoiseRow.of(denoiser, shape, work.tokens(), SEED);
                yield () -> denoiser.predict(shape, Collections.nCopies(work.rows(), row));
            }
            case "vae" -> () -> codec.decode(shape, Collections.nCopies(work.rows(), new float[shape.size()]));
            case "text_encoder" -> () -> encoder.states(Collections.nCopies(work.rows(), ""));
            default -> throw new IllegalArgumentException(work.network());
        };
    }

    @Override
    public void close() {
        denoiser.close();
        codec.close();
        encoder.close();
    }
}
