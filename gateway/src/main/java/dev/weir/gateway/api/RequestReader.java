package dev.weir.gateway.api;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.ModelNames;
import dev.weir.gateway.job.OnDisconnect;
import dev.weir.gateway.job.Route;
import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Workflow;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reads a request and checks it against the model's card, so that the result can be generated. The ranges here are
 * those of {@code openapi.json}, and a test compares the two.
 */
public final class RequestReader {

    /** The fields that every image request may have. Which of them a model takes, its workflows say. */
    static final Set<String> GENERATION = plus(
            WorkflowChoice.FIELDS,
            "model",
            "n",
            "size",
            "seed",
            "num_inference_steps",
            "sampler",
            "schedule",
            "eta",
            "noise",
            "loras",
            "controlnets",
            "ip_adapters",
            UpscalerReader.FIELD,
            "output_format",
            "output_compression",
            "quality",
            "background",
            "moderation",
            "style",
            "user",
            "priority",
            "on_disconnect");

    static final Set<String> IMAGES =
            plus(GENERATION, "response_format", "stream", "partial_images", "partial_images_grade");
    static final Set<String> JOB = plus(GENERATION, "preview");
    static final Set<String> COMMAND = plus(JOB, "type", "id", "idempotency_key");

    /** Fields of OpenAI's edits without a meaning for a diffusion model. */
    private static final Set<String> EDIT_ONLY = Set.of("input_fidelity");

    public static final int MAX_IMAGES = 10;

    /** An image of one pixel. It stands for a picture that does not exist yet. */
    private static final byte[] PIXEL = Base64.getDecoder()
            .decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC");

    private final ModelNames models;
    private final GenerationReader generations;
    private final AttachmentReader images;

    public RequestReader(ModelNames models, GatewayConfig.Requests limits) {
        this.models = models;
        this.generations = new GenerationReader(limits.promptLength());
        this.images = new AttachmentReader(limits.attachmentBytes(), limits.attachmentPixels());
    }

    /** The same fields, whose images are read. Any thread: the only part of the work that takes long. */
    public Fields readImages(Fields fields) {
        return images.read(fields);
    }

    /** An image that a request will name. Any thread. */
    public ReadImage readImage(byte[] file) {
        return images.read(file);
    }

    /** @param urls whether the answer contains URLs instead of the images */
    public record ImagesRequest(JobSpec spec, boolean stream, boolean urls) {

        /** The same request as part of a trace. */
        public ImagesRequest under(String traceparent) {
            return new ImagesRequest(spec.under(traceparent), stream, urls);
        }
    }

    /** The body of {@code POST /v1/images/generations}. */
    public ImagesRequest images(Fields fields) {
        fields.allowOnly(IMAGES);
        boolean stream = fields.flag("stream");
        boolean urls = wantsUrls(fields);
        if (stream && urls) {
            throw fields.invalid("invalid_value", "response_format", "must be b64_json where stream is true");
        }
        FramesWanted frames = FramesWanted.partialImages(fields, stream);
        return new ImagesRequest(generation(fields, frames, OnDisconnect.CANCEL), stream, urls);
    }

    static boolean wantsUrls(Fields fields) {
        return fields.oneOf("response_format", List.of("b64_json", "url"))
                .filter("url"::equals)
                .isPresent();
    }

    /** The images of a request. Throws {@link ApiException} about the first that is refused. */
    List<Attachment> attachments(Fields fields) {
        return images.attachments(fields);
    }

    /** The body of {@code POST /v1/images/edits}. */
    public ImagesRequest edit(Fields fields) {
        return images(withImage(fields).without(EDIT_ONLY));
    }

    /**
     * The body of {@code POST /v1/images/variations}: an image alone. A model that varies pictures does so; another one changes the
     * image without a prompt.
     */
    public ImagesRequest variation(Fields fields) {
        Fields named = withImage(fields);
        ImagesRequest request = images(named.has("prompt") ? named : named.with("prompt", ""));
        if (enlarges(request.spec())) {
            throw fields.invalid(
                    "unsupported_value",
                    "model",
                    "\"%s\" enlarges images and makes no variations of them; send the image to /v1/images/edits"
                            .formatted(request.spec().model()));
        }
        return request;
    }

    private static boolean enlarges(JobSpec spec) {
        int width = spec.generation().getWidth();
        return spec.route().stream().anyMatch(stage -> stage.getRole() == StageRole.ENCODE && stage.getWidth() < width);
    }

    static Fields withImage(Fields fields) {
        Fields named = fields;
        for (String name : AttachmentReader.OPENAI) {
            if (named.has(name) && named.has("init_image")) {
                throw fields.invalid(
                        "invalid_value", name, "has a second image, and these models take one image to change");
            }
            named = named.renamed(name, "init_image");
        }
        if (!named.has("init_image")) {
            throw fields.missing("image");
        }
        return named;
    }

    /** The body of {@code POST /v1/jobs}. */
    public JobSpec job(Fields fields) {
        return job(fields, made -> {});
    }

    /** The same with more than fields say. @param more what an API knows besides, before the stages are laid out */
    public JobSpec job(Fields fields, Consumer<Generation.Builder> more) {
        fields.allowOnly(JOB);
        return generation(fields, FramesWanted.read(fields, Preview.getDefaultInstance()), OnDisconnect.FINISH, more);
    }

    /** A job that begins with a picture that an earlier job of its request will have made. See {@link JobSpec#after}. */
    public JobSpec laterJob(Fields fields) {
        return laterJob(fields, made -> {});
    }

    /** The same with more than fields say. */
    public JobSpec laterJob(Fields fields, Consumer<Generation.Builder> more) {
        return job(fields.with("init_image", PIXEL), more);
    }

    /** The picture of an earlier job of the request. Any thread. */
    public Attachment picture(byte[] file) {
        ReadImage read = images.read(file);
        if (read instanceof ReadImage.Refused refused) {
            throw new ApiException(ApiError.invalid(
                    refused.code(), "the picture of the pass before " + refused.problem(), "init_image"));
        }
        return ((ReadImage.Fine) read).image();
    }

    /** A {@code generate} command. Default: frames after every step. */
    public JobSpec command(Fields fields) {
        fields.allowOnly(COMMAND);
        Preview everyStep = Preview.newBuilder().setEverySteps(1).build();
        return generation(fields, FramesWanted.read(fields, everyStep), OnDisconnect.CANCEL);
    }

    private JobSpec generation(Fields fields, FramesWanted frames, OnDisconnect otherwise) {
        return generation(fields, frames, otherwise, made -> {});
    }

    /** @param otherwise what happens to the job of a client that disconnects, if the client did not say */
    private JobSpec generation(
            Fields fields, FramesWanted frames, OnDisconnect otherwise, Consumer<Generation.Builder> more) {
        int samples = fields.integer("n", 1, MAX_IMAGES).orElse(1L).intValue();
        JobFields asked = JobFields.read(fields, otherwise);
        acceptWithoutEffect(fields);

        ModelCard card = card(fields);
        Preview preview = frames.of(card);
        Optional<int[]> size = GenerationReader.size(fields, "size");
        Workflow workflow = WorkflowChoice.of(card, fields, size);
        if (WorkflowChoice.field(workflow, JobFields.FORMAT).isEmpty()) {
            asked.requirePicture(fields, "\"%s\" makes no clouds of points".formatted(card.getId()));
        } else if (fields.says(UpscalerReader.FIELD)) {
            asked.requirePicture(fields, "an upscaler makes pictures larger");
        }
        List<Control> controls = ControlReader.read(fields, card);
        List<IpAdapter> ipAdapters = IpAdapterReader.read(fields, card);
        List<Attachment> attachments = images.attachments(fields);
        requireFit(fields, attachments);
        Generation.Builder read = generations
                .read(fields, card, workflow, size.or(() -> ImageSize.of(fields, attachments, workflow)))
                .setWorkflow(workflow.getName())
                .addAllControls(controls)
                .addAllIpAdapters(ipAdapters)
                .addAllAttachments(attachments.stream().map(Attachment::toProto).toList());
        asked.putInto(read);
        LoraReader.read(fields, card, read);
        UpscalerReader.read(fields, card, samples, read);
        more.accept(read);
        Generation generation = read.build();
        List<Stage> route = Route.stages(card, workflow, generation);
        return new JobSpec(card.getId(), route, generation, samples, preview, attachments, asked.terms());
    }

    /** A part of an image is found by its mask, so the two have one size. */
    private static void requireFit(Fields fields, List<Attachment> attachments) {
        Map<String, Attachment> byName =
                attachments.stream().collect(Collectors.toMap(Attachment::name, Function.identity()));
        Attachment image = byName.get("init_image");
        Attachment mask = byName.get("mask");
        if (fields.has("padding_mask_crop")
                && image != null
                && mask != null
                && (image.width() != mask.width() || image.height() != mask.height())) {
            throw fields.invalid(
                    "invalid_value",
                    "mask",
                    "has %dx%d pixels; with padding_mask_crop it must be as large as %s, %dx%d"
                            .formatted(
                                    mask.width(),
                                    mask.height(),
                                    fields.clientName("init_image"),
                                    image.width(),
                                    image.height()));
        }
    }

    /** OpenAI's fields without a meaning for a diffusion model. They are checked, so that typing errors are noticed. */
    private static void acceptWithoutEffect(Fields fields) {
        fields.oneOf("quality", List.of("auto", "low", "medium", "high", "standard", "hd"));
        fields.oneOf("moderation", List.of("auto", "low"));
        fields.oneOf("style", List.of("vivid", "natural"));
        if (fields.oneOf("background", List.of("auto", "opaque", "transparent"))
                .filter("transparent"::equals)
                .isPresent()) {
            throw fields.invalid("unsupported_value", "background", "must be opaque; transparency is not supported");
        }
    }

    ModelCard card(Fields fields) {
        List<ModelCard> cards = models.cards();
        if (cards.isEmpty()) {
            throw new ApiException(new ApiError(
                    503, "service_unavailable_error", "no_model", "no live node serves any model", null, 2));
        }
        return fields.text("model")
                .map(name -> models.find(name)
                        .orElseThrow(() -> new ApiException(
                                ApiError.invalid(404, "model_not_found", unknownModel(name, cards), "model"))))
                .orElse(cards.get(0));
    }

    private String unknownModel(String id, List<ModelCard> cards) {
        Optional<String> problem = models.problem(id);
        if (problem.isPresent()) {
            return "model \"%s\" cannot be used: %s".formatted(id, problem.get());
        }
        String known = cards.stream().map(ModelCard::getId).collect(Collectors.joining(", "));
        return "model \"%s\" is not served here; known are %s"
                .formatted(id.length() > 60 ? id.substring(0, 60) + "…" : id, known);
    }

    /** In alphabetical order, for messages. */
    private static Set<String> plus(Set<String> names, String... more) {
        Set<String> all = new TreeSet<>(names);
        all.addAll(List.of(more));
        return all;
    }
}
