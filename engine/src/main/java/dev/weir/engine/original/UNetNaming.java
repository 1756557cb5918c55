package dev.weir.engine.original;

import dev.weir.engine.weights.WeightViews;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A UNet's layers in one list each way, where diffusers has blocks of some.
 *
 * @param layers how many residual blocks a block of diffusers has on the way down
 */
public record UNetNaming(int layers) implements Naming {

    private static final Pattern LAYER =
            Pattern.compile("(input_blocks|output_blocks|middle_block)\\.(\\d{1,4})\\.(?:(\\d)\\.)?(.+)");

    @Override
    public void add(String name, String original, WeightViews into) {
        into.add(renamed(name), original);
    }

    private String renamed(String name) {
        Matcher layer = LAYER.matcher(name);
        if (!layer.matches()) {
            return UNetLayers.begun(name, UNetLayers.OUTSIDE);
        }
        int number = Integer.parseInt(layer.group(2));
        if (layer.group(1).equals("middle_block")) {
            String rest = name.substring(("middle_block." + number + ".").length());
            return number == 1
                    ? "mid_block.attentions.0." + rest
                    : "mid_block.resnets." + number / 2 + "." + residual(rest);
        }
        if (layer.group(3) == null) {
            return name;
        }
        boolean isWayDown = layer.group(1).equals("input_blocks");
        if (isWayDown && number == 0) {
            return UNetLayers.begun(name, UNetLayers.OUTSIDE);
        }
        int place = isWayDown ? number - 1 : number;
        String block = (isWayDown ? "down_blocks." : "up_blocks.") + place / (layers + 1) + ".";
        return block + part(place % (layers + 1), layer.group(3), layer.group(4));
    }

    private static String part(int layer, String part, String rest) {
        if (rest.startsWith("op.")) {
            return "downsamplers.0.conv." + rest.substring("op.".length());
        }
        if (rest.startsWith("conv.")) {
            return "upsamplers.0." + rest;
        }
        return part.equals("0") ? "resnets." + layer + "." + residual(rest) : "attentions." + layer + "." + rest;
    }

    private static String residual(String rest) {
        return UNetLayers.begun(rest, UNetLayers.RESIDUAL);
    }
}
