package dev.weir.decoder;

import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.DepthMap;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.Port;
import dev.weir.engine.pipeline.Sight;
import dev.weir.picture.PictureException;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.StageRole;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Inputs;
import dev.weir.serving.PictureSteps;
import java.util.Optional;
import java.util.OptionalInt;

/** What a request's pictures are to an autoencoder, and what it says of them. Stateless; any thread. */
final class Sights {

    private Sights() {}

    /** Whether a made picture is put back into the one that the request brought. */
    static boolean isPutBack(Work work) {
        return !work.isFrame()
                && work.stage().getRole() == StageRole.DECODE
                && work.stage().getTakesList().contains(Port.INIT_IMAGE.name());
    }

    /** Throws {@link PictureException}, or an IllegalArgumentException that names what is missing. */
    static Sight of(Work work) {
        Generation generation = work.task().getGeneration();
        boolean isMasked = work.has(Port.MASK.name()) || needsMask(work);
        Optional<Bitmap> mask = isMasked ? Optional.of(Inputs.picture(work, Port.MASK)) : Optional.empty();
        Bitmap brought = Inputs.picture(work, Port.INIT_IMAGE);
        Sight sight = Sight.of(
                generation.hasInitResizing() ? PictureSteps.of(brought.rgb(), generation.getInitResizing()) : brought,
                mask,
                work.stage().getWidth(),
                work.stage().getHeight(),
                generation.getMaskBlur(),
                generation.hasPaddingMaskCrop() ? OptionalInt.of(generation.getPaddingMaskCrop()) : OptionalInt.empty(),
                depth(work));
        Sight filled = sight.with(MaskedContent.named(generation.getMaskedContent()));
        return PictureSteps.exact(brought.rgb(), generation.getInitResizing())
                .map(filled::with)
                .orElse(filled);
    }

    /** Without the mask of its request, the whole image would be painted. */
    private static boolean needsMask(Work work) {
        return work.stage().getTakesList().contains(Port.MASK.name())
                && work.task().getGeneration().getAttachmentsList().stream()
                        .anyMatch(file -> Port.MASK.name().endsWith("/" + file.getName()));
    }

    private static Optional<DepthMap> depth(Work work) {
        return work.has(Port.DEPTH_MAP.name())
                ? Optional.of(Inputs.read(work, Port.DEPTH_MAP, DepthMap::read))
                : Optional.empty();
    }
}
