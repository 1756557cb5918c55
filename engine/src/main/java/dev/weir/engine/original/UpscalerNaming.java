package dev.weir.engine.original;

import dev.weir.engine.weights.WeightViews;
import dev.weir.engine.weights.Weights;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Upscalers of ESRGAN's first code, whose layers are numbered, and of BSRGAN, under the names that Real-ESRGAN has.
 *
 * @param blocks how many residual blocks a numbered network has
 * @param last the number of its last layer
 */
public record UpscalerNaming(int blocks, int last) implements Naming {

    private static final Pattern NUMBERED = Pattern.compile("model\\.(\\d{1,3})\\.(weight|bias)");
    private static final Pattern NUMBERED_BODY = Pattern.compile("model\\.1\\.sub\\.(\\d{1,3})\\.(weight|bias)");
    private static final Pattern NUMBERED_DENSE =
            Pattern.compile("model\\.1\\.sub\\.(\\d{1,3})\\.RDB(\\d)\\.conv(\\d)\\.0\\.(weight|bias)");
    private static final Pattern TRUNK_DENSE =
            Pattern.compile("RRDB_trunk\\.(\\d{1,3})\\.RDB(\\d)\\.conv(\\d)\\.(weight|bias)");
    private static final Map<String, String> TRUNK = Map.of("trunk_conv", "conv_body", "HRconv", "conv_hr");

    /** Of a file of any of these; names of Real-ESRGAN stay. */
    public static UpscalerNaming of(Weights file) {
        return new UpscalerNaming(highest(file, NUMBERED_DENSE) + 1, highest(file, NUMBERED));
    }

    private static int highest(Weights file, Pattern pattern) {
        return file.names().stream()
                .map(pattern::matcher)
                .filter(Matcher::matches)
                .mapToInt(matcher -> Integer.parseInt(matcher.group(1)))
                .max()
                .orElse(-1);
    }

    @Override
    public void add(String name, String original, WeightViews into) {
        into.add(renamed(name), original);
    }

    private String renamed(String name) {
        Matcher dense = NUMBERED_DENSE.matcher(name);
        Matcher trunk = TRUNK_DENSE.matcher(name);
        Matcher body = NUMBERED_BODY.matcher(name);
        Matcher layer = NUMBERED.matcher(name);
        if (dense.matches() || trunk.matches()) {
            Matcher found = dense.matches() ? dense : trunk;
            return "body.%s.rdb%s.conv%s.%s".formatted(found.group(1), found.group(2), found.group(3), found.group(4));
        }
        if (body.matches() && Integer.parseInt(body.group(1)) == blocks) {
            return "conv_body." + body.group(2);
        }
        if (layer.matches()) {
            return layer(name, Integer.parseInt(layer.group(1))) + "." + layer.group(2);
        }
        int end = name.lastIndexOf('.');
        String module = end < 0 ? name : name.substring(0, end);
        return TRUNK.getOrDefault(module, module.replaceFirst("^upconv(\\d)$", "conv_up$1"))
                + name.substring(module.length());
    }

    /** The first layer, one after each doubling of the size, and two at the end; an activation has a number, too. */
    private String layer(String name, int number) {
        if (number == 0) {
            return "conv_first";
        }
        if (number == last) {
            return "conv_last";
        }
        if (number == last - 2) {
            return "conv_hr";
        }
        return number % 3 == 0 ? "conv_up" + number / 3 : name.substring(0, name.lastIndexOf('.'));
    }
}
