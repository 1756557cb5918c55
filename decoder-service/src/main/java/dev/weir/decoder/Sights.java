package dev.weir.decoder;

import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.PictureException;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.pipeline.Port;
import dev.weir.engine.pipeline.Sight;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.StageRole;
import dev.weir.runtime.stage.Work;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads the pictures that a request brings, and what it says of them. Stateless; any thread. */
final class Sights {

    private Sights() {}

    /** Whether a task is to see pictures. */
    static boolean isWanted(Work work) {
        return !work.isFrame() && work.stage().getGivesList().contains(Port.IMAGE.name());
    }

    /** Whether a made picture is put back into the one that the request brought. */
    static boolean isPutBack(Work work) {
        return !work.isFrame()
                && work.stage().getRole() == StageRole.DECODE
                && work.stage().getTakesList().contains(Port.INIT_IMAGE.name());
    }

    /** Throws {@link PictureException}, or an IllegalArgumentException that names what is missing. */
    static Sight of(Work work) {
        Generation generation = work.task().getGeneration();
        Optional<Bitmap> mask = work.has(Port.MASK.name()) ? Optional.of(picture(work, Port.MASK)) : Optional.empty();
        return new Sight(
                picture(work, Port.INIT_IMAGE),
                mask,
                work.stage().getWidth(),
                work.stage().getHeight(),
                generation.getMaskBlur(),
                generation.hasPaddingMaskCrop()
                        ? OptionalInt.of(generation.getPaddingMaskCrop())
                        : OptionalInt.empty());
    }

    private static Bitmap picture(Work work, Port port) {
        Tensor file = work.tensor(port.name());
        try {
            return PictureReader.read(file.toBytes(), PictureReader.Limits.DEFAULT);
        } catch (PictureException e) {
            String field = port.name().substring(port.name().indexOf('/') + 1);
            throw new PictureException(field + ": " + e.getMessage());
        }
    }
}
