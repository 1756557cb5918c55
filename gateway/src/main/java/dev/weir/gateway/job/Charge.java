package dev.weir.gateway.job;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.Upscaler;
import java.util.List;

/**
 * What a job counts against the limits of its user. A request whose later jobs begin with the pictures of its first one is admitted as a
 * whole, so that none of them is refused when the first is done. Immutable.
 *
 * @param images 0: the job was admitted with an earlier one
 * @param pixelSteps width times height times steps of all images; an upscaler's run counts as a step of the size that it makes
 */
public record Charge(int images, double pixelSteps) {

    static final Charge NONE = new Charge(0, 0);

    /** Of a job that is not part of a larger request, or what it was said to count. */
    public static Charge of(JobSpec spec) {
        return spec.terms().charge().orElseGet(() -> new Charge(spec.samples(), pixelSteps(spec) * spec.samples()));
    }

    /** Of a first job and of later ones, each of which changes all of its images: these count once, and the steps of all. */
    static Charge of(JobSpec first, List<JobSpec> later) {
        double steps = pixelSteps(first)
                + later.stream().mapToDouble(Charge::pixelSteps).sum();
        return new Charge(first.samples(), steps * first.samples());
    }

    private static double pixelSteps(JobSpec spec) {
        Generation generation = spec.generation();
        double pixels = (double) generation.getWidth() * generation.getHeight();
        return pixels * spec.totalSteps()
                + enlarged(generation, generation.getResizing(), brought(spec, pixels))
                + enlarged(generation, generation.getFinishing(), pixels);
    }

    /** Of the picture that a resizing begins with. */
    private static double brought(JobSpec spec, double otherwise) {
        return spec.attachment("init_image")
                .map(image -> (double) image.width() * image.height())
                .orElse(otherwise);
    }

    /** The pixels that upscalers make in the steps. */
    private static double enlarged(Generation generation, Resizing resizing, double pixels) {
        double now = pixels;
        double made = 0;
        for (Resizing.Step step : resizing.getStepsList()) {
            if (step.hasSize() || step.hasPart()) {
                Size size = step.hasSize() ? step.getSize() : step.getPart().getSize();
                now = (double) size.getWidth() * size.getHeight();
            }
            if (!step.getUpscaler().isEmpty()) {
                now *= square(scale(generation, step.getUpscaler()));
                made += now;
            }
        }
        return made;
    }

    private static int scale(Generation generation, String name) {
        return generation.getUpscalersList().stream()
                .filter(upscaler -> upscaler.getName().equals(name))
                .mapToInt(Upscaler::getScale)
                .findFirst()
                .orElse(1);
    }

    private static double square(double side) {
        return side * side;
    }

    /** Whether the job was admitted with an earlier one of its request. */
    boolean isPaid() {
        return images == 0;
    }
}
