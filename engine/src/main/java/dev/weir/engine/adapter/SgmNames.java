package dev.weir.engine.adapter;

import dev.weir.engine.original.UNetLayers;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names that a UNet's layers have in Stability AI's own code, by which kohya's trainer calls those of SDXL. Immutable.
 *
 * @param perBlock residual blocks of each block on the way down
 */
record SgmNames(int perBlock) {

    private static final Pattern BLOCK = Pattern.compile(
            "(down|up)_blocks\\.(\\d{1,4})\\.(resnets|attentions|downsamplers|upsamplers)\\.(\\d{1,4})(\\..+)");
    private static final Pattern MIDDLE = Pattern.compile("mid_block\\.(resnets|attentions)\\.(\\d{1,4})(\\..+)");
    private static final Pattern FIRST = Pattern.compile("down_blocks\\.0\\.resnets\\.(\\d{1,4})\\..+");

    /** @param layers as diffusers calls them */
    static SgmNames of(Set<String> layers) {
        int last = 0;
        for (var layer : layers) {
            var block = FIRST.matcher(layer);
            if (block.matches()) {
                last = Math.max(last, Integer.parseInt(block.group(1)));
            }
        }
        return new SgmNames(last + 1);
    }

    /** Empty where the layer has no such name. */
    Optional<String> of(String layer) {
        if (UNetLayers.OUTSIDE.containsKey(layer)) {
            return Optional.of(UNetLayers.OUTSIDE.get(layer));
        }
        var middle = MIDDLE.matcher(layer);
        if (middle.matches()) {
            boolean isResnet = middle.group(1).equals("resnets");
            int place = isResnet ? 2 * Integer.parseInt(middle.group(2)) : 1;
            return Optional.of("middle_block.%d%s".formatted(place, inner(isResnet, middle.group(3))));
        }
        var block = BLOCK.matcher(layer);
        return block.matches() ? Optional.of(inBlock(block.group(1).equals("down"), block)) : Optional.empty();
    }

    private String inBlock(boolean down, Matcher block) {
        var kind = block.group(3);
        int first = Integer.parseInt(block.group(2)) * (perBlock + 1);
        boolean resamples = kind.endsWith("samplers");
        // On the way up a block has one residual block more, and its sampler belongs to the last.
        int place = first + (resamples ? perBlock : Integer.parseInt(block.group(4)));
        if (!resamples) {
            boolean isResnet = kind.equals("resnets");
            return name(down, place, isResnet ? 0 : 1) + inner(isResnet, block.group(5));
        }
        return down ? name(true, place, 0) + ".op" : name(false, place, 2) + block.group(5);
    }

    private static String name(boolean down, int place, int inner) {
        return "%s_blocks.%d.%d".formatted(down ? "input" : "output", down ? place + 1 : place, inner);
    }

    private static String inner(boolean isResnet, String rest) {
        // It begins with the dot behind the block's number.
        String layer = rest.substring(1);
        return isResnet ? "." + UNetLayers.RESIDUAL.getOrDefault(layer, layer) : rest;
    }
}
