package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ReadImage;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import java.util.ArrayList;
import java.util.List;

/**
 * An image that the caller has uploaded, and what is done with it before it is used: ComfyUI's {@code common_upscale}. Immutable.
 *
 * @param width after the steps
 * @param crops whether a step crops
 */
record Scaled(ReadImage.Fine file, List<Resizing.Step> steps, int width, int height, boolean crops) implements Value {

    private static final int MULTIPLE = 8;
    /** Of the result of each step. */
    private static final long MOST_PIXELS = 1 << 24;

    static Scaled of(ReadImage.Fine file) {
        return new Scaled(file, List.of(), file.image().width(), file.image().height(), false);
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
        String filter = node.text("upscale_method").equals("lanczos") ? "lanczos" : "nearest";
        return to(filter, (int) Math.max(1, newWidth), (int) Math.max(1, newHeight), crop);
    }

    private Scaled to(String filter, int newWidth, int newHeight, boolean crop) {
        Resizing.Step.Builder step =
                Resizing.Step.newBuilder().setFilter(filter).setSize(size(newWidth, newHeight));
        double old = (double) width / height;
        double wanted = (double) newWidth / newHeight;
        if (crop && old != wanted) {
            // Python rounds halves to even.
            int left = old > wanted ? (int) Math.rint((width - width * (wanted / old)) / 2) : 0;
            int top = old < wanted ? (int) Math.rint((height - height * (old / wanted)) / 2) : 0;
            step.setPart(part(left, top, width - 2 * left, height - 2 * top));
        }
        return plus(step, newWidth, newHeight, crops || crop);
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

    /** As a ControlNet sees it, for an image of a size. */
    Scaled seen(String size) {
        String[] sides = size.split("x");
        return to("nearest", Integer.parseInt(sides[0]), Integer.parseInt(sides[1]), true);
    }

    private Scaled plus(Resizing.Step.Builder step, int newWidth, int newHeight, boolean nowCrops) {
        List<Resizing.Step> more = new ArrayList<>(steps);
        more.add(step.build());
        return new Scaled(file, List.copyOf(more), newWidth, newHeight, nowCrops);
    }

    Resizing resizing() {
        return Resizing.newBuilder().addAllSteps(steps).build();
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
