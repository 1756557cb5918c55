package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.Upscaler;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How {@code extra-single-image} resizes pictures: {@code scripts/postprocessing_upscale.py} and {@code modules/upscaler.py}. Immutable;
 * any thread.
 *
 * @param filter empty: pictures stay as they are, or an upscaler enlarges them
 * @param scale 0: to the size
 * @param crops whether what exceeds the size is cut off
 * @param mostPixels of one picture
 */
record Upscale(
        String filter,
        Optional<Upscaler> upscaler,
        double scale,
        int width,
        int height,
        boolean crops,
        long mostPixels) {

    /** Weir's filters by that program's names. */
    static final Map<String, String> FILTERS = new LinkedHashMap<>();

    static {
        FILTERS.put("None", "");
        FILTERS.put("Lanczos", "lanczos");
        FILTERS.put("Nearest", "nearest");
    }

    private static final int MULTIPLE = 8;
    /** Of all pictures of a request: an answer has all of them as base64. */
    private static final long MOST_PIXELS = 1 << 24;

    private static final List<String> VISIBILITIES =
            List.of("extras_upscaler_2_visibility", "gfpgan_visibility", "codeformer_visibility");

    /** Upscalers run until the size is reached. */
    private static final int MOST_RUNS = 3;

    private static final long MOST_PIXELS_BETWEEN = 1 << 25;

    /**
     * @param pictures of the request
     * @param upscalers that nodes have
     */
    static Upscale of(Fields asked, int pictures, List<Upscaler> upscalers) {
        for (String name : VISIBILITIES) {
            asked.real(name, 0, 1).filter(share -> share > 0).ifPresent(share -> {
                throw Translation.unsupported(asked, name, "only 0 is");
            });
        }
        String upscaler = asked.text("upscaler_1").orElse("None");
        Optional<Upscaler> network = find(upscalers, upscaler);
        if (!FILTERS.containsKey(upscaler) && network.isEmpty()) {
            throw Translation.unsupported(
                    asked,
                    "upscaler_1",
                    "Weir has %s, not \"%.60s\"".formatted(String.join(", ", names(upscalers)), upscaler));
        }
        boolean toSize = asked.integer("resize_mode", 0, 1).orElse(0L) == 1;
        return new Upscale(
                FILTERS.getOrDefault(upscaler, ""),
                network,
                toSize ? 0 : asked.real("upscaling_resize", 0.01, 16).orElse(2.0),
                asked.integer("upscaling_resize_w", 1, Translation.MOST_SIDE)
                        .orElse(512L)
                        .intValue(),
                asked.integer("upscaling_resize_h", 1, Translation.MOST_SIDE)
                        .orElse(512L)
                        .intValue(),
                toSize && (!asked.has("upscaling_crop") || asked.flag("upscaling_crop")),
                MOST_PIXELS / pictures);
    }

    /** One of these names that is none of a filter. */
    static Optional<Upscaler> find(List<Upscaler> upscalers, String name) {
        return FILTERS.containsKey(name)
                ? Optional.empty()
                : upscalers.stream()
                        .filter(upscaler -> upscaler.getName().equals(name))
                        .findFirst();
    }

    /** Filters, then upscalers. */
    static Set<String> names(List<Upscaler> upscalers) {
        Set<String> names = new LinkedHashSet<>(FILTERS.keySet());
        upscalers.forEach(upscaler -> names.add(upscaler.getName()));
        return names;
    }

    /** What is done with a picture of a size. */
    Resizing of(Fields asked, int wide, int high) {
        Resizing.Builder resizing = Resizing.newBuilder();
        if (filter.isEmpty() && upscaler.isEmpty()) {
            return resizing.build();
        }
        double by = scale > 0 ? scale : Math.max(width / (double) wide, height / (double) high);
        int[] end = {multiple(wide * by), multiple(high * by)};
        if (end[0] < 1 || end[1] < 1 || (long) end[0] * end[1] > mostPixels) {
            throw tooLarge(asked, end);
        }
        if (upscaler.isPresent()) {
            enlarge(asked, "upscaler_1", resizing, upscaler.get(), by, new int[] {wide, high}, end);
        } else {
            int[] now = {wide, high};
            if (by > 1) {
                now = step(resizing, filter, new int[] {(int) (wide * by), (int) (high * by)});
            }
            lanczos(resizing, now, end);
        }
        return crops ? resizing.setCanvas(size(width, height)).build() : resizing.build();
    }

    /**
     * {@code Upscaler.upscale}: the network again and again until a multiple of 8 near the size is reached, and once if nothing is to grow.
     * Then to the size by Lanczos.
     *
     * @param field that names the upscaler
     */
    static void enlarge(
            Fields asked,
            String field,
            Resizing.Builder resizing,
            Upscaler upscaler,
            double by,
            int[] from,
            int[] end) {
        int[] now = from;
        int[] wanted = {multiple(from[0] * by), multiple(from[1] * by)};
        for (int i = 0; i < MOST_RUNS && (now[0] < wanted[0] || now[1] < wanted[1] || i == 0 && by == 1); i++) {
            now = new int[] {now[0] * upscaler.getScale(), now[1] * upscaler.getScale()};
            if ((long) now[0] * now[1] > MOST_PIXELS_BETWEEN) {
                throw asked.invalid(
                        "out_of_range",
                        field,
                        "makes a picture of %dx%d on the way, and at most %d pixels are allowed"
                                .formatted(now[0], now[1], MOST_PIXELS_BETWEEN));
            }
            resizing.addSteps(Resizing.Step.newBuilder().setUpscaler(upscaler.getName()));
            if (upscaler.getScale() == 1) {
                break;
            }
        }
        lanczos(resizing, lanczos(resizing, now, wanted), end);
    }

    private static int[] lanczos(Resizing.Builder resizing, int[] now, int[] to) {
        return now[0] == to[0] && now[1] == to[1] ? now : step(resizing, "lanczos", to);
    }

    private ApiException tooLarge(Fields asked, int[] end) {
        return asked.invalid(
                "out_of_range",
                scale > 0 ? "upscaling_resize" : "upscaling_resize_w",
                "makes a picture of %dx%d; sides are at least %d, and a picture of this request has at most %d pixels"
                        .formatted(end[0], end[1], MULTIPLE, mostPixels));
    }

    private static int[] step(Resizing.Builder resizing, String filter, int[] to) {
        resizing.addSteps(Resizing.Step.newBuilder().setFilter(filter).setSize(size(to[0], to[1])));
        return to;
    }

    private static int multiple(double side) {
        return (int) (side / MULTIPLE) * MULTIPLE;
    }

    private static Size size(int width, int height) {
        return Size.newBuilder().setWidth(width).setHeight(height).build();
    }
}
