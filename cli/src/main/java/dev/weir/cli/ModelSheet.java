package dev.weir.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ModelMemory;
import dev.weir.gateway.api.ModelJson;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.Route;
import dev.weir.gateway.job.SizeRange;
import dev.weir.gateway.job.StepRange;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Workflow;
import dev.weir.runtime.bus.Addresses;
import dev.weir.serving.Cards;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a model that runs does, what requests may say to it, and the memory that it needs. For people or as JSON. Without weights.
 *
 * @param memory in each precision that something computes in
 */
record ModelSheet(ModelCard card, List<ModelMemory> memory) {

    /** Where a process computes in a precision, if it is not told otherwise. */
    private static final Map<Precision, String> WHERE = Map.of(
            Precision.FP32, "CPU, fp32",
            Precision.BF16, "CPU with matrix units, bf16",
            Precision.FP16, "GPU, fp16");

    private static final String RULE =
            """
            Weights: parameters times 4 bytes, or 2. Their files are mapped besides; the system drops the pages where memory is short.
            Steps: estimated for one guided image of the default size; more images at once need as much more each.
            Decoding: estimated for one image in one piece. An image that needs more than a quarter of the memory of the machine
            (or container, or GPU) is decoded in tiles. All: the stages in one process, which itself needs about 0.5 GB more.
            """;

    static ModelSheet of(ModelFolder folder) {
        return new ModelSheet(
                Cards.toProto(folder),
                Stream.of(Precision.FP32, Precision.BF16, Precision.FP16)
                        .map(folder::memory)
                        .toList());
    }

    void print(PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "runs: %s%d steps of %s%s%n",
                card.getWorkflowsList().stream().allMatch(ModelSheet::makesPoints)
                        ? ""
                        : "%1$dx%1$d pixels by default, ".formatted(card.getNativeSize()),
                StepRange.of(card).clamp(card.getDefaultSteps()),
                card.getDefaultSampler(),
                takesGuidance() ? ", guidance " + card.getDefaultGuidanceScale() : "");
        card.getWorkflowsList().forEach(workflow -> print(workflow, out));
        out.printf("%nEvery workflow takes: %s%n%n", String.join(", ", taken()));
        Table samplers = new Table("sampler", "eta", "steps", "schedules");
        for (Sampler sampler : card.getSamplersList()) {
            samplers.row(
                    sampler.getName(),
                    sampler.getTakesEta() ? "0 to 1" : "",
                    StepRange.of(card, sampler).inWords(),
                    schedules(sampler));
        }
        samplers.print(out);
        out.println();
        Table table = new Table("memory", "weights", "steps", "decoding", "in tiles", "all");
        for (ModelMemory need : memory) {
            table.row(
                    WHERE.get(need.precision()),
                    Quantity.bytes(need.weights()),
                    Quantity.bytes(need.denoising()),
                    Quantity.bytes(need.decoding()),
                    need.tile() < need.decoding() ? Quantity.bytes(need.tile()) : "",
                    need.least() < need.whole()
                            ? Quantity.bytes(need.least()) + " to " + Quantity.bytes(need.whole())
                            : Quantity.bytes(need.whole()));
        }
        table.print(out);
        out.print(RULE);
    }

    /** Of the fields that all workflows have those that leave a choice. */
    private List<String> taken() {
        List<String> taken = new ArrayList<>();
        if (Route.ranges(card).stream().anyMatch(range -> !range.isOne())) {
            taken.add("size");
        }
        taken.add("n (1 to %d)".formatted(RequestReader.MAX_IMAGES));
        taken.add("seed (-1 to 2^64-1)");
        StepRange steps = StepRange.of(card);
        if (!steps.isOne()) {
            taken.add("num_inference_steps (%s)".formatted(steps.inWords()));
        }
        if (card.getSamplersCount() > 1) {
            taken.add("sampler");
        }
        if (card.getSamplersList().stream().anyMatch(sampler -> sampler.getSchedulesCount() > 0)) {
            taken.add("schedule");
        }
        if (card.getSamplersList().stream().anyMatch(Sampler::getTakesEta)) {
            taken.add("eta");
        }
        taken.add("noise");
        return taken;
    }

    private boolean takesGuidance() {
        return card.getWorkflowsList().stream()
                .flatMap(workflow -> workflow.getFieldsList().stream())
                .anyMatch(field -> field.getName().equals("guidance_scale"));
    }

    /** ComfyUI's are many, and its own names of them need no prefix. */
    private static String schedules(Sampler sampler) {
        return sampler.getSchedulesList().stream()
                .map(name -> name.startsWith("comfyui_") ? "comfyui_*" : name)
                .distinct()
                .collect(Collectors.joining(", "));
    }

    private static void print(Workflow workflow, PrintWriter out) {
        out.printf(
                "%nworkflow %s: %s; %s%n",
                workflow.getName(),
                workflow.getStagesList().stream()
                        .map(stage -> "%s (%s node)".formatted(stage.getName(), Addresses.name(stage.getNode())))
                        .collect(Collectors.joining(", ")),
                sizes(workflow));
        out.println("  takes: "
                + (workflow.getFieldsCount() == 0
                        ? "nothing but a seed"
                        : workflow.getFieldsList().stream()
                                .map(ModelSheet::inWords)
                                .collect(Collectors.joining(", "))));
    }

    /** Only such workflows take a format of their own. The size of its pictures of the points is no choice of the model's. */
    private static boolean makesPoints(Workflow workflow) {
        return workflow.getFieldsList().stream()
                .anyMatch(field -> field.getName().equals("output_format"));
    }

    private static String sizes(Workflow workflow) {
        if (makesPoints(workflow)) {
            return "clouds of points";
        }
        SizeRange range = Route.range(workflow);
        if (range.isOne()) {
            String enlarged = Route.enlargement(workflow) > 1 ? ", " + usualSize(workflow) : "";
            return "pictures of %1$dx%1$d%2$s".formatted(range.most(), enlarged);
        }
        return "sides are multiples of %d from %d to %d, by default %s"
                .formatted(range.multiple(), range.min(), range.max(), usualSize(workflow));
    }

    private static String usualSize(Workflow workflow) {
        int enlargement = Route.enlargement(workflow);
        return enlargement > 1
                ? "%d times the image's".formatted(enlargement)
                : "%dx%d"
                        .formatted(
                                workflow.getSizes().getDefaultWidth(),
                                workflow.getSizes().getDefaultHeight());
    }

    private static String inWords(Field field) {
        String bounds = field.getMax() > field.getMin() ? plain(field.getMin()) + " to " + plain(field.getMax()) : "";
        String said = Stream.of(bounds, field.getNeeded() ? "required" : "")
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining(", "));
        return said.isEmpty() ? field.getName() : "%s (%s)".formatted(field.getName(), said);
    }

    private static String plain(double number) {
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }

    /** Adds {@code model}, as {@code /v1/models} has it, and {@code memory}. */
    void addTo(ObjectNode json) {
        ObjectNode model = json.putObject("model").put("id", card.getId());
        try {
            model.setAll(
                    (ObjectNode) new ObjectMapper().readTree(ModelJson.of(card).encode()));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        ArrayNode needs = json.putArray("memory");
        for (ModelMemory need : memory) {
            needs.addObject()
                    .put("precision", need.precision().name().toLowerCase(Locale.ROOT))
                    .put("weights_bytes", need.weights())
                    .put("steps_bytes", need.denoising())
                    .put("decoding_bytes", need.decoding())
                    .put("decoding_tile_bytes", need.tile())
                    .put("least_bytes", need.least())
                    .put("whole_bytes", need.whole());
        }
    }
}
