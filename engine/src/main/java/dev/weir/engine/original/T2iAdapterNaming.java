package dev.weir.engine.original;

import dev.weir.engine.weights.WeightViews;
import dev.weir.engine.weights.Weights;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A T2I-Adapter of TencentARC/T2I-Adapter. The residual blocks of a full one are numbered through all levels. Those of a light one are
 * numbered in each level.
 *
 * @param layers how many residual blocks a level of a full one has; 0 for a light one
 */
public record T2iAdapterNaming(int layers) implements Naming {

    private static final Pattern BLOCK = Pattern.compile("body\\.(\\d{1,4})\\.(block[12]\\..+)");
    private static final Pattern JOINT = Pattern.compile("body\\.(\\d{1,4})\\.((?:in|out)_conv\\..+)");
    private static final Pattern LIGHT_BLOCK = Pattern.compile("body\\.(\\d{1,4})\\.body\\.(\\d{1,4})\\.(.+)");
    private static final String FIRST_BLOCK = "body.0.block1.weight";
    private static final String FIRST_LIGHT_BLOCK = "body.0.body.0.block1.weight";

    public static boolean isOf(Weights file) {
        return file.names().contains(FIRST_BLOCK) || file.names().contains(FIRST_LIGHT_BLOCK);
    }

    /** Of a file: its second level is the first block that changes the width. */
    public static T2iAdapterNaming of(Weights file) {
        return new T2iAdapterNaming(
                file.names().contains(FIRST_LIGHT_BLOCK)
                        ? 0
                        : file.names().stream()
                                .map(JOINT::matcher)
                                .filter(Matcher::matches)
                                .mapToInt(joint -> Integer.parseInt(joint.group(1)))
                                .filter(number -> number > 0)
                                .min()
                                .orElse(1));
    }

    @Override
    public void add(String name, String original, WeightViews into) {
        Matcher block = BLOCK.matcher(name);
        Matcher joint = JOINT.matcher(name);
        Matcher light = LIGHT_BLOCK.matcher(name);
        if (light.matches()) {
            into.add(
                    "adapter.body.%s.resnets.%s.%s".formatted(light.group(1), light.group(2), light.group(3)),
                    original);
        } else if (block.matches() && layers > 0) {
            int number = Integer.parseInt(block.group(1));
            into.add(
                    "adapter.body.%d.resnets.%d.%s".formatted(number / layers, number % layers, block.group(2)),
                    original);
        } else if (joint.matches()) {
            int number = Integer.parseInt(joint.group(1));
            into.add("adapter.body.%d.%s".formatted(number / Math.max(1, layers), joint.group(2)), original);
        } else if (name.startsWith("conv_in.")) {
            into.add("adapter." + name, original);
        } else {
            into.add(name, original);
        }
    }
}
