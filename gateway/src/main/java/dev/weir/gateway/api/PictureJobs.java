package dev.weir.gateway.api;

import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.ModelNames;
import dev.weir.gateway.job.OnDisconnect;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Upscaler;
import dev.weir.proto.v1.WorkflowStage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * Jobs that generate nothing: a decoder node resizes a picture, or an upscaler enlarges it. No network of a model runs, so every model
 * will do that has such a node. Event loop of the gateway.
 */
public final class PictureJobs {

    private static final String INIT_IMAGE = "init_image";

    /** What takes the place of a workflow's name. */
    private static final String RESIZE = "resize";

    private static final String UPSCALE = "upscale";

    /** The fields of {@code POST /v1/images/upscales}. */
    static final Set<String> UPSCALES = new TreeSet<>(List.of(
            INIT_IMAGE,
            UpscalerReader.FIELD,
            "model",
            "output_format",
            "output_compression",
            "response_format",
            "user",
            "priority",
            "on_disconnect"));

    private final ModelNames models;
    private final RequestReader reader;

    public PictureJobs(ModelNames models, RequestReader reader) {
        this.models = models;
        this.reader = reader;
    }

    /** The upscalers that nodes have. */
    public List<Upscaler> upscalers() {
        Map<String, Upscaler> byName = new LinkedHashMap<>();
        models.cards().stream()
                .flatMap(card -> card.getUpscalersList().stream())
                .forEach(upscaler -> byName.putIfAbsent(upscaler.getName(), upscaler));
        return List.copyOf(byName.values());
    }

    /** The body of {@code POST /v1/images/upscales}. */
    public RequestReader.ImagesRequest upscale(Fields fields) {
        Fields named = RequestReader.withImage(fields);
        named.allowOnly(UPSCALES);
        String name = named.text(UpscalerReader.FIELD).orElseThrow(() -> named.missing(UpscalerReader.FIELD));
        ModelCard card = card(named, name);
        Upscaler upscaler = UpscalerReader.find(named, UpscalerReader.FIELD, card, name);
        boolean urls = RequestReader.wantsUrls(named);
        JobSpec spec = spec(named, card, Optional.of(upscaler), image -> {
            UpscalerReader.requireRoom(named, upscaler, image.width(), image.height(), 1);
            return Resizing.newBuilder().addSteps(UpscalerReader.step(upscaler)).build();
        });
        return new RequestReader.ImagesRequest(spec, false, urls);
    }

    /**
     * A job of a client that waits for it.
     *
     * @param fields with the picture, as {@code image}
     * @param named the upscaler that steps name
     * @param steps of a picture
     */
    public JobSpec resized(Fields fields, Optional<Upscaler> named, Function<Attachment, Resizing> steps) {
        ModelCard card = card(fields, named.map(Upscaler::getName).orElse(""));
        return spec(RequestReader.withImage(fields), card, named, steps);
    }

    /** The model whose nodes do it: the request's, or the first that has the upscaler. */
    private ModelCard card(Fields fields, String upscaler) {
        return fields.has("model")
                ? reader.card(fields)
                : models.cards().stream()
                        .filter(card -> card.getUpscalersList().stream()
                                .anyMatch(had -> had.getName().equals(upscaler)))
                        .findFirst()
                        .orElseGet(() -> reader.card(fields));
    }

    private JobSpec spec(
            Fields fields, ModelCard card, Optional<Upscaler> named, Function<Attachment, Resizing> steps) {
        JobFields asked = JobFields.read(fields, OnDisconnect.CANCEL);
        asked.requirePicture(fields, "this makes pictures");
        Attachment image = reader.attachments(fields).get(0);
        Generation generation = asked.putInto(Generation.newBuilder())
                .setWorkflow(named.isPresent() ? UPSCALE : RESIZE)
                .setWidth(image.width())
                .setHeight(image.height())
                .setResizing(steps.apply(image))
                .addAllUpscalers(named.stream().toList())
                .addAttachments(image.toProto())
                .build();
        return new JobSpec(
                card.getId(),
                List.of(decoder(card, image)),
                generation,
                1,
                Preview.getDefaultInstance(),
                List.of(image),
                asked.terms());
    }

    /** The last stage alone, which takes the picture instead of a latent. */
    private static Stage decoder(ModelCard card, Attachment image) {
        List<WorkflowStage> stages = card.getWorkflows(0).getStagesList();
        return Stage.newBuilder()
                .setName(stages.get(stages.size() - 1).getName())
                .setRole(StageRole.DECODE)
                .setForwards(1)
                .addTakes(Attachment.port(INIT_IMAGE))
                .setWidth(image.width())
                .setHeight(image.height())
                .setArea(1)
                .build();
    }
}
