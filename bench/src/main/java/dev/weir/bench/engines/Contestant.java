package dev.weir.bench.engines;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.TextEncoder;
import java.util.Collections;
import java.util.List;

/** One of Weir's engines with a model's networks, in fp32 on the CPU. One thread. */
final class Contestant implements AutoCloseable {

    private static final long SEED = 1;
    /** Eight tokens of the default model's tokenizer, as the other programs get. */
    private static final String PROMPT = "a red apple on a table";
    /** Until the JVM has compiled the tokenizer, which other programs do not run here. */
    private static final int TOKENIZER_WARM_UP = 200;

    private final Denoiser denoiser;
    private final ImageCodec codec;
    private final TextEncoder encoder;

    Contestant(ModelFolder model, Engine engine) {
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        this.denoiser = model.denoiser(target);
        this.codec = model.imageCodec(target);
        this.encoder = model.textEncoder(target);
        for (int i = 0; i < TOKENIZER_WARM_UP; i++) {
            encoder.states(List.of(PROMPT));
        }
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
            case "text_encoder" -> () -> encoder.states(Collections.nCopies(work.rows(), PROMPT));
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
