package dev.weir.decoder;

import dev.weir.decoder.PictureDecoder.Decoded;
import dev.weir.engine.RgbImage;
import dev.weir.engine.image.Bitmap;
import dev.weir.picture.PictureException;
import dev.weir.proto.v1.PreviewFrame;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Outbox.EncodedImage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.PictureReaders;
import dev.weir.serving.PictureWriters;
import dev.weir.serving.Pictures;
import java.util.function.Supplier;

/**
 * How samples and frames end that have their picture: upscalers enlarge it, a part is put back, and its file is written. The device thread
 * calls it; files are written by threads of its own.
 */
final class Endings implements AutoCloseable {

    private final Target target;
    private final Finishings finishings;
    private final PictureReaders readers;
    private final PictureWriters writers = new PictureWriters();

    Endings(Target target, Finishings finishings, PictureReaders readers) {
        this.target = target;
        this.finishings = finishings;
        this.readers = readers;
    }

    /** No network is needed, so the picture is done when it is admitted. */
    static void resized(Work work, Supplier<EncodedImage> image, Outbox outbox) {
        try {
            EncodedImage made = image.get();
            outbox.started(work);
            outbox.finish(work, made);
        } catch (PictureException | IllegalArgumentException e) {
            outbox.fail(work, new Failure("invalid_image", e.getMessage(), false));
        }
    }

    /** The picture of a request through the steps of its resizing, of which upscalers have a part. */
    void enlarge(Work work, Outbox outbox) {
        outbox.started(work);
        finishings.add(new Finishing(
                work,
                () -> Resized.brought(work).image(),
                work.task().getGeneration().getResizing(),
                large -> writers.write(
                        work.key(),
                        () -> write(work, () -> outbox.finish(work, Resized.file(work, Bitmap.of(large))), outbox))));
    }

    /** The sample ends on another thread. The picture into which a part is put back is read first. */
    void finish(Work work, Decoded decoded, Outbox outbox) {
        if (Finishings.isWanted(work)) {
            finishings.add(new Finishing(
                    work,
                    decoded::image,
                    work.task().getGeneration().getFinishing(),
                    large -> writers.write(work.key(), () -> encode(work, decoded.with(large), outbox))));
        } else if (Sights.isPutBack(work)) {
            readers.execute(() -> encode(work, decoded, outbox));
        } else {
            writers.write(work.key(), () -> encode(work, decoded, outbox));
        }
    }

    /** A file that cannot be written fails alone. What is wrong with the request or the format is wrong on every node. */
    private void encode(Work work, Decoded decoded, Outbox outbox) {
        write(work, () -> tell(work, decoded, outbox), outbox);
    }

    private static void write(Work work, Runnable writing, Outbox outbox) {
        try {
            writing.run();
        } catch (IllegalArgumentException | UnsupportedOperationException e) {
            outbox.fail(work, new Failure("encode_failed", String.valueOf(e.getMessage()), false));
        } catch (RuntimeException | Error e) {
            outbox.fail(work, new Failure("encode_failed", String.valueOf(e.getMessage()), true));
        }
    }

    private void tell(Work work, Decoded decoded, Outbox outbox) {
        if (work.isFrame()) {
            PreviewFrame frame = work.task().getFrame();
            outbox.frame(work, frame.getStep(), frame.getTotal(), Pictures.frame(decoded.image()));
        } else {
            RgbImage made = Sights.isPutBack(work) ? Sights.of(work).finished(decoded.image()) : decoded.image();
            EncodedImage file = Pictures.picture(made, work, target, decoded.shown(), decoded.points());
            outbox.finish(work, file.flagged(decoded.flagged()));
        }
    }

    @Override
    public void close() {
        writers.close();
    }
}
