package dev.weir.decoder;

import dev.weir.engine.RgbImage;
import dev.weir.engine.Upscaler;
import dev.weir.engine.image.Bitmap;
import dev.weir.proto.v1.Resizing;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.PictureSteps;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** A picture on its way through the steps of a resizing: those of upscalers tile by tile, the others at once. Device thread. */
final class Finishing {

    private final Work work;
    private final Deque<Resizing> parts = new ArrayDeque<>();
    private final Consumer<RgbImage> end;
    private Supplier<RgbImage> begun;
    private RgbImage picture;
    private Optional<Upscaler.Enlargement> enlargement = Optional.empty();

    /**
     * @param begun gives the picture when its turn comes, so that work that waits holds none that is only read then
     * @param end is given the finished picture
     */
    Finishing(Work work, Supplier<RgbImage> begun, Resizing resizing, Consumer<RgbImage> end) {
        this.work = work;
        this.begun = begun;
        this.end = end;
        this.parts.addAll(PictureSteps.parts(resizing));
    }

    Work work() {
        return work;
    }

    /**
     * Does one step, or a tile of it.
     *
     * @param upscalers gives that of a name; throws what is wrong with it
     * @return whether the picture is finished
     */
    boolean advance(Function<String, Upscaler> upscalers) {
        if (begun != null) {
            picture = begun.get();
            begun = null;
        }
        if (enlargement.isEmpty()) {
            begin(parts.remove(), upscalers);
        } else {
            enlargement.get().advance();
        }
        if (enlargement.filter(Upscaler.Enlargement::isDone).isPresent()) {
            picture = enlargement.get().picture().orElseThrow(() -> new ArithmeticException("not finite"));
            enlargement = Optional.empty();
        }
        if (enlargement.isPresent() || !parts.isEmpty()) {
            return false;
        }
        end.accept(picture);
        return true;
    }

    private void begin(Resizing part, Function<String, Upscaler> upscalers) {
        String upscaler = part.getSteps(0).getUpscaler();
        if (upscaler.isEmpty()) {
            picture = PictureSteps.of(Bitmap.of(picture), part).image();
        } else {
            enlargement = Optional.of(upscalers.apply(upscaler).begin(picture));
        }
    }
}
