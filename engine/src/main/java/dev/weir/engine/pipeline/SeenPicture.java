package dev.weir.engine.pipeline;

import dev.weir.engine.HostTensor;
import dev.weir.engine.ImageCodec;
import dev.weir.engine.LatentDistribution;
import dev.weir.engine.LatentShape;
import dev.weir.engine.Tensors;
import dev.weir.engine.UnitImage;
import dev.weir.engine.diffusion.Guider;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.RowStart;
import dev.weir.engine.sampler.InpaintingSampler;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Image-to-image and inpainting of latents: what is told of a picture, and how a run begins with it. All that is random is drawn
 * where the run begins, in the order of diffusers' pipelines, so the sight of a picture does not depend on a seed.
 */
final class SeenPicture {

    private static final String PREFIX = Port.IMAGE.name() + "/";
    private static final String MASK = PREFIX + "mask";
    private static final String WHOLE = "";
    private static final String KEPT = "masked_";
    private static final String MEAN = "mean";
    private static final String DEVIATION = "deviation";

    private SeenPicture() {}

    /** The distribution of a picture's latents and, where a part of it is to be painted, the mask and what stays. */
    static Tensors see(PictureInput input, ImageCodec codec) {
        Optional<float[]> painted = input.painted();
        List<UnitImage> pictures = new ArrayList<>(List.of(input.seen()));
        painted.ifPresent(mask -> pictures.add(input.kept(mask)));
        List<LatentDistribution> latents = codec.encode(pictures);
        int height = input.height() / codec.scale();
        int width = input.width() / codec.scale();
        Tensors seen = told(WHOLE, codec.normalized(latents.get(0)), height, width);
        return painted.isEmpty()
                ? seen
                : seen.with(told(KEPT, codec.normalized(latents.get(1)), height, width))
                        .with(MASK, HostTensor.of(input.reduced(painted.get(), codec.scale()), 1, height, width));
    }

    /** The distribution of the latents of a picture alone. */
    static Tensors see(UnitImage picture, ImageCodec codec) {
        LatentDistribution latents =
                codec.normalized(codec.encode(List.of(picture)).get(0));
        return told(WHOLE, latents, picture.height() / codec.scale(), picture.width() / codec.scale());
    }

    /** A latent that no autoencoder has seen. */
    static Tensors see(HostTensor latent) {
        return Tensors.of(PREFIX + WHOLE + MEAN, latent);
    }

    private static Tensors told(String what, LatentDistribution latents, int height, int width) {
        int channels = latents.mean().length / (height * width);
        Tensors told = Tensors.of(PREFIX + what + MEAN, HostTensor.of(latents.mean(), channels, height, width));
        return latents.deviation()
                .map(wide -> told.with(PREFIX + what + DEVIATION, HostTensor.of(wide, channels, height, width)))
                .orElse(told);
    }

    /** The run of a sample that begins with a picture, or of one that begins with noise where none was seen. */
    static Row begin(Begin begin, Guider guider) {
        Tensors given = begin.given();
        Sampler sampler = begin.sampler();
        boolean looks = begin.beside() > 0;
        if (looks && !given.has(MASK)) {
            throw new IllegalArgumentException(
                    "mask is missing, and the image has no transparent part: this model paints a part of an image");
        }
        if (!given.has(PREFIX + WHOLE + MEAN)) {
            RowStart start = RowStart.fromNoise(sampler, begin.sample(), begin.noise());
            return new Row(sampler, start, begin.noise(), guider);
        }
        if (!given.has(MASK)) {
            float[] picture = drawn(begin, begin.sample().size());
            float[] noise = begin.noise().normal(picture.length);
            return row(begin, sampler, sampler.start(picture, noise), Tensors.NONE, guider);
        }
        // A network that looks at the picture itself needs it only where the run does not begin with noise alone.
        // So does diffusers' own; ComfyUI's begins with the picture in any case.
        boolean noisiest = begin.request().strength() == 1;
        int size = begin.sample().size();
        float[] picture = looks && noisiest ? new float[size] : drawn(begin, size);
        float[] noise = begin.noise().normal(picture.length);
        float[] kept = drawn(KEPT, begin, size);
        HostTensor mask = given.get(MASK);
        float[] begun = begin.request().maskedContent().latents(picture, mask.values(), noise);
        float[] start = noisiest && begin.noise().drawsPictures()
                ? scaled(noise, sampler.initialNoiseScale())
                : sampler.start(begun, noise);
        return looks
                ? row(begin, sampler, start, Tensors.of(Tensors.CONCAT, beside(mask, kept, begin.sample())), guider)
                : row(
                        begin,
                        new InpaintingSampler(sampler, mask.values(), picture, noise),
                        start,
                        Tensors.NONE,
                        guider);
    }

    static Row row(Begin begin, Sampler sampler, float[] sample, Tensors inputs, Guider guider) {
        return new Row(sampler, new RowStart(SamplerState.start(sample), inputs), begin.noise(), guider);
    }

    /** Latents of the picture. */
    static float[] drawn(Begin begin, int size) {
        return drawn(WHOLE, begin, size);
    }

    private static float[] drawn(String what, Begin begin, int size) {
        HostTensor mean = begin.given().get(PREFIX + what + MEAN);
        if (mean.values().length != size) {
            throw new IllegalArgumentException(
                    "an image with latents of %s does not fit %s".formatted(mean.shape(), begin.sample()));
        }
        Optional<float[]> deviation =
                begin.given().find(PREFIX + what + DEVIATION).map(HostTensor::values);
        var latents = new LatentDistribution(mean.values(), deviation);
        return deviation.isEmpty() || !begin.noise().drawsPictures()
                ? latents.mode()
                : latents.sample(begin.noise().normal(mean.values().length));
    }

    private static float[] scaled(float[] values, float factor) {
        float[] scaled = new float[values.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = values[i] * factor;
        }
        return scaled;
    }

    private static HostTensor beside(HostTensor mask, float[] kept, LatentShape shape) {
        float[] both = new float[mask.values().length + kept.length];
        System.arraycopy(mask.values(), 0, both, 0, mask.values().length);
        System.arraycopy(kept, 0, both, mask.values().length, kept.length);
        return HostTensor.of(both, shape.channels() + 1, shape.height(), shape.width());
    }
}
