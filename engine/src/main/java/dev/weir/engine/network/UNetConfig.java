package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Join;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.Tensors;
import dev.weir.engine.graph.Script;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;

/**
 * The options of a {@code UNet2DConditionModel}: all that diffusers has, except the boxes of GLIGEN.
 *
 * @param inChannels of the sample and what stands beside it, without a hint's
 * @param pixels of a sample at the network's native size
 * @param groups of the norm before the last convolution; 0 where there is none
 * @param upcastsAttention whether attention would leave the range of fp16
 * @param prompt where the network has states to attend to, as their encoder gives them
 */
record UNetConfig(
        int inChannels,
        int outChannels,
        int pixels,
        boolean centerInput,
        int channels,
        int convInKernel,
        int convOutKernel,
        int groups,
        double eps,
        Activation activation,
        Optional<Activation> timeActivation,
        TimeEmbedding time,
        Optional<ClassEmbedding> classes,
        Optional<AddedEmbedding> added,
        Optional<NetworkInput> prompt,
        Optional<PromptProjection> projection,
        List<UNetBlock> down,
        Optional<MidBlock2D> middle,
        List<UNetBlock> up,
        boolean upcastsAttention) {

    static UNetConfig read(JsonNode json) {
        var config = new Config("UNet2DConditionModel", json);
        refuseWhatIsNot(config);
        var levels = UNetLevels.read(config);
        int channels = levels.down().get(0).channels();
        var time = TimeEmbedding.read(config, channels);
        var classes = ClassEmbedding.read(config, time.width());
        boolean beside = classes.isPresent() && classes.get().beside();
        var options = BlockOptions.read(config, beside ? 2 * time.width() : time.width());
        int promptWidth = levels.promptWidth(config);
        var projection = PromptProjection.read(config, promptWidth);
        var added = AddedEmbedding.read(config, promptWidth);
        if (beside && added.isPresent()) {
            throw config.refused("class_embeddings_concat", "false where addition_embed_type is set");
        }
        if (config.isNull("norm_num_groups") && !levels.down().get(0).type().isK()) {
            throw config.refused("norm_num_groups", "a number for other blocks than K blocks");
        }
        boolean pooled = added.isPresent() && added.get().kind() == AddedEmbedding.Kind.TEXT;
        boolean projected = projection.kind() != PromptProjection.Kind.NONE;
        boolean readsStates = projection.readsStates() && (levels.readPrompt() || projected) || pooled;
        boolean mixesPadding = pooled || options.mixesPadding(levels.all());
        var sides = config.integers("sample_size", 2, 64);
        var unet = new UNetConfig(
                config.integer("in_channels", 4)
                        - added.map(AddedEmbedding::hintChannels).orElse(0),
                config.integer("out_channels", 4),
                sides.get(0) * sides.get(1),
                config.bool("center_input_sample", false),
                channels,
                config.integer("conv_in_kernel", 3),
                config.integer("conv_out_kernel", 3),
                options.groups(),
                options.eps(),
                options.activation(),
                Activation.optional(config, "time_embedding_act_fn"),
                time,
                classes,
                added,
                readsStates
                        ? Optional.of(GraphInputs.sequence(
                                Tensors.ENCODER_HIDDEN_STATES,
                                projection.encoderWidth(),
                                mixesPadding ? Join.STACK : Join.PAD))
                        : Optional.empty(),
                levels.readPrompt() || projected ? Optional.of(projection) : Optional.empty(),
                levels.down().stream().map(options::down).toList(),
                levels.middle().map(options::middle),
                levels.up().stream().map(options::up).toList(),
                config.bool("upcast_attention", false));
        config.refuseTheRest();
        var names = unet.inputs().stream().map(NetworkInput::name).distinct();
        if (names.count() < unet.inputs().size()) {
            throw config.refused("encoder_hid_dim", "one width of a picture's embedding");
        }
        if (unet.inChannels() < 1) {
            throw config.refused("in_channels", "channels of a sample besides those of a hint");
        }
        return unet;
    }

    private static void refuseWhatIsNot(Config config) {
        config.oneOf("attention_type", "default", List.of("default"));
        if (config.has("num_attention_heads")) {
            throw config.refused("num_attention_heads", "null: attention_head_dim is the number of heads");
        }
        config.ignore("dropout", "projection_class_embeddings_input_dim");
    }

    /** What is so in all methods of the network. */
    void describe(Script script) {
        if (upcastsAttention) {
            script.upcastAttention();
        }
    }

    /** What the network takes besides the sample and the timestep, in the order of its method's inputs. */
    List<NetworkInput> inputs() {
        var inputs = new LinkedHashSet<NetworkInput>();
        inputs.add(new NetworkInput(
                Tensors.CONCAT, List.of(NetworkInput.ANY, NetworkInput.ANY, NetworkInput.ANY), Join.CONCAT));
        prompt.ifPresent(inputs::add);
        classes.ifPresent(embedding -> inputs.add(embedding.input()));
        inputs.addAll(time.inputs());
        added.ifPresent(embedding -> inputs.addAll(embedding.inputs()));
        projection.ifPresent(own -> inputs.addAll(own.inputs()));
        return new ArrayList<>(inputs);
    }
}
