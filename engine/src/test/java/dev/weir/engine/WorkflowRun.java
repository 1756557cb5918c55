package dev.weir.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.image.DepthMap;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.network.Networks;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.AestheticScores;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.PipelineType;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.Role;
import dev.weir.engine.pipeline.Sight;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.prompt.Composition;
import dev.weir.engine.prompt.PromptSyntax;
import dev.weir.engine.prompt.Words;
import dev.weir.engine.sampler.PercentRange;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.Span;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/** The parts of a model with one diffusing stage, and recorded cases of any of its workflows that run through them. */
final class WorkflowRun implements AutoCloseable {

    private final ModelFolder model;
    private final TextEncoder encoder;
    final Denoiser network;
    private final ImageCodec codec;
    private final ImagePrompter prompter;

    WorkflowRun(ModelFolder model, ComputeTarget target) {
        this(
                model,
                model.textEncoder(target),
                model.denoiser(target),
                model.imageCodec(target),
                Networks.imagePrompter(target));
    }

    private WorkflowRun(
            ModelFolder model, TextEncoder encoder, Denoiser network, ImageCodec codec, ImagePrompter prompter) {
        this.model = model;
        this.encoder = encoder;
        this.network = network;
        this.codec = codec;
        this.prompter = prompter;
    }

    /** Shares the networks with another model that has the same files of them. */
    WorkflowRun as(ModelFolder other) {
        return new WorkflowRun(other, encoder, network, codec, prompter);
    }

    LatentShape shape(JsonNode json) {
        int scale = model.card().scale();
        return new LatentShape(
                model.card().latentChannels(),
                json.get("height").asInt() / scale,
                json.get("width").asInt() / scale);
    }

    /** What encoders give for the case's prompts and pictures. */
    Tensors given(JsonNode json) {
        Tensors given = json.has("prompt") ? encoded(encoder, json, loras(json)) : Tensors.NONE;
        given = given.with(seen(json));
        PipelineType type = model.pipeline().type();
        return takesPicture(json) ? given.with(type.see(type.input(sight(json), codec.scale()), codec)) : given;
    }

    /** What a text encoder gives for a case's prompts. */
    static Tensors encoded(TextEncoder encoder, JsonNode json) {
        return encoded(encoder, json, List.of());
    }

    private static Tensors encoded(TextEncoder encoder, JsonNode json, List<WeightedLora> loras) {
        List<Prompt> prompts =
                new ArrayList<>(List.of(Prompt.of(json.get("prompt").asText()).in(syntax(json))));
        if (json.get("negative_prompt").isNull()) {
            prompts.add(Prompt.absent(0));
        } else if (json.has("against")) {
            words(json).negative().texts().forEach(text -> prompts.add(Prompt.of(text)));
        } else {
            prompts.add(Prompt.of(json.get("negative_prompt").asText()).in(syntax(json)));
        }
        List<PromptStates> states =
                encoder.encode(prompts.stream().map(each -> each.with(loras)).toList());
        Tensors all = states.get(0).states().under("cond/");
        for (int i = 1; i < prompts.size(); i++) {
            all = all.with(states.get(i).states().under(i == 1 ? "uncond/" : "uncond/%d/".formatted(i - 1)));
        }
        return all;
    }

    /** Where a case has negative prompts that count in parts of the run, and zeros in the place of null. */
    private static Words words(JsonNode json) {
        List<JsonNode> against = new ArrayList<>();
        json.path("against").forEach(against::add);
        if (against.isEmpty()) {
            return Words.PLAIN;
        }
        return new Words(
                Composition.of(json.get("prompt").asText()),
                Composition.ofEqual(
                                against.stream()
                                        .map(each -> each.get(0).asText(""))
                                        .toList(),
                                against.stream()
                                        .map(each -> new PercentRange(
                                                each.get(1).doubleValue(),
                                                each.get(2).doubleValue()))
                                        .toList())
                        .zeroing(part -> against.get(part).get(0).isNull()));
    }

    private static PromptSyntax syntax(JsonNode json) {
        return PromptSyntax.parse(json.path("prompt_syntax").asText());
    }

    private List<WeightedLora> loras(JsonNode json) {
        List<WeightedLora> loras = new ArrayList<>();
        for (JsonNode use : json.path("loras")) {
            loras.add(new WeightedLora(
                    model.loras().byName().get(use.get(0).asText()), use.get(1).floatValue()));
        }
        return loras;
    }

    /** What the network attends to of the pictures of the case's IP-Adapters. */
    private Tensors seen(JsonNode json) {
        Tensors seen = tokens(json);
        for (int i = 0; i < json.path("adapters").size(); i++) {
            JsonNode use = json.get("adapters").get(i);
            IpAdapter adapter = model.ipAdapters().byName().get(use.get(0).asText());
            for (String branch : List.of("cond/", "uncond/")) {
                String name = branch + "ip_adapter_" + i;
                seen = seen.with(name, network.attended(adapter, use.get(2).floatValue(), seen.get(name)));
            }
        }
        return seen;
    }

    /** What the case's IP-Adapters make of their pictures. */
    Tensors tokens(JsonNode json) {
        Tensors tokens = Tensors.NONE;
        for (int i = 0; i < json.path("adapters").size(); i++) {
            JsonNode use = json.get("adapters").get(i);
            IpAdapter adapter = model.ipAdapters().byName().get(use.get(0).asText());
            List<float[]> pixels = new ArrayList<>();
            use.get(1).forEach(name -> pixels.add(prompter.pixels(adapter, read(name, PictureReader::read))));
            var own = prompter.see(adapter, pixels);
            tokens = tokens.with("cond/ip_adapter_" + i, own.pictures()).with("uncond/ip_adapter_" + i, own.nothing());
        }
        return tokens;
    }

    private boolean takesPicture(JsonNode json) {
        return json.hasNonNull("image");
    }

    private Sight sight(JsonNode json) {
        int reduction = stages(json)
                .filter(stage -> stage.role() == Role.ENCODE)
                .mapToInt(StageSpec::reduction)
                .max()
                .orElseThrow();
        return Sight.of(
                read(json.get("image"), PictureReader::read),
                json.hasNonNull("mask") ? Optional.of(read(json.get("mask"), PictureReader::read)) : Optional.empty(),
                json.get("width").asInt() / reduction,
                json.get("height").asInt() / reduction,
                0,
                OptionalInt.empty(),
                json.hasNonNull("depth_map")
                        ? Optional.of(read(json.get("depth_map"), DepthMap::read))
                        : Optional.empty());
    }

    private static <T> T read(JsonNode name, BiFunction<byte[], PictureReader.Limits, T> reader) {
        try {
            return reader.apply(
                    Files.readAllBytes(ReferenceFile.path("images/" + name.asText())), PictureReader.Limits.DEFAULT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Stream<StageSpec> stages(JsonNode json) {
        return model.pipeline().workflows().stream()
                .filter(workflow -> workflow.name().equals(json.get("workflow").asText()))
                .flatMap(workflow -> workflow.stages().stream());
    }

    /** The run of a case at its start. */
    Row begin(JsonNode json) {
        StageSpec stage = stages(json)
                .filter(one -> one.role() == Role.DIFFUSE)
                .findFirst()
                .orElseThrow();
        int steps = json.get("steps").asInt();
        double strength = json.path("strength").asDouble(1);
        var schedule = model.scheduler(stage);
        String sampler = json.hasNonNull("sampler")
                ? json.get("sampler").asText()
                : model.card().defaults().sampler();
        return model.pipeline()
                .type()
                .begin(
                        stage,
                        new Begin(
                                model.card(),
                                shape(json),
                                Samplers.create(
                                        schedule,
                                        SamplerSpec.parse(sampler),
                                        Span.ofStrength(steps, strength, stage.strengthCount()),
                                        model.pipeline().type().tokens(shape(json))),
                                model.augmentation(stage),
                                new TorchGenerator(json.get("seed").asLong()),
                                network.inputs(),
                                network.inChannels() - model.card().latentChannels(),
                                request(json, strength),
                                given(json),
                                List.of(),
                                Optional.empty(),
                                words(json)))
                .with(loras(json))
                .steeredBy(SteeredRun.controls(model, json));
    }

    private static Request request(JsonNode json, double strength) {
        int width = json.get("width").asInt();
        int height = json.get("height").asInt();
        return new Request(
                width,
                height,
                json.get("guidance_scale").floatValue(),
                json.path("guidance_rescale").floatValue(),
                new GuidanceInterval(
                        json.path("guidance_start").asDouble(0),
                        json.path("guidance_end").asDouble(1),
                        json.path("guidance_reuse").asBoolean(false)),
                width,
                height,
                0,
                0,
                json.hasNonNull("class_label")
                        ? OptionalInt.of(json.get("class_label").asInt())
                        : OptionalInt.empty(),
                json.hasNonNull("noise_level")
                        ? OptionalInt.of(json.get("noise_level").asInt())
                        : OptionalInt.empty(),
                strength,
                json.path("image_guidance_scale").floatValue(),
                MaskedContent.ORIGINAL,
                AestheticScores.USUAL);
    }

    /** Makes the next step of all rows that are not done, in one forward. Returns how many these are. */
    int step(JsonNode json, List<Row> rows) {
        List<Row> left = rows.stream().filter(row -> !row.isDone()).toList();
        StepBatch.advance(network, shape(json), left);
        return left.size();
    }

    void finish(JsonNode json, List<Row> rows) {
        while (rows.stream().anyMatch(row -> !row.isDone())) {
            step(json, rows);
        }
    }

    RgbImage picture(JsonNode json, Row row) {
        return codec.decode(shape(json), List.of(row.state().sample())).get(0).orElseThrow();
    }

    @Override
    public void close() {
        prompter.close();
        codec.close();
        network.close();
        encoder.close();
    }
}
