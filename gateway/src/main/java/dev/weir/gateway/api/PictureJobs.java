package dev.weir.gateway.api;

import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.ModelNames;
import dev.weir.gateway.job.Route;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.Upscaler;
import dev.weir.proto.v1.Workflow;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Jobs that generate nothing: a decoder node resizes a picture, or an upscaler enlarges it. Event loop of the gateway. */
public final class PictureJobs {

    private static final String INIT_IMAGE = "init_image";

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

    /** The upscalers that nodes of models have that begin with pictures. */
    public List<Upscaler> upscalers() {
        Map<String, Upscaler> byName = new LinkedHashMap<>();
        models.cards().stream()
                .filter(PictureJobs::takesPictures)
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
        RequestReader.ImagesRequest read = reader.images(named.without(Set.of(UpscalerReader.FIELD))
                .with("model", card.getId())
                .with("prompt", ""));
        Attachment image = read.spec().attachment(INIT_IMAGE).orElseThrow();
        UpscalerReader.requireRoom(named, upscaler, image.width(), image.height(), 1);
        Resizing resizing =
                Resizing.newBuilder().addSteps(UpscalerReader.step(upscaler)).build();
        return new RequestReader.ImagesRequest(resized(read.spec(), resizing, List.of(upscaler)), false, read.urls());
    }

    /** The model whose nodes have it: the request's, or the first that begins with pictures and has the upscaler. */
    private ModelCard card(Fields fields, String upscaler) {
        return fields.has("model")
                ? reader.card(fields)
                : models.cards().stream()
                        .filter(PictureJobs::takesPictures)
                        .filter(card -> card.getUpscalersList().stream()
                                .anyMatch(had -> had.getName().equals(upscaler)))
                        .findFirst()
                        .orElseGet(() -> models.find(model()).orElseThrow());
    }

    /** The id of a model that begins with pictures of any size. */
    public String model() {
        return models.cards().stream()
                .filter(PictureJobs::takesPictures)
                .map(ModelCard::getId)
                .findFirst()
                .orElseThrow(() -> new ApiException(ApiError.invalid(
                        503, "no_model", "no live node serves a model that begins with pictures", null)));
    }

    private static boolean takesPictures(ModelCard card) {
        return card.getWorkflowsList().stream().anyMatch(PictureJobs::readsAnyPicture);
    }

    /** Whether the workflow begins with a picture of any size, and needs nothing beside it and a prompt. */
    private static boolean readsAnyPicture(Workflow workflow) {
        Set<String> needed = workflow.getFieldsList().stream()
                .filter(Field::getNeeded)
                .map(Field::getName)
                .collect(Collectors.toSet());
        needed.remove("prompt");
        return needed.equals(Set.of(INIT_IMAGE)) && Route.enlargement(workflow) == 1;
    }

    /**
     * The last stage alone of a job that begins with a picture.
     *
     * @param named the upscalers that the steps name
     */
    public static JobSpec resized(JobSpec read, Resizing resizing, Collection<Upscaler> named) {
        Stage decoder = read.route().get(read.route().size() - 1);
        Generation generation = read.generation().toBuilder()
                .setResizing(resizing)
                .clearUpscalers()
                .addAllUpscalers(named)
                .build();
        return read.along(List.of(decoder.toBuilder()
                        .clearTakes()
                        .addTakes(Attachment.port(INIT_IMAGE))
                        .build()))
                .making(generation);
    }
}
