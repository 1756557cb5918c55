package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ModelFields;
import dev.weir.gateway.comfyui.Value.Conditioning;
import dev.weir.gateway.comfyui.Value.Control;
import dev.weir.gateway.comfyui.Value.Latent;
import dev.weir.gateway.comfyui.Value.LoraUse;
import dev.weir.gateway.comfyui.Value.Model;
import dev.weir.gateway.comfyui.Value.Place;
import dev.weir.gateway.comfyui.Value.Resized;
import dev.weir.gateway.comfyui.Value.Sampled;
import dev.weir.gateway.comfyui.Value.Unfinished;
import dev.weir.gateway.job.Route;
import dev.weir.gateway.job.SizeRange;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What one node of {@code KSampler} or {@code KSamplerAdvanced} asks for, in Weir's fields. Any thread. */
final class Sampling {

    static final String SIZE = "size";

    private static final String SAMPLER = "sampler_name";
    private static final String SCHEDULER = "scheduler";
    private static final String NEGATIVE = "negative";
    private static final String DENOISE = "denoise";
    private static final String ORIGINAL_SIZE = "original_size";
    private static final String CLIP_SKIP = "clip_skip";
    private static final String LATENT = "latent_image";
    private static final String END = "end_at_step";
    private static final String REFINER_START = "refiner_start";
    private static final int MOST_PASSES = 8;
    /** Each is a network row of every step. */
    private static final int MOST_PROMPTS = 9;
    /** Above this, ComfyUI denoises the whole way too. */
    private static final double WHOLE = 0.9999;
    /** Keeps a share of the steps away from the border at which one step less would be counted. */
    private static final double MARGIN = 0.25;

    private final Node node;
    private final Model model;
    private final ModelCard card;
    private final boolean isAdvanced;
    private final Map<String, Object> fields = new LinkedHashMap<>();
    private final Map<String, Place> places = new HashMap<>();
    private final List<Scaled> seen = new ArrayList<>();
    private Optional<Scaled> image = Optional.empty();
    private int mostSteps;

    Sampling(Node node, Model model, Offer offer) {
        this.node = node;
        this.model = model;
        this.isAdvanced = node.type().name().equals("KSamplerAdvanced");
        this.card =
                offer.checkpoint(model.name()).orElseThrow(() -> refused("model", "this model is not served any more"));
    }

    /** What it makes, or has begun to make. Throws {@link RefusedNodeException}. */
    Value sampled(Conditioning positive, Conditioning negative, Latent latent) {
        if (model.refines()) {
            throw refused(
                    "model",
                    "is the refiner of %s, which can only go on with noise that %s has left"
                            .formatted(card.getId(), card.getId()));
        }
        requireSame(node, "positive", positive.clip().model(), card.getId());
        Refinement.requireNone(node, "positive", positive);
        Refinement.requireNone(node, NEGATIVE, negative);
        fields.put("model", card.getId());
        prompts(positive, negative);
        loras(positive);
        controls(positive, negative, latent.size());
        if (positive.clip().lastLayer() != 0) {
            put(CLIP_SKIP, "positive", skippedLayers(positive.clip().lastLayer()));
        }
        put(
                "seed",
                isAdvanced ? "noise_seed" : "seed",
                node.number(isAdvanced ? "noise_seed" : "seed").toBigInteger());
        put("guidance_scale", "cfg", node.number("cfg").doubleValue());
        sampler();
        steps(latent);
        int end = end(latent);
        latent(latent);
        fields.put("noise", "comfyui");
        fields.put("on_disconnect", "finish");
        fields.put("preview", Map.of("every_ms", 500));
        Sampled sampled = new Sampled(
                node,
                card.getId(),
                fields,
                places,
                latent.size(),
                latent.count(),
                latent.earlier(),
                image,
                List.copyOf(seen),
                Optional.empty(),
                isPlain(positive, negative) ? List.of() : positive.phrases(),
                isPlain(positive, negative) || negative.isZero() ? List.of() : negative.phrases());
        return end == 0 ? sampled : new Unfinished(sampled, end, positive, negative);
    }

    /** The step at which it stops before its last one; 0: it does all. */
    private int end(Latent latent) {
        int steps = node.whole("steps");
        boolean isEmpty = latent.image().isEmpty() && latent.earlier().isEmpty();
        if (!isAdvanced || node.whole(END) >= steps) {
            if (Offer.hasRefiner(card) && isEmpty) {
                fields.put(REFINER_START, 1);
            }
            return 0;
        }
        int end = node.whole(END);
        if (!Offer.hasRefiner(card)) {
            throw refused(END, "only all steps to the end are computed: %s has no refiner".formatted(card.getId()));
        }
        if (!node.text("return_with_leftover_noise").equals("enable")) {
            throw refused("return_with_leftover_noise", "must be enable if it does not do all steps");
        }
        if (end < 1 || !isEmpty) {
            throw refused(END, "a refiner goes on after at least one step, of an empty latent image");
        }
        put(REFINER_START, END, end / (double) steps);
        return end;
    }

    private void prompts(Conditioning positive, Conditioning negative) {
        if (positive.isZero()) {
            throw refused("positive", "zeros are computed for the negative prompt only");
        }
        if (!negative.clip().equals(positive.clip())) {
            throw refused(NEGATIVE, "must be encoded as the positive one: by the same CLIP with the same LoRAs");
        }
        put("prompt", "positive", Phrase.shown(positive.phrases()));
        if (!isPlain(positive, negative) && !ModelFields.takes(card, "prompt_syntax")) {
            throw refused("positive", "%s takes one text".formatted(card.getId()));
        }
        if (!negative.isZero()) {
            put("negative_prompt", NEGATIVE, Phrase.shown(negative.phrases()));
        } else if (!isSdxl()) {
            throw refused(NEGATIVE, "zeros are computed for SDXL only");
        } else if (!negative.phrases().get(0).isAll()) {
            throw refused(NEGATIVE, "zeros are computed for all steps only");
        }
        int rows = positive.phrases().size() + negative.phrases().size();
        if (rows > MOST_PROMPTS) {
            throw refused(
                    NEGATIVE, "makes %d prompts of both kinds; at most %d are computed".formatted(rows, MOST_PROMPTS));
        }
        if (ModelFields.takes(card, "prompt_syntax")) {
            fields.put("prompt_syntax", "comfyui");
        }
        if (!negative.isZero() && !negative.sizes().equals(positive.sizes())) {
            throw refused(NEGATIVE, "must have the same sizes as the positive one");
        }
        positive.sizes().forEach((name, size) -> put(name, "positive", size));
    }

    private static boolean isPlain(Conditioning positive, Conditioning negative) {
        return Phrase.isOneText(positive.phrases()) && Phrase.isOneText(negative.phrases());
    }

    private boolean isSdxl() {
        return ModelFields.takes(card, ORIGINAL_SIZE);
    }

    /** SDXL's own layer is the last but one, and Weir counts from each model's own. */
    private int skippedLayers(int lastLayer) {
        int skipped = -lastLayer - (isSdxl() ? 2 : 1);
        if (skipped < 0) {
            throw refused("positive", "the last layer of CLIP is not computed for SDXL");
        }
        return skipped;
    }

    /** Those of the model and of CLIP, whose weights may differ. */
    private void loras(Conditioning positive) {
        Map<String, Map<String, Object>> uses = new LinkedHashMap<>();
        Map<String, Node> nodes = new HashMap<>();
        model.loras().forEach(use -> add(uses, nodes, use, "weight"));
        positive.clip().loras().forEach(use -> add(uses, nodes, use, "text_weight"));
        uses.values()
                .removeIf(use ->
                        use.get("weight").equals(0.0) && use.get("text_weight").equals(0.0));
        if (!uses.isEmpty()) {
            put("loras", "positive", List.copyOf(uses.values()));
        }
        List<String> names = List.copyOf(uses.keySet());
        for (int i = 0; i < names.size(); i++) {
            String id = nodes.get(names.get(i)).id();
            String path = "loras[%d].".formatted(i);
            places.put(path + "name", new Place(id, "lora_name"));
            places.put(path + "weight", new Place(id, "strength_model"));
            places.put(path + "text_weight", new Place(id, "strength_clip"));
        }
    }

    private static void add(Map<String, Map<String, Object>> uses, Map<String, Node> nodes, LoraUse use, String key) {
        nodes.putIfAbsent(use.name(), use.node());
        Map<String, Object> entry = uses.computeIfAbsent(
                use.name(), name -> new LinkedHashMap<>(Map.of("name", name, "weight", 0.0, "text_weight", 0.0)));
        entry.merge(key, use.weight(), (one, other) -> (Double) one + (Double) other);
    }

    private void controls(Conditioning positive, Conditioning negative, String size) {
        boolean areBoth = positive.controls().stream().allMatch(Control::both)
                && negative.controls().isEmpty();
        if (!areBoth && !negative.isZero() && !negative.controls().equals(positive.controls())) {
            throw refused(NEGATIVE, "must have the ControlNets of the positive one");
        }
        List<Map<String, Object>> entries = new ArrayList<>();
        for (Control control : positive.controls()) {
            String path = "controlnets[%d].".formatted(entries.size());
            places.put(path + "name", new Place(control.node().id(), "control_net"));
            places.put(path + "start", new Place(control.node().id(), "start_percent"));
            places.put(path + "image", new Place(control.node().id(), "image"));
            fields.put(path + "image", control.image().file().orElseThrow());
            seen.add(control.image().seen(control.node(), size));
            entries.add(Map.of(
                    "name", control.net(),
                    "scale", control.strength(),
                    "start", control.start(),
                    "end", control.end()));
        }
        if (!entries.isEmpty()) {
            places.put("controlnets", new Place(node.id(), "positive"));
            fields.put("controlnets", entries);
        }
    }

    /** A model whose samplers have no schedules is sampled as it says itself. */
    private void sampler() {
        String asked = node.text(SAMPLER);
        String own = SamplerName.SAMPLERS.get(asked);
        Sampler sampler = card.getSamplersList().stream()
                .filter(offered -> offered.getName().equals(own))
                .findFirst()
                .orElseThrow(() -> refused(SAMPLER, missing(asked)));
        put("sampler", SAMPLER, own);
        mostSteps = sampler.getMostSteps() > 0 ? sampler.getMostSteps() : card.getMaxSteps();
        String scheduler = node.text(SCHEDULER);
        if (sampler.getSchedulesList().contains(SamplerName.EXACT + scheduler)) {
            put("schedule", SCHEDULER, SamplerName.EXACT + scheduler);
        } else if (sampler.getSchedulesList().contains(scheduler)) {
            put("schedule", SCHEDULER, scheduler);
        } else if (!scheduler.equals("normal")) {
            throw refused(SCHEDULER, "%s has no schedule %s here".formatted(asked, scheduler));
        }
    }

    /** ComfyUI's levels for flows differ from those of diffusers, and so its pictures would. */
    private String missing(String sampler) {
        boolean isFlow = card.getSamplersList().stream()
                .anyMatch(offered -> offered.getName().startsWith(SamplerName.FLOW));
        return "%s does not have %s%s"
                .formatted(
                        card.getId(),
                        sampler,
                        isFlow ? ": Weir does not sample flow models, such as Flux.1, as ComfyUI does" : "");
    }

    /** With {@code denoise}, ComfyUI lays out a longer schedule and does its last steps. */
    private void steps(Latent latent) {
        int steps = node.whole("steps");
        int start = 0;
        int all = steps;
        String input = DENOISE;
        if (isAdvanced) {
            input = "start_at_step";
            start = node.whole(input);
            requireWholeNoise();
        } else if (node.number(DENOISE).doubleValue() <= WHOLE) {
            double denoise = node.number(DENOISE).doubleValue();
            all = denoise == 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, steps / denoise);
            start = all - steps;
        }
        if (start >= all || all < 1) {
            throw refused(input, "leaves no step");
        }
        if (all > steps && all > mostSteps) {
            throw refused(input, "needs a schedule of %d steps, and at most %d are computed".formatted(all, mostSteps));
        }
        put("num_inference_steps", "steps", all);
        if (latent.image().isPresent() || latent.earlier().isPresent()) {
            double share = Math.min(1, (all - start + MARGIN) / all);
            put("strength", input, share);
        } else if (start > 0) {
            throw refused(input, "an empty latent image needs all steps");
        }
    }

    private void requireWholeNoise() {
        if (!node.text("add_noise").equals("enable")) {
            throw refused("add_noise", "only enable is computed");
        }
    }

    private void latent(Latent latent) {
        if (!Objects.equals(fields.getOrDefault(SIZE, latent.size()), latent.size())) {
            throw refused("positive", "the target size must be that of the latent image, " + latent.size());
        }
        Node from = latent.from();
        String side = from.has("width") ? wrongSide(from) : from.has("scale_by") ? "scale_by" : "pixels";
        fields.put(SIZE, latent.size());
        places.put(SIZE, new Place(from.id(), side));
        fields.put("n", latent.count());
        places.put("n", new Place(from.id(), from.has("batch_size") ? "batch_size" : side));
        latent.image().ifPresent(picture -> {
            requireSame(node, LATENT, latent.vae(), card.getId());
            if (latent.mask().isPresent() && picture.crops()) {
                throw refused(LATENT, "is of an image that is cropped, and its mask is not");
            }
            if (latent.mask().isPresent() && picture.samples().isPresent()) {
                throw refused(LATENT, "is of the pictures of a sampler, and masks are computed for uploads only");
            }
            image = Optional.of(picture.encoded());
            picture.file().ifPresent(file -> fields.put("init_image", file));
            places.put("init_image", new Place(from.id(), "pixels"));
            picture.samples().ifPresent(earlier -> follow(latent, earlier));
        });
        latent.mask().ifPresent(mask -> {
            fields.put("mask", mask.file());
            places.put("mask", new Place(from.id(), "mask"));
        });
        latent.earlier().map(Resized::of).ifPresent(earlier -> {
            if (earlier.fields().containsKey("mask")) {
                throw refused(LATENT, "is of a sampler with a mask, which would count here too");
            }
            places.put("init_image", new Place(node.id(), LATENT));
            follow(latent, earlier);
        });
    }

    /** Each image of a pass that begins with what another one has made is a job of its own. */
    private void follow(Latent latent, Sampled earlier) {
        requireSame(node, LATENT, earlier.model(), card.getId());
        if (latent.count() != earlier.count()) {
            throw refused(LATENT, "has %d images of the %d before".formatted(latent.count(), earlier.count()));
        }
        if (earlier.passes().size() >= MOST_PASSES) {
            throw refused(LATENT, "at most %d samplers may follow each other".formatted(MOST_PASSES));
        }
        fields.put("n", 1);
        places.put("strength", new Place(node.id(), LATENT));
    }

    /** The side that messages about the size are about. */
    private String wrongSide(Node from) {
        List<SizeRange> ranges = Route.ranges(card);
        boolean fitsWidth = ranges.stream().anyMatch(range -> range.contains(from.whole("width")));
        boolean fitsHeight = ranges.stream().anyMatch(range -> range.contains(from.whole("height")));
        return fitsWidth && !fitsHeight ? "height" : "width";
    }

    private void put(String field, String input, Object value) {
        fields.put(field, value);
        places.put(field, new Place(node.id(), input));
    }

    static void requireSame(Node node, String input, String found, String model) {
        if (!found.equals(model)) {
            throw new RefusedNodeException(
                    node, input, "is of the checkpoint %s, and Weir uses the parts of one, %s".formatted(found, model));
        }
    }

    private RefusedNodeException refused(String input, String problem) {
        return new RefusedNodeException(node, input, problem);
    }
}
