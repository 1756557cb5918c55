package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ModelFields;
import dev.weir.gateway.comfyui.Value.Clip;
import dev.weir.gateway.comfyui.Value.Conditioning;
import dev.weir.gateway.comfyui.Value.Latent;
import dev.weir.gateway.comfyui.Value.Model;
import dev.weir.gateway.comfyui.Value.Place;
import dev.weir.gateway.comfyui.Value.Sampled;
import dev.weir.gateway.comfyui.Value.Vae;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Follows the links of a graph that {@link Validation} has passed, and folds it into the fields of one request. What ComfyUI computes
 * and Weir does not is refused by the node and the input. Any thread.
 */
final class Compilation {

    private static final String SIZE = "size";
    private static final String SAMPLER = "sampler_name";
    private static final String SCHEDULER = "scheduler";
    private static final String LATENT = "latent_image";

    private final Graph graph;
    private final Offer offer;
    private final Map<String, List<Value>> values = new HashMap<>();

    /** What a graph that Weir does not compute asks for. */
    static final class RefusedException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final transient NodeError error;

        RefusedException(NodeError error) {
            super(error.details(), null, false, false);
            this.error = error;
        }

        NodeError error() {
            return error;
        }
    }

    Compilation(Graph graph, Offer offer) {
        this.graph = graph;
        this.offer = offer;
    }

    /** The pictures that an end of the graph shows or saves. Throws {@link RefusedException}. */
    Sampled pictures(String output) {
        return value(graph.node(output), "images", Sampled.class);
    }

    private <T extends Value> T value(Node node, String input, Class<T> type) {
        Link link = node.link(input).orElseThrow();
        Value value = values(graph.node(link.node())).get(link.slot());
        if (!type.isInstance(value)) {
            throw refused(node, input, "Weir does not compute this from the node %s".formatted(link.node()));
        }
        return type.cast(value);
    }

    private List<Value> values(Node node) {
        List<Value> known = values.get(node.id());
        if (known == null) {
            known = made(node);
            values.put(node.id(), known);
        }
        return known;
    }

    private List<Value> made(Node node) {
        return switch (node.type().name()) {
            case "CheckpointLoaderSimple" -> {
                String model = checkpoint(node);
                yield List.of(new Model(model), new Clip(model), new Vae(model));
            }
            case "CLIPTextEncode" -> List.of(new Conditioning(value(node, "clip", Clip.class), node.text("text")));
            case "EmptyLatentImage" ->
                List.of(new Latent(node, node.whole("width"), node.whole("height"), node.whole("batch_size")));
            case "KSampler" -> List.of(sampled(node));
            case "VAEDecode" -> {
                Sampled samples = value(node, "samples", Sampled.class);
                requireSame(node, "vae", value(node, "vae", Vae.class).model(), samples.model());
                yield List.of(samples);
            }
            default ->
                throw refused(
                        node,
                        "",
                        "Weir does not compute the class " + node.type().name());
        };
    }

    private String checkpoint(Node node) {
        return offer.checkpoint(node.text("ckpt_name"))
                .map(ModelCard::getId)
                .orElseThrow(() -> refused(node, "ckpt_name", "this model is not served any more"));
    }

    private Sampled sampled(Node node) {
        Model model = value(node, "model", Model.class);
        Conditioning positive = value(node, "positive", Conditioning.class);
        Conditioning negative = value(node, "negative", Conditioning.class);
        requireSame(node, "positive", positive.clip().model(), model.name());
        requireSame(node, "negative", negative.clip().model(), model.name());
        Latent latent = value(node, LATENT, Latent.class);
        ModelCard card = offer.checkpoint(model.name())
                .orElseThrow(() -> refused(node, "model", "this model is not served any more"));
        Map<String, Object> fields = new LinkedHashMap<>();
        Map<String, Place> places = new HashMap<>();
        fields.put("model", card.getId());
        put(fields, places, node, "prompt", "positive", positive.text());
        if (!negative.text().isEmpty()) {
            put(fields, places, node, "negative_prompt", "negative", negative.text());
        }
        if (ModelFields.takes(card, "prompt_syntax")) {
            fields.put("prompt_syntax", "comfyui");
        }
        put(fields, places, node, "seed", "seed", node.number("seed").toBigInteger());
        put(fields, places, node, "num_inference_steps", "steps", node.whole("steps"));
        put(fields, places, node, "guidance_scale", "cfg", node.number("cfg").doubleValue());
        sampler(node, card, fields, places);
        if (node.number("denoise").doubleValue() != 1) {
            throw refused(node, "denoise", "an empty latent image needs 1");
        }
        put(fields, places, latent.from(), SIZE, "width", latent.width() + "x" + latent.height());
        put(fields, places, latent.from(), "n", "batch_size", latent.count());
        fields.put("noise", "cpu");
        fields.put("on_disconnect", "finish");
        fields.put("preview", Map.of("every_ms", 500));
        return new Sampled(node, card.getId(), fields, places);
    }

    private static void put(
            Map<String, Object> fields,
            Map<String, Place> places,
            Node node,
            String field,
            String input,
            Object value) {
        fields.put(field, value);
        places.put(field, new Place(node.id(), input));
    }

    /** A model whose samplers have no schedules is sampled as it says itself. */
    private static void sampler(Node node, ModelCard card, Map<String, Object> fields, Map<String, Place> places) {
        String asked = node.text(SAMPLER);
        String own = SamplerName.SAMPLERS.get(asked);
        Sampler sampler = card.getSamplersList().stream()
                .filter(offered -> offered.getName().equals(own))
                .findFirst()
                .orElseThrow(() -> refused(node, SAMPLER, "%s does not have %s".formatted(card.getId(), asked)));
        put(fields, places, node, "sampler", SAMPLER, own);
        String scheduler = node.text(SCHEDULER);
        if (sampler.getSchedulesList().contains(scheduler)) {
            put(fields, places, node, "schedule", SCHEDULER, scheduler);
        } else if (!scheduler.equals("normal")) {
            throw refused(node, SCHEDULER, "%s has no schedule %s here".formatted(asked, scheduler));
        }
    }

    private static void requireSame(Node node, String input, String found, String model) {
        if (!found.equals(model)) {
            throw refused(
                    node, input, "is of the checkpoint %s, and Weir uses the parts of one, %s".formatted(found, model));
        }
    }

    private static RefusedException refused(Node node, String input, String problem) {
        return new RefusedException(NodeError.refused(node.id(), input, problem));
    }
}
