package dev.weir.engine.original;

import dev.weir.engine.weights.WeightViews;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An autoencoder whose levels count from the largest picture both ways, and whose attention has convolutions of one pixel where
 * diffusers has matrices.
 *
 * @param levels how many there are
 */
public record AutoencoderNaming(int levels) implements Naming {

    private static final Pattern LEVEL =
            Pattern.compile("(encoder\\.down|decoder\\.up)\\.(\\d{1,4})\\.(block\\.|downsample\\.|upsample\\.)(.+)");
    private static final Pattern MIDDLE =
            Pattern.compile("(encoder|decoder)\\.mid\\.(?:block_([12])|attn_1\\.(norm|q|k|v|proj_out))\\.(.+)");
    private static final Pattern OWN = Pattern.compile("(encoder|decoder|quant_conv|post_quant_conv)\\..+");
    private static final Map<String, String> ATTENTION =
            Map.of("norm", "group_norm", "q", "to_q", "k", "to_k", "v", "to_v", "proj_out", "to_out.0");

    @Override
    public void add(String name, String original, WeightViews into) {
        Matcher level = LEVEL.matcher(name);
        Matcher middle = MIDDLE.matcher(name);
        if (level.matches()) {
            into.add(level(level), original);
        } else if (middle.matches()) {
            addMiddle(middle, original, into);
        } else if (OWN.matcher(name).matches()) {
            // Others are of its training: losses and averages.
            into.add(name.replace("coder.norm_out.", "coder.conv_norm_out."), original);
        }
    }

    private String level(Matcher name) {
        int level = Integer.parseInt(name.group(2));
        boolean isWayDown = name.group(1).equals("encoder.down");
        String block = isWayDown ? "encoder.down_blocks." + level : "decoder.up_blocks." + (levels - 1 - level);
        return switch (name.group(3)) {
            case "block." -> block + ".resnets." + shortcut(name.group(4));
            case "downsample." -> block + ".downsamplers.0." + name.group(4);
            default -> block + ".upsamplers.0." + name.group(4);
        };
    }

    private static String shortcut(String rest) {
        return rest.replace("nin_shortcut.", "conv_shortcut.");
    }

    private static void addMiddle(Matcher name, String original, WeightViews into) {
        String block = name.group(1) + ".mid_block.";
        if (name.group(2) != null) {
            int number = Integer.parseInt(name.group(2)) - 1;
            into.add(block + "resnets." + number + "." + shortcut(name.group(4)), original);
            return;
        }
        String part = block + "attentions.0." + ATTENTION.get(name.group(3)) + "." + name.group(4);
        into.flat(part, original);
    }
}
