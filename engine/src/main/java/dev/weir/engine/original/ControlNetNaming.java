package dev.weir.engine.original;

import dev.weir.engine.weights.WeightViews;
import dev.weir.engine.weights.Weights;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A ControlNet of lllyasviel/ControlNet: a UNet's way down, convolutions that begin as zeros, and layers that bring the picture to the
 * sample's size, of which the last one has the highest number.
 *
 * @param layers how many residual blocks a block of diffusers has
 * @param lastHint the number of the last of the picture's layers
 */
public record ControlNetNaming(int layers, int lastHint) implements Naming {

    private static final Pattern ZERO = Pattern.compile("zero_convs\\.(\\d{1,4})\\.0\\.(.+)");
    private static final Pattern MIDDLE = Pattern.compile("middle_block_out\\.0\\.(.+)");
    private static final Pattern HINT = Pattern.compile("input_hint_block\\.(\\d{1,4})\\.(.+)");

    /**
     * Of a file.
     *
     * @param prefix before all names of the net
     */
    public static ControlNetNaming of(int layers, Weights file, String prefix) {
        int last = file.names().stream()
                .filter(name -> name.startsWith(prefix))
                .map(name -> HINT.matcher(name.substring(prefix.length())))
                .filter(Matcher::matches)
                .mapToInt(hint -> Integer.parseInt(hint.group(1)))
                .max()
                .orElse(0);
        return new ControlNetNaming(layers, last);
    }

    @Override
    public void add(String name, String original, WeightViews into) {
        Matcher zero = ZERO.matcher(name);
        Matcher middle = MIDDLE.matcher(name);
        Matcher hint = HINT.matcher(name);
        if (zero.matches()) {
            into.add("controlnet_down_blocks." + zero.group(1) + "." + zero.group(2), original);
        } else if (middle.matches()) {
            into.add("controlnet_mid_block." + middle.group(1), original);
        } else if (hint.matches()) {
            into.add(
                    "controlnet_cond_embedding." + hint(Integer.parseInt(hint.group(1))) + "." + hint.group(2),
                    original);
        } else {
            new UNetNaming(layers).add(name, original, into);
        }
    }

    /** Every second layer is an activation. */
    private String hint(int number) {
        if (number == 0) {
            return "conv_in";
        }
        return number == lastHint ? "conv_out" : "blocks." + (number / 2 - 1);
    }
}
