package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.JobSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The units of the extension sd-webui-controlnet, which requests have in {@code alwayson_scripts}. What Weir computes otherwise than that
 * extension is refused. Stateless; any thread.
 */
final class ControlUnits {

    private static final String SCRIPTS = "alwayson_scripts";
    private static final String SCRIPT = "controlnet";
    private static final int MOST = 3;
    private static final String LIST = "controlnets";
    private static final String IMAGE = "image";

    private static final String NONE = "none";
    private static final String CANNY = "canny";
    /** Of that extension's maps, where a unit says nothing. */
    private static final long USUAL_RESOLUTION = 512;

    /** Weir's words by those of the extension. */
    private static final Map<String, String> MODULES = Map.of(
            NONE,
            NONE,
            CANNY,
            CANNY,
            "invert",
            "invert",
            "invert (from white bg & black line)",
            "invert",
            "blur",
            "blur");

    private static final Set<String> STRETCHING = Set.of("0", "just resize", "resizemode.resize", "scale to fit");
    private static final Set<String> BALANCED = Set.of("0", "balanced", "controlmode.balanced");

    /** A field of one of Weir's ControlNets, as messages begin with it. */
    private static final Pattern ENTRY = Pattern.compile("^controlnets\\[(\\d)]\\.(\\w+)");

    private static final Map<String, String> NAMES =
            Map.of("name", "model", "scale", "weight", "start", "guidance_start", "end", "guidance_end");

    private ControlUnits() {}

    /** @param image that a unit without one uses; empty: none */
    static void translate(Fields asked, Optional<String> image, Map<String, Object> weir) {
        List<Map<String, Object>> entries = new ArrayList<>();
        for (Fields unit : enabled(asked)) {
            weir.put(field(entries.size()), image(unit, image));
            entries.add(entry(unit));
        }
        if (!entries.isEmpty()) {
            weir.put(LIST, entries);
        }
    }

    /** An error about one of Weir's ControlNets, with the name of its unit: units that are not enabled have numbers too. */
    static ApiException named(Fields asked, ApiException problem) {
        ApiError error = problem.error();
        Matcher entry = ENTRY.matcher(error.message());
        if (!entry.find()) {
            return problem;
        }
        Fields unit = enabled(asked).get(Integer.parseInt(entry.group(1)));
        String field = NAMES.getOrDefault(entry.group(2), entry.group(2));
        return unit.invalid(
                error.code(), field, error.message().substring(entry.end()).replaceFirst("^:? ", ""));
    }

    /** Refuses other scripts. */
    private static List<Fields> enabled(Fields asked) {
        List<Fields> units = new ArrayList<>();
        Fields scripts = asked.object(SCRIPTS).orElse(Fields.of(Map.of()));
        for (String script : scripts.names()) {
            if (!script.equalsIgnoreCase(SCRIPT)) {
                throw new ApiException(ApiError.invalid(
                        422, "unknown_script", "always on script \"%s\" not found".formatted(script), SCRIPTS));
            }
            scripts.object(script).stream()
                    .flatMap(args -> args.objects("args", Integer.MAX_VALUE).stream())
                    .filter(unit -> !unit.has("enabled") || unit.flag("enabled"))
                    .forEach(units::add);
        }
        if (units.size() > MOST) {
            throw asked.invalid(
                    "out_of_range",
                    SCRIPTS,
                    "has %d ControlNet units that are enabled, and at most %d are allowed"
                            .formatted(units.size(), MOST));
        }
        return units;
    }

    /** Older clients call it {@code input_image}. */
    private static String image(Fields unit, Optional<String> otherwise) {
        return unit.text(IMAGE)
                .filter(text -> !text.isEmpty())
                .or(() -> unit.text("input_image").filter(text -> !text.isEmpty()))
                .or(() -> otherwise)
                .orElseThrow(() -> unit.missing(IMAGE));
    }

    private static Map<String, Object> entry(Fields unit) {
        Map<String, Object> entry = new LinkedHashMap<>();
        String model = unit.text("model")
                .filter(name -> !name.equalsIgnoreCase("none"))
                .orElseThrow(() -> unit.missing("model"));
        // Clients repeat what that extension calls a file: "control_v11p_sd15_canny [d14c016b]".
        entry.put("name", model.replaceFirst(" \\[[0-9a-f]{8,10}]$", ""));
        entry.put("preprocess", preprocessor(unit));
        unit.real("weight", 0, 2).ifPresent(weight -> entry.put("scale", weight));
        unit.real("guidance_start", 0, 1).ifPresent(start -> entry.put("start", start));
        unit.real("guidance_end", 0, 1).ifPresent(end -> entry.put("end", end));
        if (!BALANCED.contains(word(unit, "control_mode").orElse("0"))) {
            throw unsupported(unit, "control_mode", "only Balanced is");
        }
        if (unit.has("mask") || unit.has("effective_region_mask")) {
            throw unsupported(unit, unit.has("mask") ? "mask" : "effective_region_mask", "Weir does not have it");
        }
        return entry;
    }

    private static String preprocessor(Fields unit) {
        String module = unit.text("module").orElse(NONE).toLowerCase(Locale.ROOT);
        String own = MODULES.get(module);
        if (own == null) {
            throw unsupported(unit, "module", "Weir has none, canny, invert and blur, not \"%.60s\"".formatted(module));
        }
        if (own.equals(CANNY)) {
            threshold(unit, "threshold_a", 100);
            threshold(unit, "threshold_b", 200);
        }
        return own;
    }

    private static void threshold(Fields unit, String name, double own) {
        unit.real(name, -1, 1000).filter(value -> value >= 0 && value != own).ifPresent(value -> {
            throw unsupported(unit, name, "only %.0f is".formatted(own));
        });
    }

    /**
     * Weir stretches a unit's picture to the size that is made, and makes maps at that size. That extension does the same where the
     * picture has the same proportions or is to be stretched, and where the map's size is that of the image.
     */
    static void requireExact(Fields asked, JobSpec spec) {
        List<Fields> units = enabled(asked);
        int width = spec.generation().getWidth();
        int height = spec.generation().getHeight();
        for (int i = 0; i < units.size(); i++) {
            Fields unit = units.get(i);
            Attachment image = spec.attachment(field(i)).orElseThrow();
            boolean fits = (long) image.width() * height == (long) image.height() * width;
            if (!fits && !STRETCHING.contains(word(unit, "resize_mode").orElse("1"))) {
                throw unsupported(
                        unit,
                        "resize_mode",
                        "the picture has %dx%d pixels and the image %dx%d, so only Just Resize is"
                                .formatted(image.width(), image.height(), width, height));
            }
            boolean isSized = unit.flag("pixel_perfect") || resolution(unit) == Math.min(width, height);
            if (!isSized && List.of(CANNY, "blur").contains(preprocessor(unit))) {
                throw unsupported(
                        unit,
                        "processor_res",
                        "maps are made at the size of the image; set pixel_perfect or %d"
                                .formatted(Math.min(width, height)));
            }
        }
    }

    private static long resolution(Fields unit) {
        return unit.integer("processor_res", -1, 1 << 14)
                .filter(side -> side > 0)
                .orElse(USUAL_RESOLUTION);
    }

    private static String field(int unit) {
        return "%s[%d].%s".formatted(LIST, unit, IMAGE);
    }

    /** A choice, which is a number in some clients and a word in others. */
    private static Optional<String> word(Fields unit, String name) {
        return unit.toJson().getValue(name) instanceof Number number
                ? Optional.of("" + number.intValue())
                : unit.text(name).map(text -> text.toLowerCase(Locale.ROOT));
    }

    private static ApiException unsupported(Fields unit, String name, String what) {
        return unit.invalid("unsupported_value", name, "is not supported: " + what);
    }
}
