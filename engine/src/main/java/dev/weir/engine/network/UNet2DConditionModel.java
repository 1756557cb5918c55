package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Denoiser;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.control.Steering;
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
    private final Steering steering;
    private final Optional<ControlBank> controls;
    private final Optional<ImagePrompts> images;

    /**
     * @param steering the kinds of networks that may steer it
     * @param controls holds these; empty: none does
     * @param images that it sees beside the prompt; empty: none
     */
    private UNet2DConditionModel(
            UNetConfig config, Steering steering, Optional<ControlBank> controls, Optional<ImagePrompts> images) {
        this.config = config;
        this.steering = steering;
        this.controls = controls;
        this.images = images;
    }

    static UNet2DConditionModel read(JsonNode config) {
        return new UNet2DConditionModel(UNetConfig.read(config), Steering.NONE, Optional.empty(), Optional.empty());
    }

    /** It shares the ControlNets that are loaded, and does not close them. */
    @Override
    public UNet2DConditionModel seeing(ImagePrompts prompts) {
        return new UNet2DConditionModel(config, steering, controls, Optional.of(prompts));
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
                controls,
                images.isEmpty());
    }

    @Override
    public boolean isSteerable() {
        return ResidualShapes.existIn(config);
    }

    @Override
    public UNet2DConditionModel controlledBy(Steering kinds, ControlBank.Opener opener) {
        return new UNet2DConditionModel(
                config, kinds, Optional.of(new ControlBank(residuals(), features(), opener)), images);
    }

    private ResidualShapes residuals() {
        return ResidualShapes.of(config);
    }

    private ResidualShapes features() {
        return ResidualShapes.ofFeatures(config);
    }

    @Override
    public void describe(Script script) {
        config.describe(script);
        steering.parts().forEach(part -> describe(script, part));
    }

    private void describe(Script script, Steering part) {
        var names = new ArrayList<>(List.of(GraphInputs.names(inputs())));
        if (part.hasNets()) {
            names.addAll(residuals().names());
        }
        if (part.hasAdapters()) {
            names.addAll(features().names());
        }
        var g = script.method(NetworkDenoiser.method(part), names.toArray(String[]::new));
        forward(
                g,
                part.hasNets() ? residuals().inputs(g, config.pixels()) : List.of(),
                part.hasAdapters() ? features().inputs(g, config.pixels()) : List.of());
    }

    /**
     * @param more what is added to each image that passes the levels by, and last to the middle's; none: nothing
     * @param features what is added on the way down: {@link UNetEncoder#down}
     */
    private void forward(Graph g, List<Value> more, List<Value> features) {
        var encoder = new UNetEncoder(config);
        var inputs = encoder.inputs(g, images);
        Deque<Optional<Value>> skips = new ArrayDeque<>();
        var x = encoder.down(g, encoder.first(g), inputs, features, skips);
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
