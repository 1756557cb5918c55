package dev.weir.gateway.job;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Webhook;
import dev.weir.runtime.route.Ports;
import dev.weir.runtime.stage.Failure;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a job generates, checked against its model, with every default filled in.
 *
 * @param route the stages in order
 * @param generation for the first sample; sample {@code i} has the seed {@code seed + i}, or the same one and the next noise of {@code cpu:INDEX} or {@code comfyui}
 * @param samples the number of images
 * @param attachments the images that the request brought; empty at gateways that do not own the job
 */
public record JobSpec(
        String model,
        List<Stage> route,
        Generation generation,
        int samples,
        Preview preview,
        List<Attachment> attachments,
        Terms terms) {

    /**
     * How a job is treated, whatever it makes.
     *
     * @param user the name of the API key; at a gateway without keys as stated by the client, empty if it is not stated
     * @param traceparent the request's W3C trace context; empty if it is not traced
     * @param charge what it counts against its user's limits, where that is not what it makes; see {@link Charge}
     * @param webhook who is told of the job, besides its clients
     */
    public record Terms(
            String user,
            Priority priority,
            OnDisconnect onDisconnect,
            String traceparent,
            Optional<Charge> charge,
            Optional<Webhook> webhook) {

        /** Of a job that counts what it makes, without a trace and a webhook. */
        public Terms(String user, Priority priority, OnDisconnect onDisconnect) {
            this(user, priority, onDisconnect, "", Optional.empty(), Optional.empty());
        }
    }

    /** Why a sample fails that cannot begin without an image of its request. */
    static final Failure IMAGE_LOST =
            new Failure("image_lost", "an image of the request was lost with its gateway", false);

    /** Noise of a batch, before the index of the image in it. */
    private static final String ONE_DRAW = "cpu:";

    private static final String COMFYUI = "comfyui";

    private static final String INIT_IMAGE = "init_image";

    public JobSpec {
        route = List.copyOf(route);
        attachments = List.copyOf(attachments);
    }

    /** The same job as part of a trace. */
    public JobSpec under(String traceparent) {
        return on(new Terms(terms.user, terms.priority, terms.onDisconnect, traceparent, terms.charge, terms.webhook));
    }

    /** The same job as one of a user, whatever user and priority the client stated. */
    public JobSpec by(String user, Priority priority) {
        return on(new Terms(user, priority, terms.onDisconnect, terms.traceparent, terms.charge, terms.webhook));
    }

    /** The same job, which continues when its client disconnects. */
    public JobSpec finishing() {
        return on(new Terms(
                terms.user, terms.priority, OnDisconnect.FINISH, terms.traceparent, terms.charge, terms.webhook));
    }

    /** The same job, of which a server is told. */
    public JobSpec telling(Webhook told) {
        return on(new Terms(
                terms.user, terms.priority, terms.onDisconnect, terms.traceparent, terms.charge, Optional.of(told)));
    }

    private JobSpec charged(Charge charge) {
        return on(new Terms(
                terms.user, terms.priority, terms.onDisconnect, terms.traceparent, Optional.of(charge), terms.webhook));
    }

    private JobSpec on(Terms newTerms) {
        return new JobSpec(model, route, generation, samples, preview, attachments, newTerms);
    }

    /** The same job on other stages. */
    public JobSpec along(List<Stage> otherRoute) {
        return new JobSpec(model, otherRoute, generation, samples, preview, attachments, terms);
    }

    /** The same job with other settings of its images. */
    public JobSpec making(Generation newGeneration) {
        return new JobSpec(model, route, newGeneration, samples, preview, attachments, terms);
    }

    /** The same job with the images that its request brought. */
    public JobSpec with(List<Attachment> found) {
        return new JobSpec(model, route, generation, samples, preview, found, terms);
    }

    /** The same job as one that is admitted together with jobs that will begin with its pictures. */
    public JobSpec before(List<JobSpec> later) {
        return charged(Charge.of(this, later));
    }

    /** The same job with the picture of an earlier job of its request as its init image. It was admitted with that job. */
    public JobSpec after(Attachment picture) {
        Stream<Attachment> others =
                attachments.stream().filter(attachment -> !attachment.name().equals(INIT_IMAGE));
        List<Attachment> all =
                Stream.concat(Stream.of(picture.named(INIT_IMAGE)), others).toList();
        Generation begun = generation.toBuilder()
                .clearAttachments()
                .addAllAttachments(all.stream().map(Attachment::toProto).toList())
                .build();
        return making(begun).with(all).charged(Charge.NONE);
    }

    public String user() {
        return terms.user;
    }

    /** The image of a field. */
    public Optional<Attachment> attachment(String field) {
        return attachments.stream()
                .filter(attachment -> attachment.name().equals(field))
                .findFirst();
    }

    /** The images that a stage from a position on reads. */
    List<Tensor> inputs(int position) {
        return attachments.stream()
                .map(Attachment::toTensor)
                .filter(input -> Ports.isTaken(route, position, input.name()))
                .toList();
    }

    /** Whether all images are here that a stage from a position on reads. */
    boolean hasInputs(int position) {
        List<String> here = attachments.stream().map(Attachment::name).toList();
        return generation.getAttachmentsList().stream()
                .map(dev.weir.proto.v1.Attachment::getName)
                .filter(name -> isRead(position, name))
                .allMatch(here::contains);
    }

    /** Whether a stage from a position on reads the image of a field. */
    public boolean isRead(int position, String name) {
        return Ports.isTaken(route, position, Attachment.port(name));
    }

    /** An unsigned number. After the largest one comes 0. Samples whose noise is one draw have one seed. */
    public long seed(int sample) {
        return isOneDraw() ? generation.getSeed() : generation.getSeed() + sample;
    }

    private boolean isOneDraw() {
        return generation.getNoise().startsWith(ONE_DRAW) || isComfyui();
    }

    private boolean isComfyui() {
        return generation.getNoise().equals(COMFYUI);
    }

    private static String comfyui(int image, int images) {
        return "%s:%d:%d".formatted(COMFYUI, image, images);
    }

    /** The same job of one image, with the noise of an image of a batch in ComfyUI. */
    public JobSpec ofBatch(int image, int images) {
        return making(generation.toBuilder().setNoise(comfyui(image, images)).build());
    }

    /** What one sample is generated from. */
    Generation generation(int sample) {
        Generation.Builder one = generation.toBuilder().setSeed(seed(sample));
        if (isComfyui()) {
            one.setNoise(comfyui(sample, samples));
        } else if (isOneDraw()) {
            int first = Integer.parseInt(generation.getNoise().substring(ONE_DRAW.length()));
            one.setNoise(ONE_DRAW + (first + sample));
        }
        return one.build();
    }

    /** The stage's names, in order. */
    List<String> stages() {
        return route.stream().map(Stage::getName).toList();
    }

    /** Network calls of all diffusing stages of the route: what events count as steps. */
    public int totalSteps() {
        return stepsBefore(route.size());
    }

    /** The same of each diffusing stage, in order. */
    public List<Integer> stepsByStage() {
        return route.stream()
                .filter(stage -> stage.getRole() == StageRole.DIFFUSE)
                .map(JobSpec::steps)
                .toList();
    }

    /**
     * Steps done over the whole route, when the stage at a position has done so many. Stages that share a schedule may do one more than was
     * estimated, because only the node that has the schedule knows where it is divided. The total stays as it was told.
     */
    int overallStep(int position, int step) {
        return stepsBefore(position) + Math.min(step, steps(route.get(position)));
    }

    int overallStep(Checkpoint checkpoint) {
        return overallStep(checkpoint.getPosition(), checkpoint.getStep());
    }

    private int stepsBefore(int position) {
        return route.stream().limit(position).mapToInt(JobSpec::steps).sum();
    }

    /** 0 where a stage has no steps. */
    static int steps(Stage stage) {
        return stage.getRole() == StageRole.DIFFUSE ? stage.getForwards() : 0;
    }

    /** Whether there is a stage at a position. */
    boolean has(int position) {
        return position >= 0 && position < route.size();
    }

    /** The progress that an event implies, in stages and steps: it increases along the whole route. */
    int reached(Event event) {
        return event.hasFrame()
                ? 0
                : event.getPosition()
                        + overallStep(event.getPosition(), event.getProgress().getStep());
    }

    int reached(Checkpoint checkpoint) {
        return checkpoint.getPosition() + overallStep(checkpoint);
    }
}
