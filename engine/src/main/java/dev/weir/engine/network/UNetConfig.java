package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * The options of a {@code UNet2DConditionModel}, those of Stable Diffusion 1.x and 2.x and its latent upscalers.
 *
 * @param levels on the way down
 * @param upLevels on the way up
 * @param groups of every group norm
 * @param timeWidth of the timestep's embedding
 */
record UNetConfig(
        int inChannels,
        int outChannels,
        int sampleSize,
        boolean centerInput,
        List<Level> levels,
        Level middle,
        List<Level> upLevels,
        int contextWidth,
        int groups,
        double eps,
        double midScale,
        int downsamplePadding,
        int convInKernel,
        int convOutKernel,
        boolean linearProjection,
        boolean cosineFirst,
        double frequencyShift,
        int timeWidth,
        Classes classes,
        int classCount) {

    /** A prompt's usual length, for packing weights. */
    static final int NOMINAL_TOKENS = 77;

    private static final List<String> DOWN = List.of("DownBlock2D", "CrossAttnDownBlock2D");
    private static final List<String> UP = List.of("UpBlock2D", "CrossAttnUpBlock2D");

    /** How a class label or noise level reaches the network. */
    enum Classes {
        NONE,
        TABLE,
        TIMESTEP
    }

    /**
     * One size of the image.
     *
     * @param resnets how many residual blocks; in the middle, how many attentions between them
     * @param attends whether a transformer follows each residual block
     * @param last whether no resampling follows
     */
    record Level(int channels, int resnets, boolean attends, int heads, int depth, boolean onlyCross, boolean last) {}

    Level upLevel(int i) {
        return upLevels.get(i);
    }

    Transformer2D transformer(Level level) {
        return new Transformer2D(level.heads(), level.depth(), groups, linearProjection, level.onlyCross());
    }

    static UNetConfig read(JsonNode json) {
        var config = new Config("UNet2DConditionModel", json);
        var channels = config.integers("block_out_channels");
        int n = channels.size();
        var down = blocks(config, "down_block_types", DOWN, n);
        var up = blocks(config, "up_block_types", UP, n);
        config.oneOf("mid_block_type", "UNetMidBlock2DCrossAttn", List.of("UNetMidBlock2DCrossAttn"));
        config.oneOf("act_fn", "silu", List.of("silu", "swish"));
        config.oneOf("resnet_time_scale_shift", "default", List.of("default"));
        config.oneOf("time_embedding_type", "positional", List.of("positional"));
        config.oneOf("attention_type", "default", List.of("default"));
        if (config.number("resnet_out_scale_factor", 1) != 1) {
            throw config.refused("resnet_out_scale_factor", "1.0");
        }
        // Attention accumulates in fp32 in every precision, which is what upcasting was for.
        config.ignore("dropout", "upcast_attention", "addition_embed_type_num_heads", "mid_block_only_cross_attention");
        var resnets = config.integers("layers_per_block", n, 2);
        var heads = config.integers("attention_head_dim", n, 8);
        var depths = config.integers("transformer_layers_per_block", n, 1);
        var onlyCross = config.bools("only_cross_attention", n, false);
        var contexts = config.integers("cross_attention_dim", n, 1280);
        if (contexts.stream().distinct().count() > 1) {
            throw config.refused("cross_attention_dim", "one width for all levels");
        }
        var levels = new ArrayList<Level>();
        var upLevels = new ArrayList<Level>();
        for (int i = 0; i < n; i++) {
            int r = n - 1 - i;
            levels.add(new Level(
                    channels.get(i),
                    resnets.get(i),
                    down.get(i),
                    heads.get(i),
                    depths.get(i),
                    onlyCross.get(i),
                    i == n - 1));
            upLevels.add(new Level(
                    channels.get(r),
                    resnets.get(r) + 1,
                    up.get(i),
                    heads.get(r),
                    depths.get(r),
                    onlyCross.get(r),
                    i == n - 1));
        }
        var middle = new Level(channels.get(n - 1), 1, true, heads.get(n - 1), depths.get(n - 1), false, true);
        var unet = new UNetConfig(
                config.integer("in_channels", 4),
                config.integer("out_channels", 4),
                config.integer("sample_size", 64),
                config.bool("center_input_sample", false),
                levels,
                middle,
                upLevels,
                contexts.get(0),
                config.integer("norm_num_groups", 32),
                config.number("norm_eps", 1e-5),
                config.number("mid_block_scale_factor", 1),
                config.integer("downsample_padding", 1),
                config.integer("conv_in_kernel", 3),
                config.integer("conv_out_kernel", 3),
                config.bool("use_linear_projection", false),
                config.bool("flip_sin_to_cos", true),
                config.number("freq_shift", 0),
                config.integer("time_embedding_dim", 4 * channels.get(0)),
                classes(config),
                config.integer("num_class_embeds", 0));
        config.refuseTheRest();
        return unet;
    }

    /** Which blocks of a way attend. */
    private static List<Boolean> blocks(Config config, String key, List<String> known, int size) {
        var types = config.texts(key);
        if (!known.containsAll(types) || types.size() != size) {
            throw config.refused(key, size + " of " + known);
        }
        return types.stream().map(type -> type.startsWith("CrossAttn")).toList();
    }

    private static Classes classes(Config config) {
        if (!config.has("class_embed_type")) {
            return config.has("num_class_embeds") ? Classes.TABLE : Classes.NONE;
        }
        config.oneOf("class_embed_type", null, List.of("timestep"));
        return Classes.TIMESTEP;
    }
}
