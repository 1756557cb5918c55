package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ReadImage;
import dev.weir.gateway.comfyui.Value.Sampled;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.Upscaler;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An image, and what is done with it before it is used: ComfyUI's {@code common_upscale}. Immutable.
 *
 * @param source where it comes from
 * @param width after the steps
 * @param crops whether a step crops
 * @param pixels that all steps together compute
 * @param upscalers that steps name
 */
record Scaled(
        Source source,
        List<Resizing.Step> steps,
        int width,
        int height,
        boolean crops,
        long pixels,
        List<Upscaler> upscalers)
        implements Value {

    private static final int MULTIPLE = 8;
    /** Of the result of each step. */
    private static final long MOST_PIXELS = 1 << 24;
    /** Of all steps, which share few threads with other requests. */
    private static final long MOST_PIXELS_OF_ALL = 4 * MOST_PIXELS;

    sealed interface Source {}

    /** An image that the caller has uploaded. */
    record Upload(ReadImage.Fine file) implements Source {}

    /** The pictures of a sampler. */
    record Decoded(Sampled samples) implements Source {}

    static Scaled of(ReadImage.Fine file) {
        return new Scaled(
                new Upload(file), List.of(), file.image().width(), file.image().height(), false, 0, List.of());
    }

    static Scaled of(Sampled samples) {
        String[] sides = samples.size().split("x");
        return new Scaled(
                new Decoded(samples),
                List.of(),
                Integer.parseInt(sides[0]),
                Integer.parseInt(sides[1]),
                false,
                0,
                List.of());
    }

    Optional<ReadImage.Fine> file() {
        return source instanceof Upload upload ? Optional.of(upload.file()) : Optional.empty();
    }

    Optional<Sampled> samples() {
        return source instanceof Decoded decoded ? Optional.of(decoded.samples()) : Optional.empty();
    }

    /** Throws {@link RefusedNodeException}. */
    Scaled to(Node node, long newWidth, long newHeight, boolean crop) {
        if (Math.max(newWidth, newHeight) > NodeTypes.MOST_SIDE || newWidth * newHeight > MOST_PIXELS) {
            throw new RefusedNodeException(
                    node,
                    node.has("scale_by") ? "scale_by" : "width",
                    "makes an image of %dx%d; sides are at most %d, and all pixels %d"
                            .formatted(newWidth, newHeight, NodeTypes.MOST_SIDE, MOST_PIXELS));
        }
        Scaled scaled =
                to(node, node.text("upscale_method"), (int) Math.max(1, newWidth), (int) Math.max(1, newHeight), crop);
        scaled.requireFewPixels(node);
        return scaled;
    }

    private void requireFewPixels(Node node) {
        if (pixels > MOST_PIXELS_OF_ALL) {
            throw new RefusedNodeException(
                    node,
                    "image",
                    "is scaled with %d pixels in all steps up to here; at most %d are computed"
                            .formatted(pixels, MOST_PIXELS_OF_ALL));
        }
    }

    private Scaled to(Node node, String filter, int newWidth, int newHeight, boolean crop) {
        Resizing.Step.Builder step =
                Resizing.Step.newBuilder().setFilter(filter).setSize(size(newWidth, newHeight));
        double old = (double) width / height;
        double wanted = (double) newWidth / newHeight;
        if (crop && old != wanted) {
            // Python rounds halves to even.
            int left = old > wanted ? (int) Math.rint((width - width * (wanted / old)) / 2) : 0;
            int top = old < wanted ? (int) Math.rint((height - height * (old / wanted)) / 2) : 0;
            int wide = width - 2 * left;
            int high = height - 2 * top;
            if (wide < 1 || high < 1) {
                throw new RefusedNodeException(
                        node,
                        "image",
                        "has %dx%d pixels, and none is left when it is cropped for %dx%d"
                                .formatted(width, height, newWidth, newHeight));
            }
            step.setPart(part(left, top, wide, high));
        }
        return plus(step, newWidth, newHeight, crops || step.hasPart());
    }

    /** By an upscaler, which enlarges pictures of samplers alone. Throws {@link RefusedNodeException}. */
    Scaled by(Node node, Upscaler upscaler) {
        if (file().isPresent()) {
            throw new RefusedNodeException(
                    node,
                    "image",
                    "is an upload, and upscalers enlarge pictures of samplers; POST /v1/images/upscales enlarges"
                            + " uploads");
        }
        long wide = (long) width * upscaler.getScale();
        long high = (long) height * upscaler.getScale();
        if (wide * high > MOST_PIXELS) {
            throw new RefusedNodeException(
                    node,
                    "image",
                    "becomes %dx%d, and at most %d pixels are computed".formatted(wide, high, MOST_PIXELS));
        }
        List<Upscaler> named = new ArrayList<>(upscalers);
        if (!named.contains(upscaler)) {
            named.add(upscaler);
        }
        Resizing.Step.Builder step = Resizing.Step.newBuilder().setUpscaler(upscaler.getName());
        Scaled made = plus(step, (int) wide, (int) high, crops);
        made.requireFewPixels(node);
        return made.with(made.steps, named);
    }

    private Scaled with(List<Resizing.Step> otherSteps, List<Upscaler> named) {
        return new Scaled(source, List.copyOf(otherSteps), width, height, crops, pixels, List.copyOf(named));
    }

    /** Its steps up to the last one of an upscaler: what is done where its sampler's pictures are made. */
    Scaled finishing() {
        int end = 0;
        for (int i = 0; i < steps.size(); i++) {
            end = steps.get(i).getUpscaler().isEmpty() ? end : i + 1;
        }
        return with(steps.subList(0, end), upscalers);
    }

    /** The steps that are left after those; empty if it does not begin with them, or if upscalers are left. */
    Optional<Scaled> after(Scaled done) {
        int count = done.steps.size();
        if (steps.size() < count || !steps.subList(0, count).equals(done.steps)) {
            return Optional.empty();
        }
        Scaled left = with(steps.subList(count, steps.size()), List.of());
        return left.finishing().steps.isEmpty() ? Optional.of(left) : Optional.empty();
    }

    /** As {@code VAEEncode} cuts it. */
    Scaled encoded() {
        int wide = width / MULTIPLE * MULTIPLE;
        int high = height / MULTIPLE * MULTIPLE;
        return wide == width && high == height
                ? this
                : plus(
                        Resizing.Step.newBuilder()
                                .setPart(part(width % MULTIPLE / 2, height % MULTIPLE / 2, wide, high)),
                        wide,
                        high,
                        crops);
    }

    /** As the ControlNet of a node sees it, for an image of a size. Throws {@link RefusedNodeException}. */
    Scaled seen(Node node, String size) {
        String[] sides = size.split("x");
        return to(node, "nearest-exact", Integer.parseInt(sides[0]), Integer.parseInt(sides[1]), true);
    }

    private Scaled plus(Resizing.Step.Builder step, int newWidth, int newHeight, boolean nowCrops) {
        List<Resizing.Step> more = new ArrayList<>(steps);
        more.add(step.build());
        return new Scaled(
                source,
                List.copyOf(more),
                newWidth,
                newHeight,
                nowCrops,
                pixels + computed(newWidth, newHeight),
                upscalers);
    }

    /** A filter does one axis after the other, so there may be an image in between that is larger than both. */
    private long computed(long newWidth, long newHeight) {
        return Math.max(newWidth * newHeight, Math.max(newWidth * height, width * newHeight));
    }

    Resizing resizing() {
        return Resizing.newBuilder().addAllSteps(steps).setOnNumbers(true).build();
    }

    private static Resizing.Part part(int left, int top, int wide, int high) {
        return Resizing.Part.newBuilder()
                .setLeft(left)
                .setTop(top)
                .setSize(size(wide, high))
                .build();
    }

    private static Size size(int wide, int high) {
        return Size.newBuilder().setWidth(wide).setHeight(high).build();
    }
}
