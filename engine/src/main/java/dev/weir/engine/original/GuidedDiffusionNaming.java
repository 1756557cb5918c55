package dev.weir.engine.original;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.WeightViews;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The UNets and classifiers of guided diffusion (Dhariwal and Nichol 2021, arXiv 2105.05233) under the names of diffusers, and those that
 * read a text. Queries, keys and values are in one tensor there, in one of two orders.
 *
 * @param layers residual blocks of a level on the way down
 * @param heads of its attentions
 * @param headsApart whether each head's queries, keys and values lie together; else those of all heads do
 */
public record GuidedDiffusionNaming(int layers, Heads heads, boolean headsApart) implements Naming {

    /**
     * How many heads an attention has.
     *
     * @param width channels of each; 0: {@code count} says it
     * @param count whatever the channels
     */
    public record Heads(int width, int count) {

        int of(long channels) {
            if (width > 0 && channels % width != 0) {
                throw new ModelException(
                        "an attention has %d channels, which are no heads of %d, as num-head-channels says"
                                .formatted(channels, width));
            }
            return width == 0 ? count : Math.toIntExact(channels / width);
        }
    }

    private static final Pattern LEVEL = Pattern.compile("(input|output)_blocks\\.(\\d{1,4})\\.(\\d)\\.(.+)");
    private static final Pattern MIDDLE = Pattern.compile("middle_block\\.([012])\\.(.+)");
    private static final Pattern JOINED = Pattern.compile("(.*?)(qkv|qkv_proj)\\.(weight|bias)");
    private static final Pattern OF_TEXT = Pattern.compile("encoder_kv\\.(weight|bias)");
    private static final List<String> PARTS = List.of("to_q", "to_k", "to_v");
    private static final List<String> PARTS_OF_TEXT = List.of("add_k_proj", "add_v_proj");
    private static final String POOL = "out.2.";
    private static final String POSITIONS = "positional_embedding";
    private static final Map<String, String> OF_ATTENTION = Map.of("norm", "group_norm", "proj_out", "to_out.0");

    @Override
    public void add(String name, String original, WeightViews into) {
        Matcher level = LEVEL.matcher(name);
        Matcher middle = MIDDLE.matcher(name);
        if (name.startsWith(POOL) && !name.equals(POOL + "weight") && !name.equals(POOL + "bias")) {
            addPool(name.substring(POOL.length()), original, into);
        } else if (middle.matches()) {
            int number = Integer.parseInt(middle.group(1));
            addLayer("mid_block.", number == 1 ? 0 : number / 2, middle.group(2), original, into);
        } else if (level.matches() && !name.startsWith("input_blocks.0.")) {
            boolean isWayDown = level.group(1).equals("input");
            int place = Integer.parseInt(level.group(2)) - (isWayDown ? 1 : 0);
            int blocks = layers + 1;
            String block = (isWayDown ? "down_blocks." : "up_blocks.") + place / blocks + ".";
            addToLevel(block, isWayDown, place % blocks, level.group(3), level.group(4), original, into);
        } else if (name.equals("label_emb.weight")) {
            into.add("class_embedding.weight", original);
        } else {
            into.add(UNetLayers.begun(name, UNetLayers.OUTSIDE), original);
        }
    }

    /** What follows the last residual block of a level changes the size: on the way down a block of its own, on the way up a part of the last. */
    private void addToLevel(
            String block, boolean isWayDown, int layer, String part, String rest, String original, WeightViews into) {
        boolean isResidual = rest.contains("_layers.") || rest.startsWith("skip_connection.");
        boolean resizes = isWayDown ? layer == layers : !part.equals("0") && isResidual;
        if (rest.startsWith("op.")) {
            into.add(block + "downsamplers.0.conv." + rest.substring("op.".length()), original);
        } else if (rest.startsWith("conv.")) {
            into.add(block + "upsamplers.0." + rest, original);
        } else if (resizes) {
            String sampler = isWayDown ? "downsamplers.0." : "upsamplers.0.";
            into.add(block + sampler + UNetLayers.begun(rest, UNetLayers.RESIDUAL), original);
        } else {
            addLayer(block, layer, rest, original, into);
        }
    }

    private void addLayer(String block, int number, String rest, String original, WeightViews into) {
        Matcher joined = JOINED.matcher(rest);
        Matcher ofText = OF_TEXT.matcher(rest);
        String attention = block + "attentions." + number + ".";
        if (joined.matches()) {
            addParts(attention, PARTS, joined.group(3), headsApart, original, into);
        } else if (ofText.matches()) {
            addParts(attention, PARTS_OF_TEXT, ofText.group(1), headsApart, original, into);
        } else if (rest.contains("_layers.") || rest.startsWith("skip_connection.")) {
            into.add(block + "resnets." + number + "." + UNetLayers.begun(rest, UNetLayers.RESIDUAL), original);
        } else {
            int end = Math.max(0, rest.indexOf('.'));
            String layer = rest.substring(0, end);
            into.flat(attention + OF_ATTENTION.getOrDefault(layer, layer) + rest.substring(end), original);
        }
    }

    /** The classifier's pool, whose queries of all heads always lie together. */
    private void addPool(String rest, String original, WeightViews into) {
        Matcher joined = JOINED.matcher(rest);
        if (joined.matches()) {
            addParts("pool.", PARTS, joined.group(3), false, original, into);
        } else if (rest.equals(POSITIONS)) {
            into.transposed("pool." + POSITIONS, original);
        } else {
            into.flat("pool." + rest, original);
        }
    }

    private void addParts(
            String attention, List<String> parts, String kind, boolean apart, String original, WeightViews into) {
        TensorInfo info = into.original(original);
        int all = heads.of(info.shape()[0] / parts.size());
        int count = apart ? all : 1;
        for (int i = 0; i < parts.size(); i++) {
            into.headPart(attention + parts.get(i) + "." + kind, original, i, parts.size(), count);
        }
    }
}
