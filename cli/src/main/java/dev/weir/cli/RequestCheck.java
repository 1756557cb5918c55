package dev.weir.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.client.ImageRequest;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.ModelCatalog;
import dev.weir.gateway.job.ModelNames;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.route.NodeDirectory;
import dev.weir.serving.Cards;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a gateway would say to a request, before there is one: it is held against the models' cards, which are read from their
 * configurations. No weights and no native library are loaded.
 */
final class RequestCheck {

    /** The flags of {@code weir generate}, by the fields that the gateway's messages begin with. */
    private static final Map<String, String> FLAGS = Map.ofEntries(
            Map.entry("prompt", "the prompt"),
            Map.entry("negative_prompt", "--negative"),
            Map.entry("num_inference_steps", "--steps"),
            Map.entry("guidance_scale", "--guidance"),
            Map.entry("size", "--size"),
            Map.entry("seed", "--seed"),
            Map.entry("sampler", "--sampler"),
            Map.entry("model", "--model"),
            Map.entry("n", "--n"),
            Map.entry("output_format", "--out"),
            Map.entry("schedule", "--schedule"),
            Map.entry("eta", "--eta"),
            Map.entry("noise", "--noise"),
            Map.entry("class_label", "--class"),
            Map.entry("clip_skip", "--clip-skip"),
            Map.entry("prompt_syntax", "--prompt-syntax"),
            Map.entry("guidance_rescale", "--guidance-rescale"),
            Map.entry("guidance_start", "--guidance-start"),
            Map.entry("guidance_end", "--guidance-end"),
            Map.entry("guidance_reuse", "--guidance-reuse"),
            Map.entry("original_size", "--original-size"),
            Map.entry("image_guidance_scale", "--image-guidance"),
            Map.entry("refiner_start", "--refiner-start"),
            Map.entry("crop", "--crop"),
            Map.entry("preview.grade", "--frame-grade"),
            Map.entry("init_image", "--image"),
            Map.entry("mask", "--mask"),
            Map.entry("depth_map", "--depth-map"),
            Map.entry("noise_level", "--noise-level"),
            Map.entry("prior_steps", "--prior-steps"),
            Map.entry("prior_guidance_scale", "--prior-guidance"),
            Map.entry("strength", "--strength"),
            Map.entry("mask_blur", "--mask-blur"),
            Map.entry("masked_content", "--masked-content"),
            Map.entry("padding_mask_crop", "--padding-mask-crop"),
            Map.entry("loras", "--lora"),
            Map.entry("controlnets", "--controlnet"),
            Map.entry("ip_adapters", "--ip-adapter"));

    private static final Pattern TAKEN = Pattern.compile("(.*, which takes )([a-z_]+(?:, [a-z_]+)*)");
    private static final Pattern NAME = Pattern.compile("[a-z]+(?:_[a-z]+)+|(?<=where )[a-z]+(?= is given)");

    private RequestCheck() {}

    /** The job that a gateway would make of the request. Throws {@link CliException} that names the flag. */
    static JobSpec job(ImageRequest request, List<ModelFolder> folders) {
        ObjectNode json = toJson(request)
                .put("n", request.count())
                .put("output_format", request.format().name().toLowerCase(Locale.ROOT));
        request.seed().ifPresent(seed -> json.put("seed", seed));
        json.putObject("preview").put("grade", request.frames().grade().name().toLowerCase(Locale.ROOT));
        ModelNames models = new ModelNames(new ModelCatalog(asServedBy(folders), System::nanoTime), Map.of());
        RequestReader reader = new RequestReader(models, GatewayConfig.Limits.DEFAULT.requests());
        try {
            return reader.job(Fields.parse(json.toString().getBytes(StandardCharsets.UTF_8)));
        } catch (ApiException e) {
            String param = e.error().param();
            throw new CliException(CliException.USAGE, withFlag(e.getMessage(), Optional.ofNullable(param)), e);
        }
    }

    /** The request's fields, under the names that the gateway has for them. */
    static ObjectNode toJson(ImageRequest request) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        request.prompt().ifPresent(value -> json.put("prompt", value));
        request.negativePrompt().ifPresent(value -> json.put("negative_prompt", value));
        request.model().ifPresent(value -> json.put("model", value));
        request.sampler().ifPresent(value -> json.put("sampler", value));
        request.steps().ifPresent(value -> json.put("num_inference_steps", value));
        request.guidanceScale().ifPresent(value -> json.put("guidance_scale", value));
        request.size().ifPresent(value -> json.put("size", value));
        request.options().addTo(json);
        request.input().addTo(json);
        return json;
    }

    /** A message of a gateway in the words of the command line, whose flags stand for one entry of a list each. */
    static String withFlag(String message, Optional<String> param) {
        return param.filter(field -> message.startsWith(field + " "))
                .map(field ->
                        flag(field.replaceFirst("\\[.*", ""), field) + withFlags(message.substring(field.length())))
                .orElse(message);
    }

    /** Also in the list of what a model takes, and where a name cannot be an ordinary word. */
    private static String withFlags(String message) {
        Matcher list = TAKEN.matcher(message);
        if (list.matches()) {
            String taken = Stream.of(list.group(2).split(", "))
                    .map(field -> flag(field, field))
                    .collect(Collectors.joining(", "));
            return list.group(1) + taken;
        }
        return NAME.matcher(message).replaceAll(name -> Matcher.quoteReplacement(flag(name.group(), name.group())));
    }

    private static String flag(String field, String otherwise) {
        return FLAGS.getOrDefault(field, otherwise);
    }

    private static NodeDirectory asServedBy(List<ModelFolder> folders) {
        NodeStatus.Builder status = NodeStatus.newBuilder().setStage(StageKind.DENOISER);
        for (ModelFolder folder : folders) {
            status.addModels(ModelStatus.newBuilder().setId(folder.card().id()).setCard(Cards.toProto(folder)));
        }
        List<NodeStatus> alive = List.of(status.build());
        return new NodeDirectory() {
            @Override
            public List<NodeStatus> alive() {
                return alive;
            }

            @Override
            public void onLost(Consumer<NodeStatus> listener) {
                // None is ever lost.
            }
        };
    }
}
