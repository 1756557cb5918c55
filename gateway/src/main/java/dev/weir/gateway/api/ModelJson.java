package dev.weir.gateway.api;

import dev.weir.gateway.job.Route;
import dev.weir.gateway.job.SizeRange;
import dev.weir.gateway.job.StepRange;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Upscaler;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;

/** What a model takes and what it does of itself, as {@code /v1/models} says it. Stateless. */
public final class ModelJson {

    private ModelJson() {}

    public static JsonObject of(ModelCard card) {
        List<SizeRange> sizes = Route.ranges(card).stream().distinct().toList();
        JsonObject json = new JsonObject()
                .put("native_size", card.getNativeSize())
                .put("min_size", sizes.stream().mapToInt(SizeRange::min).min().orElseThrow())
                .put("max_size", sizes.stream().mapToInt(SizeRange::max).max().orElseThrow())
                .put("size_multiple", sizes.get(0).multiple())
                .put("sizes", new JsonArray(sizes.stream().map(ModelJson::size).toList()))
                .put("upsample_factor", Math.max(1, card.getUpsampleFactor()))
                .put(
                        "samplers",
                        new JsonArray(card.getSamplersList().stream()
                                .map(Sampler::getName)
                                .toList()))
                .put(
                        "sampler_choices",
                        new JsonArray(card.getSamplersList().stream()
                                .map(sampler -> sampler(card, sampler))
                                .toList()))
                .put(
                        "workflows",
                        new JsonArray(card.getWorkflowsList().stream()
                                .map(ModelJson::workflow)
                                .toList()))
                .put(
                        "preview_grades",
                        new JsonArray(FramesWanted.grades(card).stream()
                                .map(FramesWanted::name)
                                .toList()))
                .put(
                        "loras",
                        new JsonArray(
                                card.getLorasList().stream().map(Lora::getName).toList()))
                .put(
                        "controlnets",
                        new JsonArray(card.getControlnetsList().stream()
                                .map(ControlNet::getName)
                                .toList()))
                .put(
                        "embeddings",
                        new JsonArray(card.getEmbeddingsList().stream()
                                .map(Embedding::getName)
                                .toList()))
                .put(
                        "ip_adapters",
                        new JsonArray(card.getIpAdaptersList().stream()
                                .map(IpAdapter::getName)
                                .toList()))
                .put(
                        "upscalers",
                        new JsonArray(card.getUpscalersList().stream()
                                .map(Upscaler::getName)
                                .toList()))
                .put("default_sampler", card.getDefaultSampler())
                .put("default_steps", card.getDefaultSteps())
                .put("default_upsampler_steps", Route.upsamplerSteps(card))
                .put("max_steps", card.getMaxSteps())
                .put("default_guidance_scale", EventJson.rounded(card.getDefaultGuidanceScale()));
        return card.getDraft().isEmpty() ? json : json.put("draft", card.getDraft());
    }

    private static JsonObject sampler(ModelCard card, Sampler sampler) {
        StepRange steps = StepRange.of(card, sampler);
        return new JsonObject()
                .put("name", sampler.getName())
                .put("schedules", new JsonArray(List.copyOf(sampler.getSchedulesList())))
                .put("takes_eta", sampler.getTakesEta())
                .put("min_steps", steps.min())
                .put("max_steps", steps.max());
    }

    /** With the fields that a request may have for it besides those that all workflows take. */
    private static JsonObject workflow(Workflow workflow) {
        JsonArray fields = new JsonArray();
        workflow.getFieldsList().forEach(field -> {
            JsonObject json = new JsonObject().put("name", field.getName()).put("required", field.getNeeded());
            List<?> values = ModelFields.values(field.getName());
            if (!values.isEmpty()) {
                json.put("values", new JsonArray(values));
            }
            if (field.getMin() != field.getMax()) {
                json.put("min", field.getMin()).put("max", field.getMax());
            }
            fields.add(field.hasUsual() ? json.put("default", field.getUsual()) : json);
        });
        return new JsonObject()
                .put("name", workflow.getName())
                .put("fields", fields)
                .put("enlarges", Route.enlargement(workflow))
                .put("stages", stages(workflow))
                .put("sizes", size(Route.range(workflow)));
    }

    /** With the kind of node that runs each, and the network calls that do not depend on a request's steps. */
    private static JsonArray stages(Workflow workflow) {
        JsonArray stages = new JsonArray();
        for (WorkflowStage stage : workflow.getStagesList()) {
            JsonObject json =
                    new JsonObject().put("name", stage.getName()).put("node", Addresses.name(stage.getNode()));
            Route.fixedForwards(workflow, stage).ifPresent(forwards -> json.put("forwards", forwards));
            stages.add(json);
        }
        return stages;
    }

    private static JsonObject size(SizeRange range) {
        return new JsonObject()
                .put("min", range.min())
                .put("max", range.max())
                .put("multiple", range.multiple())
                .put("upsampled", range.upsampled());
    }
}
