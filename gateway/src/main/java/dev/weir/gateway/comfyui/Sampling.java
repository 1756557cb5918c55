package dev.weir.gateway.comfyui;

import static dev.weir.gateway.comfyui.SamplerInputs.NEGATIVE;
import static dev.weir.gateway.comfyui.SamplerInputs.POSITIVE;

import dev.weir.gateway.api.ModelFields;
import dev.weir.gateway.comfyui.Value.Conditioning;
import dev.weir.gateway.comfyui.Value.Control;
import dev.weir.gateway.comfyui.Value.Latent;
import dev.weir.gateway.comfyui.Value.Model;
import dev.weir.gateway.comfyui.Value.Place;
import dev.weir.gateway.comfyui.Value.Resized;
import dev.weir.gateway.comfyui.Value.Sampled;
import dev.weir.gateway.comfyui.Value.Unfinished;
import dev.weir.gateway.job.Route;
import dev.weir.gateway.job.SizeRange;
import dev.weir.gateway.job.StepRange;
import dev.weir.proto.v1.FlowTable;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.WorkflowStage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** What one sampler asks for, in Weir's fields. Any thread. */
final class Sampling {

    static final String SIZE = "size";
    /** By which prompts are read. */
    static final String SYNTAX = "comfyui";

    private static final String ORIGINAL_SIZE = "original_size";
    private static final String CLIP_SKIP = "clip_skip";
    private static final String LATENT = "latent_image";
    private static final String END = "end_at_step";
    private static final String REFINER_START = "refiner_start";
    private static final int MOST_PASSES = 8;
    /** Above this, ComfyUI denoises the whole way too. */
    private static final double WHOLE = 0.9999;
    /** Keeps a share of the steps away from the border at which one step less would be counted. */
    private static final double MARGIN = 0.25;

    /** Noise levels that a schedule chooses from, where no node says how many: the others that models have are a multiple. */
    private static final int LEVELS = 1000;

    private final SamplerInputs inputs;
    private final Node node;
    private final Model model;
    private final ModelCard card;
    private final boolean isAdvanced;
    private final Draft draft = new Draft();
    private final Map<String, Object> fields = draft.fields();
    private final Map<String, Place> places = draft.places();
    private final List<Scaled> seen = new ArrayList<>();
    private Optional<Scaled> image = Optional.empty();
    private int mostSteps;

    /** @param model whose noise levels count */
    Sampling(SamplerInputs inputs, Model model, Offer offer) {
        this.inputs = inputs;
        this.node = inputs.node();
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
        requireSame(inputs, POSITIVE, positive.clip().model(), card.getId());
        Refinement.requireNone(inputs, POSITIVE, positive);
        Optional<Conditioning> compared = Optional.of(negative).filter(each -> inputs.isGuided());
        compared.ifPresent(each -> Refinement.requireNone(inputs, NEGATIVE, each));
        fields.put("model", card.getId());
        LoraUses.put(
                draft, inputs.place(POSITIVE), model.loras(), positive.clip().loras());
        boolean isFlow = Flow.is(card);
        boolean isPlain;
        if (isFlow) {
            FlowPrompts flow = new FlowPrompts(inputs, card, positive, compared);
            flow.put(draft);
            isPlain = flow.isPlain();
        } else {
            prompts(positive, compared);
            controls(positive, compared, latent.size());
            isPlain = isPlain(positive, compared);
        }
        put("seed", SamplerInputs.SEED, inputs.number(SamplerInputs.SEED).toBigInteger());
        sampler(isFlow);
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
                isPlain ? List.of() : positive.phrases(),
                compared.filter(each -> !isPlain).map(Conditioning::phrases).orElse(List.of()),
                model.table());
        return end == 0 ? sampled : new Unfinished(sampled, end, positive, negative);
    }

    /** The step at which it stops before its last one; 0: it does all. */
    private int end(Latent latent) {
        int steps = inputs.whole(SamplerInputs.STEPS);
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

    /** @param compared the negative prompt, where there is guidance */
    private void prompts(Conditioning positive, Optional<Conditioning> compared) {
        Conditionings.requireText(inputs, positive);
        put("guidance_scale", SamplerInputs.CFG, inputs.cfg());
        if (ModelFields.takes(card, "prompt_syntax")) {
            fields.put("prompt_syntax", SYNTAX);
        }
        if (isGuidedByPicture()) {
            Conditionings.requireSingle(inputs, POSITIVE, positive, card.getId());
            compared.ifPresent(each -> Conditionings.requireSingle(inputs, NEGATIVE, each, card.getId()));
        } else if (!ModelFields.takes(card, "prompt_syntax") || hasPrior()) {
            Conditionings.requireOneText(inputs, POSITIVE, positive, card.getId());
            compared.ifPresent(each -> Conditionings.requireOneText(inputs, NEGATIVE, each, card.getId()));
        }
        put("prompt", POSITIVE, shown(POSITIVE, positive));
        compared.ifPresent(negative -> negative(positive, negative));
        positive.sizes().forEach((name, size) -> put(name, POSITIVE, size));
        if (positive.clip().lastLayer() != 0) {
            put(CLIP_SKIP, POSITIVE, skippedLayers(positive.clip().lastLayer()));
        }
    }

    private String shown(String input, Conditioning conditioning) {
        String text = Phrase.shown(conditioning.phrases());
        return ModelFields.takes(card, "prompt_syntax") ? text : PlainText.of(inputs, input, text, card.getId());
    }

    private void negative(Conditioning positive, Conditioning negative) {
        Conditionings.requireSameClip(inputs, positive, negative);
        put("negative_prompt", NEGATIVE, shown(NEGATIVE, negative));
        Conditionings.requireFew(inputs, positive, negative);
        if (!negative.sizes().equals(positive.sizes())) {
            throw refused(NEGATIVE, "must have the same sizes as the positive one");
        }
    }

    private static boolean isPlain(Conditioning positive, Optional<Conditioning> negative) {
        return Phrase.isOneText(positive.phrases())
                && negative.map(Conditioning::phrases)
                        .filter(each -> !Phrase.isOneText(each))
                        .isEmpty();
    }

    /** Beside both prompts: what the network says of the three is combined in a way of its own. */
    private boolean isGuidedByPicture() {
        return stages().anyMatch(stage -> stage.getGuidedRows() > 2);
    }

    /** It makes one embedding of the prompt. */
    private boolean hasPrior() {
        return stages().anyMatch(WorkflowStage::hasPriorSampler);
    }

    private Stream<WorkflowStage> stages() {
        return card.getWorkflowsList().stream().flatMap(workflow -> workflow.getStagesList().stream());
    }

    private boolean isSdxl() {
        return ModelFields.takes(card, ORIGINAL_SIZE);
    }

    /** SDXL's own layer is the last but one, and Weir counts from each model's own. */
    private int skippedLayers(int lastLayer) {
        int skipped = -lastLayer - (isSdxl() ? 2 : 1);
        if (skipped < 0) {
            throw refused(POSITIVE, "the last layer of CLIP is not computed for SDXL");
        }
        return skipped;
    }

    private void controls(Conditioning positive, Optional<Conditioning> compared, String size) {
        compared.ifPresent(negative -> {
            boolean areBoth = positive.controls().stream().allMatch(Control::both)
                    && negative.controls().isEmpty();
            if (!areBoth && !negative.controls().equals(positive.controls())) {
                throw refused(NEGATIVE, "must have the ControlNets of the positive one");
            }
        });
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
            places.put("controlnets", inputs.place(POSITIVE));
            fields.put("controlnets", entries);
        }
    }

    /** A model whose samplers have no schedules is sampled as it says itself, unless it is a flow: its own levels are others. */
    private void sampler(boolean isFlow) {
        String asked = inputs.text(SamplerInputs.SAMPLER);
        String own = SamplerName.of(card).get(asked);
        Sampler sampler = card.getSamplersList().stream()
                .filter(offered -> offered.getName().equals(own))
                .findFirst()
                .orElseThrow(
                        () -> refused(SamplerInputs.SAMPLER, "%s does not have %s".formatted(card.getId(), asked)));
        put("sampler", SamplerInputs.SAMPLER, own);
        mostSteps = StepRange.of(card, sampler).max();
        String scheduler = inputs.text(SamplerInputs.SCHEDULER);
        if (sampler.getSchedulesList().contains(SamplerName.EXACT + scheduler)) {
            put("schedule", SamplerInputs.SCHEDULER, SamplerName.EXACT + scheduler);
        } else if (!isFlow && sampler.getSchedulesList().contains(scheduler)) {
            put("schedule", SamplerInputs.SCHEDULER, scheduler);
        } else if (isFlow || !scheduler.equals("normal")) {
            throw refused(SamplerInputs.SCHEDULER, "%s has no schedule %s here".formatted(asked, scheduler));
        }
    }

    /** With {@code denoise}, ComfyUI lays out a longer schedule and does its last steps. */
    private void steps(Latent latent) {
        int steps = inputs.whole(SamplerInputs.STEPS);
        int start = 0;
        int all = steps;
        String input = SamplerInputs.DENOISE;
        if (isAdvanced) {
            input = "start_at_step";
            start = node.whole(input);
            requireWholeNoise();
        } else if (inputs.number(input).doubleValue() <= WHOLE) {
            double denoise = inputs.number(input).doubleValue();
            all = denoise == 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, steps / denoise);
            start = all - steps;
        }
        if (start >= all || all < 1) {
            throw refused(input, "leaves no step");
        }
        int levels = model.table().map(FlowTable::getLevels).orElse(LEVELS);
        if (inputs.isOfParts() && inputs.text(SamplerInputs.SCHEDULER).equals("ddim_uniform") && levels % all != 0) {
            throw refused(
                    SamplerInputs.STEPS,
                    "makes a schedule of %d steps, and only divisors of %d are computed for ddim_uniform here: other schedules"
                                    .formatted(all, levels)
                            + " are longer, and this class leaves out their first steps");
        }
        if (all > steps && all > mostSteps) {
            throw refused(input, "needs a schedule of %d steps, and at most %d are computed".formatted(all, mostSteps));
        }
        put("num_inference_steps", SamplerInputs.STEPS, all);
        if (latent.image().isPresent() || latent.earlier().isPresent()) {
            double done = all - start + (countsPartialStep() ? -MARGIN : MARGIN);
            put("strength", input, start == 0 ? 1 : done / all);
        } else if (start > 0) {
            throw refused(input, "an empty latent image needs all steps");
        }
    }

    private boolean countsPartialStep() {
        return stages().anyMatch(WorkflowStage::getCountsPartialStep);
    }

    private void requireWholeNoise() {
        if (!node.text("add_noise").equals("enable")) {
            throw refused("add_noise", "only enable is computed");
        }
    }

    private void latent(Latent latent) {
        if (!Objects.equals(fields.getOrDefault(SIZE, latent.size()), latent.size())) {
            throw refused(POSITIVE, "the target size must be that of the latent image, " + latent.size());
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
        draft.put(field, inputs.place(input), value);
    }

    static void requireSame(SamplerInputs inputs, String input, String found, String model) {
        if (!found.equals(model)) {
            throw inputs.refused(input, misfit(found, model));
        }
    }

    static void requireSame(Node node, String input, String found, String model) {
        if (!found.equals(model)) {
            throw new RefusedNodeException(node, input, misfit(found, model));
        }
    }

    static String misfit(String found, String model) {
        return "is of the checkpoint %s, and Weir uses the parts of one, %s".formatted(found, model);
    }

    private RefusedNodeException refused(String input, String problem) {
        return inputs.refused(input, problem);
    }
}
