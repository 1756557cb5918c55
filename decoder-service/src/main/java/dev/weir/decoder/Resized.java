package dev.weir.decoder;

import dev.weir.engine.image.Bitmap;
import dev.weir.engine.pipeline.Port;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import dev.weir.runtime.stage.Outbox.EncodedImage;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Inputs;
import dev.weir.serving.PictureSteps;
import dev.weir.serving.Pictures;

/** Pictures of requests that are only resized, or enlarged by upscalers: no network of the model sees them. Stateless; any thread. */
final class Resized {

    private Resized() {}

    static boolean isWanted(Work work) {
        return work.task().getGeneration().hasResizing();
    }

    /** Whether the device thread has a part in it. */
    static boolean needsUpscaler(Work work) {
        return PictureSteps.needUpscaler(work.task().getGeneration().getResizing());
    }

    /** The picture as the request brought it. Throws a {@link dev.weir.picture.PictureException}. */
    static Bitmap brought(Work work) {
        return Inputs.picture(work, Port.INIT_IMAGE).rgb();
    }

    /** Throws a {@link dev.weir.picture.PictureException}, or an IllegalArgumentException that names what is wrong. */
    static EncodedImage of(Work work) {
        return file(
                work, PictureSteps.of(brought(work), work.task().getGeneration().getResizing()));
    }

    /** The file of a picture after all steps. */
    static EncodedImage file(Work work, Bitmap picture) {
        Generation generation = work.task().getGeneration();
        Resizing resizing = generation.getResizing();
        return Pictures.plain(
                (resizing.hasCanvas() ? onto(resizing.getCanvas(), picture) : picture).image(), generation);
    }

    /** In the middle of a black picture, of which it may be larger. */
    private static Bitmap onto(Size canvas, Bitmap picture) {
        Bitmap black = Bitmap.black(canvas.getWidth(), canvas.getHeight(), Bitmap.RGB);
        int left = canvas.getWidth() / 2 - picture.width() / 2;
        int top = canvas.getHeight() / 2 - picture.height() / 2;
        int from = Math.max(0, -left);
        int count = Math.min(picture.width() - from, canvas.getWidth() - Math.max(0, left));
        for (int y = Math.max(0, top); y < Math.min(canvas.getHeight(), top + picture.height()); y++) {
            System.arraycopy(
                    picture.values(),
                    ((y - top) * picture.width() + from) * Bitmap.RGB,
                    black.values(),
                    (y * canvas.getWidth() + Math.max(0, left)) * Bitmap.RGB,
                    count * Bitmap.RGB);
        }
        return black;
    }
}
