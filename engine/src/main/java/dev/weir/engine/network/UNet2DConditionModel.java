package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.graph.Graph;
import dev.weir.engine.graph.Script;
import dev.weir.engine.graph.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * The denoiser of Stable Diffusion and its kin (Rombach et al. 2022): an image goes down through levels of half the size
 * each, through the middle, and up again, where each level also sees what passed it on the way down.
 */
final class UNet2DConditionModel implements DenoisingNetwork {

    private final UNetConfig config;
    private final Optional<ControlBank.Opener> controls;
    private final Optional<ImagePrompts> images;

    /**
     * @param controls opens the ControlNets that steer it; empty: none does
     * @param images that it sees beside the prompt; empty: none
     */
    private UNet2DConditionModel(
            UNetConfig config, Optional<ControlBank.Opener> controls, Optional<ImagePrompts> images) {
        this.config = config;
        this.controls = controls;
        this.images = images;
    }

    static UNet2DConditionModel read(JsonNode config) {
        return new UNet2DConditionModel(UNetConfig.read(config), Optional.empty(), Optional.empty());
    }

    @Override
    public UNet2DConditionModel seeing(ImagePrompts prompts) {
        return new UNet2DConditionModel(config, controls, Optional.of(prompts));
    }

    @Override
    public List<NetworkInput> inputs() {
        var inputs = new ArrayList<>(config.inputs());
        images.ifPresent(prompts -> inputs.addAll(prompts.inputs()));
        return inputs;
    }

    @Override
    public int width() {
        return config.channels();
    }

    @Override
    public Denoiser runBy(AdaptableNetwork network) {
        int labels = config.classes().map(ClassEmbedding::count).orElse(0);
        return new NetworkDenoiser(
                network,
                new RowFeeds(config.inChannels(), inputs(), labels),
                config.outChannels(),
                controls.map(opener -> new ControlBank(residuals(), opener)));
    }

    @Override
    public UNet2DConditionModel controlledBy(ControlBank.Opener opener) {
        return new UNet2DConditionModel(config, Optional.of(opener), images);
    }

    private ResidualShapes residuals() {
        return ResidualShapes.of(config);
    }

    @Override
    public void describe(Script script) {
        forward(script.method(NetworkDenoiser.FORWARD, GraphInputs.names(inputs())), List.of());
        if (controls.isPresent()) {
            var names = new ArrayList<>(List.of(GraphInputs.names(inputs())));
            names.addAll(residuals().names());
            var g = script.method(NetworkDenoiser.CONTROLLED, names.toArray(String[]::new));
            forward(g, residuals().inputs(g, config.pixels()));
        }
    }

    /** @param more what is added to each image that passes the levels by, and last to the middle's; none: nothing */
    private void forward(Graph g, List<Value> more) {
        var encoder = new UNetEncoder(config);
        var inputs = encoder.inputs(g, images);
        Deque<Optional<Value>> skips = new ArrayDeque<>();
        var x = encoder.down(g, encoder.first(g), inputs, skips);
        if (!more.isEmpty()) {
            add(g, more, skips);
            x = g.add(x, more.get(more.size() - 1));
        }
        for (int i = 0; i < config.up().size(); i++) {
            x = config.up().get(i).up(g.at("up_blocks." + i), x, inputs, skips);
        }
        if (config.groups() > 0) {
            x = config.activation().apply(g, g.groupNorm(x, "conv_norm_out", config.groups(), config.eps()));
        }
        g.returns(g.conv2d(x, "conv_out", config.outChannels(), config.convOutKernel())); // [B, C, H, W]
    }

    private static void add(Graph g, List<Value> more, Deque<Optional<Value>> skips) {
        var first = new ArrayList<>(skips);
        Collections.reverse(first);
        skips.clear();
        for (int i = 0; i < first.size(); i++) {
            skips.push(Optional.of(g.add(first.get(i).orElseThrow(), more.get(i))));
        }
    }
}
