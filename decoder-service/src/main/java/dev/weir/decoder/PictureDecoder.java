package dev.weir.decoder;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.PictureChecker;
import dev.weir.engine.RgbImage;
import dev.weir.engine.Tensors;
import dev.weir.engine.pipeline.PictureInput;
import dev.weir.engine.pipeline.PipelineType;
import dev.weir.engine.pipeline.Sight;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model's autoencoder and, where there are, the tiny one for its frames and the safety checker that the operator wants. Device
 * thread.
 */
final class PictureDecoder implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PictureDecoder.class);

    private final PipelineType type;
    private final Safety safety;
    private final ImageCodec codec;
    private final LatentShape usual;
    private Optional<ImageCodec> tiny = Optional.empty();
    private Optional<PictureChecker> checker = Optional.empty();

    private PictureDecoder(ModelFolder folder, ImageCodec codec, Safety safety) {
        this.type = folder.pipeline().type();
        this.codec = codec;
        this.usual = folder.pipeline().latent();
        this.safety = safety;
    }

    /**
     * @param flagged whether the checker found something in the image
     * @param shown whether the image is what was decoded, and not black
     * @param points the file of a cloud of points, of which the image is a picture
     */
    record Decoded(RgbImage image, boolean flagged, boolean shown, Optional<byte[]> points) {

        Decoded with(RgbImage finished) {
            return new Decoded(finished, flagged, shown, points);
        }
    }

    static PictureDecoder open(ModelFolder folder, ComputeTarget target, Safety safety) {
        tell(folder, safety);
        var decoder = new PictureDecoder(folder, folder.imageCodec(target), safety);
        try {
            if (folder.hasTinyAutoencoder()) {
                decoder.tiny = Optional.of(folder.tinyCodec(target));
            }
            if (safety != Safety.OFF && folder.hasPictureChecker()) {
                decoder.checker = Optional.of(folder.pictureChecker(target));
            }
            return decoder;
        } catch (Throwable e) { // Their memory is native, and an error may say that it is short.
            decoder.close();
            throw e;
        }
    }

    private static void tell(ModelFolder folder, Safety safety) {
        String id = folder.card().id();
        if (safety == Safety.OFF && folder.hasPictureChecker()) {
            LOG.info("the model {} has a safety checker, which is off; --safety flag or blank turns it on", id);
        } else if (safety != Safety.OFF && !folder.hasPictureChecker()) {
            LOG.warn("the model {} has no safety checker: --safety does nothing for its pictures", id);
        }
    }

    int scale() {
        return codec.scale();
    }

    /** Of latents of the model's own size. */
    LatentShape usual() {
        return usual;
    }

    /** Whether a flagged picture is made black. */
    boolean blanks() {
        return safety == Safety.BLANK && checker.isPresent();
    }

    boolean hasTiny() {
        return tiny.isPresent();
    }

    /** One forward of the decoder, and one of the checker. Empty where an image, or the checker's scores of it, are not finite. */
    List<Optional<Decoded>> decode(LatentShape shape, List<float[]> latents) {
        return decode(codec, shape, latents);
    }

    /** The same with the tiny decoder, where there is one. */
    List<Optional<Decoded>> sketch(LatentShape shape, List<float[]> latents) {
        return decode(tiny.orElseThrow(), shape, latents);
    }

    private List<Optional<Decoded>> decode(ImageCodec by, LatentShape shape, List<float[]> latents) {
        List<Optional<RgbImage>> images = by.decode(shape, latents);
        List<RgbImage> finite = images.stream().flatMap(Optional::stream).toList();
        var flags = checker.map(check -> check.flags(finite))
                .orElseGet(() -> Collections.nCopies(finite.size(), Optional.of(false)))
                .iterator();
        List<Optional<Decoded>> decoded = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            float[] latent = latents.get(i);
            decoded.add(images.get(i).flatMap(shown -> flags.next()
                    .map(flagged -> checked(shown, flagged, () -> by.points(shape, latent)))));
        }
        return decoded;
    }

    /** What the encoder is given of a request's pictures. Any thread. */
    PictureInput input(Sight sight) {
        return type.input(sight, codec.scale());
    }

    /** What the encoder tells of them, as the model's diffusion takes it. */
    Tensors see(PictureInput input) {
        return type.see(input, codec);
    }

    /** The same of latents. */
    Tensors see(HostTensor latent) {
        return type.see(latent);
    }

    private Decoded checked(RgbImage image, boolean flagged, Supplier<Optional<byte[]>> points) {
        if (flagged && blanks()) {
            var black = new RgbImage(image.width(), image.height(), new byte[image.pixels().length]);
            return new Decoded(black, true, false, Optional.empty());
        }
        return new Decoded(image, flagged, true, points.get());
    }

    @Override
    public void close() {
        codec.close();
        tiny.ifPresent(ImageCodec::close);
        checker.ifPresent(PictureChecker::close);
    }
}
