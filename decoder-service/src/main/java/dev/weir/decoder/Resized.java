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

/** Pictures of requests that are only resized: no network sees them. Stateless; any thread. */
final class Resized {

    private Resized() {}

    static boolean isWanted(Work work) {
        return work.task().getGeneration().hasResizing();
    }

    /** Throws a {@link dev.weir.picture.PictureException}, or an IllegalArgumentException that names what is wrong. */
    static EncodedImage of(Work work) {
        Generation generation = work.task().getGeneration();
        Resizing resizing = generation.getResizing();
        Bitmap picture = PictureSteps.of(Inputs.picture(work, Port.INIT_IMAGE).rgb(), resizing);
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
