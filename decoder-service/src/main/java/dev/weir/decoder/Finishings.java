package dev.weir.decoder;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelException;
import dev.weir.engine.Upscaler;
import dev.weir.engine.UpscalerFile;
import dev.weir.picture.PictureException;
import dev.weir.proto.v1.Generation;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.FilesHere;
import dev.weir.serving.NotFinite;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The pictures that upscalers enlarge, one after the other, and the upscalers that were used last. A turn computes one tile, so that the
 * device goes on with other work in between. Device thread.
 */
final class Finishings implements AutoCloseable {

    private static final int MOST_LOADED = 2;
    private static final long TELL_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final ComputeTarget target;
    private final Function<String, Map<String, UpscalerFile>> known;
    private final Deque<Finishing> waiting = new ArrayDeque<>();
    /** By fingerprint, those used last at the end. */
    private final Map<String, Upscaler> loaded = new LinkedHashMap<>();

    private long told = System.nanoTime();

    /** @param known gives the upscalers that there are beside a model */
    Finishings(ComputeTarget target, Function<String, Map<String, UpscalerFile>> known) {
        this.target = target;
        this.known = known;
    }

    /** Whether the picture of work goes through steps after it is decoded. */
    static boolean isWanted(Work work) {
        return !work.isFrame() && work.task().getGeneration().hasFinishing();
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    void add(Finishing finishing) {
        waiting.add(finishing);
    }

    void drop(SampleKey key) {
        waiting.removeIf(finishing -> finishing.work().key().equals(key));
    }

    /** A tile or a step of the oldest picture. */
    void turn(Outbox outbox) {
        Finishing oldest = waiting.element();
        Work work = oldest.work();
        try {
            if (oldest.advance(name -> upscaler(work, name))) {
                waiting.remove();
            }
        } catch (RuntimeException | Error e) {
            waiting.remove();
            outbox.fail(work, failure(e));
        }
        if (System.nanoTime() - told > TELL_AGAIN_NANOS) {
            told = System.nanoTime();
            waiting.forEach(finishing -> outbox.goesOn(finishing.work()));
        }
    }

    private static Failure failure(Throwable problem) {
        if (problem instanceof ModelException unavailable) {
            return FilesHere.unavailable(unavailable);
        }
        if (problem instanceof ArithmeticException) {
            return NotFinite.ofRequest("the upscaler's picture");
        }
        if (problem instanceof PictureException) {
            return new Failure("invalid_image", problem.getMessage(), false);
        }
        return new Failure(
                "upscale_failed", String.valueOf(problem.getMessage()), !(problem instanceof IllegalArgumentException));
    }

    private Upscaler upscaler(Work work, String name) {
        Generation generation = work.task().getGeneration();
        String fingerprint = generation.getUpscalersList().stream()
                .filter(upscaler -> upscaler.getName().equals(name))
                .map(dev.weir.proto.v1.Upscaler::getFingerprint)
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("the upscaler \"%s\" is not described".formatted(name)));
        UpscalerFile file = FilesHere.find(
                known.apply(work.task().getModel()), UpscalerFile::fingerprint, "upscaler", name, fingerprint);
        Upscaler upscaler = loaded.remove(fingerprint);
        if (upscaler == null && loaded.size() == MOST_LOADED) {
            loaded.remove(loaded.keySet().iterator().next()).close();
        }
        upscaler = upscaler == null ? file.load(target) : upscaler;
        loaded.put(fingerprint, upscaler);
        return upscaler;
    }

    @Override
    public void close() {
        loaded.values().forEach(Upscaler::close);
        loaded.clear();
    }
}
