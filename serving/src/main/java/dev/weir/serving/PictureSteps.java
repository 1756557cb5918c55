package dev.weir.serving;

import dev.weir.engine.UnitImage;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.Filter;
import dev.weir.engine.image.Plane;
import dev.weir.engine.image.Region;
import dev.weir.engine.image.Resampler;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/** Pictures of requests that are cut and resized, one step after the other. Stateless; any thread. */
public final class PictureSteps {

    /** Those that make no numbers that bytes do not have. */
    private static final Set<String> OF_BYTES = Set.of("", "nearest-exact", "lanczos");

    private PictureSteps() {}

    /** Whether a step needs an upscaler, which only the device thread of a decoder node runs. */
    public static boolean needUpscaler(Resizing resizing) {
        return resizing.getStepsList().stream()
                .anyMatch(step -> !step.getUpscaler().isEmpty());
    }

    /** The same steps, each upscaler's for itself and those between them together. The canvas is left out. */
    public static List<Resizing> parts(Resizing resizing) {
        List<Resizing> parts = new ArrayList<>();
        Resizing.Builder others = resizing.toBuilder().clearSteps().clearCanvas();
        for (Resizing.Step step : resizing.getStepsList()) {
            if (step.getUpscaler().isEmpty()) {
                others.addSteps(step);
            } else {
                addOthers(parts, others);
                parts.add(Resizing.newBuilder().addSteps(step).build());
            }
        }
        addOthers(parts, others);
        return parts;
    }

    private static void addOthers(List<Resizing> parts, Resizing.Builder others) {
        if (others.getStepsCount() > 0) {
            parts.add(others.build());
            others.clearSteps();
        }
    }

    /**
     * Throws an IllegalArgumentException that names what is wrong.
     *
     * @param picture without alpha
     */
    public static Bitmap of(Bitmap picture, Resizing resizing) {
        if (needUpscaler(resizing)) {
            throw new IllegalArgumentException("no upscaler runs where pictures are read");
        }
        if (resizing.getOnNumbers()) {
            return Bitmap.of(numbers(picture, resizing).rgb().orElseThrow());
        }
        Bitmap made = picture;
        for (Resizing.Step step : resizing.getStepsList()) {
            made = step.hasPart() ? made.crop(region(made.width(), made.height(), step.getPart())) : made;
            if (step.hasSize()) {
                Size size = step.getSize();
                made = Resampler.resize(made, size.getWidth(), size.getHeight(), filter(step.getFilter()));
            }
        }
        return made;
    }

    /** The same picture, where it has numbers that bytes do not have. */
    public static Optional<UnitImage> exact(Bitmap picture, Resizing resizing) {
        boolean isOfBytes =
                resizing.getStepsList().stream().map(Resizing.Step::getFilter).allMatch(OF_BYTES::contains);
        return resizing.getOnNumbers() && !isOfBytes ? Optional.of(numbers(picture, resizing)) : Optional.empty();
    }

    /** One channel after the other, because numbers take four times the memory. */
    private static UnitImage numbers(Bitmap picture, Resizing resizing) {
        List<Plane> channels = IntStream.range(0, Bitmap.RGB)
                .mapToObj(channel -> plane(Plane.of(picture, channel), resizing))
                .toList();
        return Plane.joined(channels);
    }

    private static Plane plane(Plane channel, Resizing resizing) {
        Plane made = channel;
        for (Resizing.Step step : resizing.getStepsList()) {
            made = step.hasPart() ? made.crop(region(made.width(), made.height(), step.getPart())) : made;
            if (step.hasSize()) {
                made = made.resize(step.getSize().getWidth(), step.getSize().getHeight(), step.getFilter());
            }
        }
        return made;
    }

    private static Region region(int width, int height, Resizing.Part part) {
        int right = part.getLeft() + part.getSize().getWidth();
        int bottom = part.getTop() + part.getSize().getHeight();
        if (part.getSize().getWidth() < 1 || part.getSize().getHeight() < 1) {
            throw new IllegalArgumentException("a part of a picture has at least one pixel");
        }
        if (right > width || bottom > height) {
            throw new IllegalArgumentException(
                    "a picture of %dx%d has no part up to %d, %d".formatted(width, height, right, bottom));
        }
        return new Region(part.getLeft(), part.getTop(), right, bottom);
    }

    private static Filter filter(String name) {
        return Arrays.stream(Filter.values())
                .filter(filter -> filter.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("pictures are not resized by \"%s\"".formatted(name)));
    }
}
