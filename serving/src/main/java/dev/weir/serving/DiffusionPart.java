package dev.weir.serving;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Finite;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NetworkInput;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.Pixels;
import dev.weir.engine.Signature;
import dev.weir.engine.Tensors;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.control.Control;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.image.FramePreview;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.EmbeddingNoise;
import dev.weir.engine.pipeline.PipelineType;
import dev.weir.engine.pipeline.Port;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.SchedulerConfig;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Stage;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.plan.BatchKey;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The part of a model that a diffusing stage needs: its network and its schedule, and how its family begins a sample.
 *
 * @param type the model's family
 * @param stage as the model's workflows describe it
 * @param augmentation the schedule by which noise is added to what the network sees beside the sample
 * @param nativeShape of the samples at the model's native size, {@code [channels, height, width]}
 * @param preview the matrix from latents to RGB, if the model has one
 * @param loras that may change the network
 * @param ipAdapters that requests may name
 * @param earlier the diffusing stages before this one, in a model with a prior
 * @param embeddingNoise that the embedding of a prior gets
 * @param controls that may steer it
 */
public record DiffusionPart(
        ModelCard card,
        PipelineType type,
        StageSpec stage,
        Denoiser network,
        SchedulerConfig schedule,
        SchedulerConfig augmentation,
        LatentShape nativeShape,
        Optional<FramePreview> preview,
        FittingFiles<Lora> loras,
        FittingFiles<IpAdapter> ipAdapters,
        List<Earlier> earlier,
        Optional<EmbeddingNoise> embeddingNoise,
        Controls controls)
        implements AutoCloseable {

    /** @param channels of what a prior makes; empty: it makes latents */
    record Earlier(StageSpec stage, SchedulerConfig schedule, OptionalInt channels) {}

    /** Of a stage that comes after no prior, and that no ControlNets steer. */
    public DiffusionPart(
            ModelCard card,
            PipelineType type,
            StageSpec stage,
            Denoiser network,
            SchedulerConfig schedule,
            SchedulerConfig augmentation,
            LatentShape nativeShape,
            Optional<FramePreview> preview,
            FittingFiles<Lora> loras,
            FittingFiles<IpAdapter> ipAdapters) {
        this(
                card,
                type,
                stage,
                network,
                schedule,
                augmentation,
                nativeShape,
                preview,
                loras,
                ipAdapters,
                List.of(),
                Optional.empty(),
                new Controls(FittingFiles.none()));
    }

    private static final int TEST_SEED = 1;

    /**
     * Loads the part of a model.
     *
     * @param nth of its diffusing stages, from 0
     */
    public static DiffusionPart open(ModelFolder folder, int nth, ComputeTarget target) {
        return open(folder, nth, folder.network(folder.pipeline().diffusing().get(nth), target));
    }

    /** Closes the network, whose memory is native, if it does not become a part. */
    static DiffusionPart open(ModelFolder folder, int nth, Denoiser network) {
        try {
            return of(folder, nth, network);
        } catch (Throwable e) {
            network.close();
            throw e;
        }
    }

    private static DiffusionPart of(ModelFolder folder, int nth, Denoiser network) {
        ModelCard card = folder.card();
        StageSpec stage = folder.pipeline().diffusing().get(nth);
        int side = folder.pipeline().side(stage);
        network.expect(folder.loras().byName().values());
        if (stage.equals(folder.pipeline().main())
                && !folder.ipAdapters().byName().isEmpty()) {
            network.expectImages();
        }
        return new DiffusionPart(
                card,
                folder.pipeline().type(),
                stage,
                network,
                folder.scheduler(stage),
                folder.augmentation(stage),
                shape(
                        folder.pipeline().type(),
                        card,
                        stage,
                        folder.pipeline().latent(),
                        network.inChannels(),
                        side,
                        side),
                stage.ofPixels() ? Optional.of(Pixels.RGB.preview()) : folder.latentPreview(),
                folder.loras(),
                folder.ipAdapters(),
                earlier(folder, nth),
                folder.priorNoise(),
                new Controls(folder.controlNets()));
    }

    /** Other models' diffusing stages each have the stream from its beginning. */
    private static List<Earlier> earlier(ModelFolder folder, int nth) {
        List<StageSpec> diffusing = folder.pipeline().diffusing();
        return diffusing.get(0).isPrior()
                ? diffusing.subList(0, nth).stream()
                        .map(stage -> new Earlier(
                                stage,
                                folder.scheduler(stage),
                                stage.isPrior() ? OptionalInt.of(folder.priorChannels(stage)) : OptionalInt.empty()))
                        .toList()
                : List.of();
    }

    /** Of the latents of a stage that runs this part. */
    LatentShape shape(Stage route) {
        return shape(type, card, stage, nativeShape, network.inChannels(), route.getHeight(), route.getWidth());
    }

    /**
     * @param one of all samples, where they have one shape
     * @param channels of a prior's samples
     * @param height of the picture
     */
    private static LatentShape shape(
            PipelineType type, ModelCard card, StageSpec stage, LatentShape one, int channels, int height, int width) {
        if (type.hasOneShape()) {
            return one;
        }
        if (stage.ofPixels()) {
            return new LatentShape(Pixels.RGB.channels(), height, width);
        }
        return stage.isPrior()
                ? type.made(channels, height, width)
                : new LatentShape(card.latentChannels(), height / card.scale(), width / card.scale());
    }

    /** Picture pixels per pixel of its samples each way. */
    int scale() {
        return stage.ofPixels() ? 1 : card.scale();
    }

    /** Whether frames are painted here whatever a request asks for: the samples are the pictures. */
    boolean paintsFrames(Preview.Grade asked) {
        return preview.isPresent() && (asked == Preview.Grade.LATENT_RGB || stage.ofPixels());
    }

    /**
     * The run of a task here: with the sampler that its network was published with, or the one that the request names.
     *
     * @throws IllegalArgumentException if the sampler or the number of steps does not exist
     */
    private Sampler sampler(Stage route) {
        return sampler(route, schedule, type.tokens(shape(route)));
    }

    /** @param tokens of the sample for a transformer */
    private static Sampler sampler(Stage route, SchedulerConfig schedule, OptionalInt tokens) {
        Sampling sampling = route.getSampling();
        SamplerSpec spec = sampling.getSampler().isEmpty()
                ? SamplerSpec.parse(Samplers.defaultName(schedule))
                : RequestedSampling.spec(sampling);
        return Samplers.create(schedule, spec, RequestedSampling.span(sampling), tokens);
    }

    /** Why the task can never be done here, or empty. */
    Optional<String> refuse(Stage route) {
        try {
            shape(route);
            sampler(route);
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** The ControlNets that steer the work, with their pictures. Reads and resizes these; any thread. Throws as {@link Controls#of}. */
    List<Control> steering(Work work) {
        return controls.of(work);
    }

    /**
     * The row at its start. Throws an IllegalArgumentException that names a missing or wrong field or tensor, or a ModelException that
     * names a file that cannot be read.
     */
    Row begin(Work work, List<Control> steering) {
        Generation generation = work.task().getGeneration();
        Stage route = work.stage();
        Tensors given = IpAdapters.attended(work, Branches.given(work), ipAdapters.byName(), network);
        requireImage(route, given);
        return type.begin(
                        stage,
                        new Begin(
                                card,
                                shape(route),
                                sampler(route),
                                augmentation,
                                RequestedSampling.noise(generation),
                                network.inputs(),
                                network.inChannels() - nativeShape.channels(),
                                RequestedSampling.request(route, generation),
                                given,
                                earlier.stream()
                                        .map(before -> before(work, before))
                                        .toList(),
                                embeddingNoise,
                                Phrases.of(work)))
                .with(Loras.of(generation, route.getName(), loras.byName()))
                .steeredBy(steering);
    }

    private Begin.Earlier before(Work work, Earlier before) {
        Stage route = work.task().getRouteList().stream()
                .filter(stage -> stage.getName().equals(before.stage().name()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "the task's route has no " + before.stage().name()));
        LatentShape sample = shape(
                type,
                card,
                before.stage(),
                nativeShape,
                before.channels().orElse(0),
                route.getHeight(),
                route.getWidth());
        return new Begin.Earlier(sampler(route, before.schedule(), OptionalInt.empty()), sample.size());
    }

    /** Without what was seen of a picture a sample would begin with noise alone. */
    private static void requireImage(Stage route, Tensors given) {
        String port = Port.IMAGE.name();
        if (route.getTakesList().contains(port)
                && given.byName().keySet().stream().noneMatch(name -> name.startsWith(port + "/"))) {
            throw new IllegalArgumentException("the task bears nothing of the image");
        }
    }

    /** A row of noise at the native size, as real ones begin. */
    private Denoiser.Row testRow() {
        return NoiseRow.of(network, nativeShape, made(), type.promptTokens(), TEST_SEED);
    }

    /** What the prior before this stage makes for a picture of the native size, if there is one. */
    private LatentShape made() {
        int height = nativeShape.height() * scale();
        int width = nativeShape.width() * scale();
        return earlier.stream()
                .flatMapToInt(before -> before.channels().stream())
                .mapToObj(channels -> type.made(channels, height, width))
                .findFirst()
                .orElse(nativeShape);
    }

    /** What rows at the native size have in common. */
    BatchKey nativeKey() {
        return key(nativeShape, List.of(testRow().inputs()), type.promptTokens());
    }

    /**
     * What the rows of a sample have in common with others that may share their forward pass.
     *
     * @param branches the inputs of each of its network rows
     * @param tokens of its longest prompt
     * @throws IllegalArgumentException that names an input that the network lacks or does not take
     */
    BatchKey key(LatentShape sample, List<Tensors> branches, int tokens) {
        branches.forEach(branch -> NetworkInput.require(network.inputs(), branch));
        List<Signature> signatures = branches.stream()
                .map(branch -> Signature.of(branch, network.inputs()))
                .distinct()
                .toList();
        if (signatures.size() != 1) {
            throw new IllegalArgumentException("the branches of a sample have different inputs: " + signatures);
        }
        return new BatchKey(card.id(), sample, signatures.get(0), BatchKey.length(tokens));
    }

    /** Runs the network of most steps on so many rows of noise, and says whether all that it gives is finite. */
    boolean isFinite(int rows) {
        return isFinite(Collections.nCopies(rows, testRow()));
    }

    /** The same of all that a sample runs here. */
    boolean isFinite() {
        return isFinite(1) && isRestFinite();
    }

    /** The same of the networks of other steps, and of what ends a run. */
    boolean isRestFinite() {
        Denoiser.Row row = testRow();
        return network.timesteps().stream()
                        .skip(1)
                        .allMatch(timestep -> isFinite(List.of(new Denoiser.Row(row.sample(), timestep, row.inputs()))))
                && Finite.all(network.finished(row.sample()));
    }

    private boolean isFinite(List<Denoiser.Row> rows) {
        return network.predict(nativeShape, rows).stream().allMatch(Finite::all);
    }

    @Override
    public void close() {
        network.close();
    }
}
