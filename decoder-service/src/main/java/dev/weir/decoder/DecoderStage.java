package dev.weir.decoder;

import dev.weir.decoder.PictureDecoder.Decoded;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Tensors;
import dev.weir.engine.UpscalerFile;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.PictureInput;
import dev.weir.picture.PictureException;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Loading;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.Inputs;
import dev.weir.serving.KnownModel;
import dev.weir.serving.LatentText;
import dev.weir.serving.Latents;
import dev.weir.serving.NodeModels;
import dev.weir.serving.NotFinite;
import dev.weir.serving.PictureReaders;
import dev.weir.serving.ServedModels;
import dev.weir.serving.Targets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Decodes latents to images, and sees the pictures that requests bring. Latents of one model and shape share a forward pass: images
 * first, then pictures that are to be seen, then frames. Owned by the device thread; threads of its own read and resize the pictures of
 * requests, and write files. It does not know the watchers; the stage node decides whether there is room for a frame.
 */
public final class DecoderStage implements Stage {

    /** Limits the memory of a forward pass to so many image pixels, but always allows one image. */
    private static final long PIXELS_PER_FORWARD = 1 << 20;

    private static final int TEST_SEED = 1;

    /** @param sketched whether the model's tiny decoder makes it */
    private record Waiting(Work work, String model, LatentShape shape, float[] latent, boolean sketched) {

        boolean sharesForwardWith(Waiting other) {
            return model.equals(other.model) && shape.equals(other.shape) && sketched == other.sketched;
        }
    }

    /** @param pictures what was read of them; throws what is wrong with them */
    private record Seeing(Work work, Supplier<Seen> pictures) {}

    /** Pictures that were read: what the rest of the run is told of them. */
    private interface Seen {
        Tensors by(PictureDecoder decoder);
    }

    private final NodeModels nodeModels;
    private final ComputeTarget target;
    private final int capacity;
    private final Safety safety;
    private final List<Waiting> pictures = new ArrayList<>();
    private final Deque<Seeing> sights = new ArrayDeque<>();
    private final List<Waiting> frames = new ArrayList<>();
    private final Finishings finishings;
    private boolean finishesNext;
    private final PictureReaders readers = new PictureReaders(kind());
    private final Endings endings;
    private volatile ServedModels<PictureDecoder> models;

    /** A stage that checks no pictures. */
    public DecoderStage(List<ModelFolder> folders, ComputeTarget target, int capacity) {
        this(folders, target, capacity, Safety.OFF);
    }

    /** A stage whose models are all loaded when it opens. */
    public DecoderStage(List<ModelFolder> folders, ComputeTarget target, int capacity, Safety safety) {
        this(NodeModels.of(folders), target, capacity, safety);
    }

    /** @param capacity samples held at once */
    public DecoderStage(NodeModels models, ComputeTarget target, int capacity, Safety safety) {
        this.safety = safety;
        this.nodeModels = models;
        this.target = target;
        this.capacity = capacity;
        this.finishings = new Finishings(target, this::upscalers);
        this.endings = new Endings(target(), finishings, readers);
    }

    private Map<String, UpscalerFile> upscalers(String model) {
        return models.folder(model).map(folder -> folder.upscalers().byName()).orElse(Map.of());
    }

    @Override
    public StageKind kind() {
        return StageKind.DECODER;
    }

    @Override
    public void open() {
        models = ServedModels.open(
                kind(),
                nodeModels,
                folder -> PictureDecoder.open(folder, target, safety),
                DecoderStage::warmUp,
                DecoderStage::warmUp,
                this::blanks);
    }

    private static void warmUp(ModelFolder folder, PictureDecoder codec) {
        if (!isFinite(codec, codec.usual())) {
            throw new ModelException(NotFinite.PROBLEM);
        }
    }

    /** Whether noise of the latents' size decodes to a finite picture with finite scores of the safety checker. */
    private static boolean isFinite(PictureDecoder codec, LatentShape shape) {
        float[] noise = new TorchGenerator(TEST_SEED).normal(shape.size());
        return codec.decode(shape, List.of(noise)).get(0).isPresent();
    }

    @Override
    public List<ModelStatus> models() {
        return models.statuses();
    }

    /** Also before the model is loaded: nobody may see what its checker would have made black. */
    private boolean blanks(KnownModel model) {
        return safety == Safety.BLANK && model.hasChecker();
    }

    @Override
    public Loading loading() {
        return models;
    }

    @Override
    public Target target() {
        return Targets.of(target);
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public CompletionStage<Admission> prepare(Work work) {
        if (Resized.isWanted(work)) {
            return Resized.needsUpscaler(work)
                    ? Stage.super.prepare(work)
                    : readers.admission(
                            () -> Resized.of(work), image -> outbox -> Endings.resized(work, image, outbox));
        }
        return Inputs.areWanted(work)
                ? readers.admission(() -> input(work), input -> outbox -> admit(work, input, outbox))
                : Stage.super.prepare(work);
    }

    /** A latent in the file of a picture needs no autoencoder. */
    private Seen input(Work work) {
        PictureDecoder codec = models.get(work.task().getModel());
        Optional<Tensors> latent = LatentText.resized(work, codec.scale()).map(codec::see);
        if (latent.isPresent()) {
            return decoder -> latent.get();
        }
        PictureInput input = codec.input(Sights.of(work));
        return decoder -> decoder.see(input);
    }

    @Override
    public void admit(Work work, Outbox outbox) {
        if (Resized.isWanted(work) && Resized.needsUpscaler(work)) {
            endings.enlarge(work, outbox);
        } else if (Resized.isWanted(work)) {
            Endings.resized(work, () -> Resized.of(work), outbox);
        } else {
            admit(work, () -> input(work), outbox);
        }
    }

    private void admit(Work work, Supplier<Seen> input, Outbox outbox) {
        Optional<Failure> outage = models.outage(work.task().getModel());
        if (outage.isPresent()) {
            outbox.fail(work, outage.get());
            return;
        }
        if (Inputs.areWanted(work)) {
            sights.add(new Seeing(work, input));
            return;
        }
        try {
            Tensor latent = Latents.of(work);
            List<Waiting> queue = work.isFrame() ? frames : pictures;
            queue.add(new Waiting(
                    work, work.task().getModel(), Latents.shapeOf(latent), latent.toFloats(), isSketched(work)));
        } catch (IllegalArgumentException e) {
            outbox.fail(work, new Failure("invalid_task", e.getMessage(), false));
        }
    }

    /** A frame for which no better decoder is wanted. Throws an IllegalArgumentException where that is not here. */
    private boolean isSketched(Work work) {
        Preview.Grade grade = work.task().getPreview().getGrade();
        boolean hasTiny = models.get(work.task().getModel()).hasTiny();
        if (work.isFrame() && grade == Preview.Grade.TAESD && !hasTiny) {
            throw new IllegalArgumentException("no tiny autoencoder of the model is here");
        }
        return work.isFrame() && grade != Preview.Grade.VAE && hasTiny;
    }

    @Override
    public void drop(SampleKey key) {
        sights.removeIf(seeing -> seeing.work().key().equals(key));
        pictures.removeIf(waiting -> waiting.work().key().equals(key));
        frames.removeIf(waiting -> waiting.work().key().equals(key));
        finishings.drop(key);
    }

    @Override
    public int turn(Outbox outbox) {
        finishesNext =
                !finishings.isEmpty() && (!finishesNext || pictures.isEmpty() && sights.isEmpty() && frames.isEmpty());
        if (finishesNext) {
            finishings.turn(outbox);
            return 1;
        }
        if (pictures.isEmpty() && !sights.isEmpty()) {
            see(sights.remove(), outbox);
            return 1;
        }
        List<Waiting> queue = pictures.isEmpty() ? frames : pictures;
        if (queue.isEmpty()) {
            return 0;
        }
        List<Waiting> batch = takeBatch(queue);
        batch.forEach(waiting -> outbox.started(waiting.work()));
        try {
            decode(batch, outbox);
        } catch (RuntimeException e) {
            Failure failure = new Failure("decode_failed", String.valueOf(e.getMessage()), true);
            batch.forEach(waiting -> outbox.fail(waiting.work(), failure));
            Waiting first = batch.get(0);
            if (models.isLost(first.model(), codec -> isFinite(codec, first.shape()))) {
                failAll(first.model(), outbox);
            }
        }
        return batch.size();
    }

    /** Pictures have many sizes, so each is seen alone. */
    private void see(Seeing seeing, Outbox outbox) {
        Work work = seeing.work();
        outbox.started(work);
        String model = work.task().getModel();
        try {
            Tensors seen = seeing.pictures().get().by(models.get(model));
            if (seen.isFinite()) {
                outbox.handOn(work, Branches.toTensors("", seen));
            } else {
                outbox.fail(work, NotFinite.ofRequest("what the image encoder sees"));
            }
        } catch (PictureException | IllegalArgumentException e) {
            outbox.fail(work, new Failure("invalid_image", e.getMessage(), false));
        } catch (RuntimeException e) {
            outbox.fail(work, new Failure("encode_failed", String.valueOf(e.getMessage()), true));
            if (models.isLost(model, codec -> isFinite(codec, codec.usual()))) {
                failAll(model, outbox);
            }
        }
    }

    /** The oldest, and those after it that may share its forward pass. */
    private List<Waiting> takeBatch(List<Waiting> queue) {
        Waiting oldest = queue.get(0);
        int scale = models.get(oldest.model()).scale();
        long pixels = (long) oldest.shape().height() * oldest.shape().width() * scale * scale;
        long most = Math.max(1, PIXELS_PER_FORWARD / pixels);
        List<Waiting> batch = new ArrayList<>();
        for (Iterator<Waiting> all = queue.iterator(); all.hasNext() && batch.size() < most; ) {
            Waiting waiting = all.next();
            if (waiting.sharesForwardWith(oldest)) {
                batch.add(waiting);
                all.remove();
            }
        }
        return batch;
    }

    private void decode(List<Waiting> batch, Outbox outbox) {
        Waiting first = batch.get(0);
        PictureDecoder decoder = models.get(first.model());
        List<float[]> latents = batch.stream().map(Waiting::latent).toList();
        List<Optional<Decoded>> images =
                first.sketched() ? decoder.sketch(first.shape(), latents) : decoder.decode(first.shape(), latents);
        List<Waiting> failed = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            Waiting waiting = batch.get(i);
            images.get(i)
                    .ifPresentOrElse(
                            decoded -> endings.finish(waiting.work(), decoded, outbox), () -> failed.add(waiting));
        }
        if (!failed.isEmpty()) {
            failNotFinite(failed, failed.size() == batch.size(), outbox);
        }
    }

    private void failNotFinite(List<Waiting> failed, boolean isWholeForward, Outbox outbox) {
        String model = failed.get(0).model();
        LatentShape shape = failed.get(0).shape();
        boolean isBroken = isWholeForward && models.isBroken(model, codec -> isFinite(codec, shape));
        String what = "the decoder's image";
        Failure failure = isBroken ? NotFinite.ofModel(what, model) : NotFinite.ofRequest(what);
        failed.forEach(waiting -> outbox.fail(waiting.work(), failure));
        failAll(model, outbox);
    }

    /** What is held of a model, if it is not served any more. */
    private void failAll(String model, Outbox outbox) {
        models.outage(model).ifPresent(outage -> {
            failWaiting(pictures, model, outage, outbox);
            failWaiting(frames, model, outage, outbox);
            sights.removeIf(seeing -> isFailed(seeing.work(), model, outage, outbox));
        });
    }

    private static void failWaiting(List<Waiting> queue, String model, Failure outage, Outbox outbox) {
        List<Waiting> concerned =
                queue.stream().filter(waiting -> waiting.model().equals(model)).toList();
        queue.removeAll(concerned);
        concerned.forEach(waiting -> outbox.fail(waiting.work(), outage));
    }

    private static boolean isFailed(Work work, String model, Failure outage, Outbox outbox) {
        boolean isConcerned = work.task().getModel().equals(model);
        if (isConcerned) {
            outbox.fail(work, outage);
        }
        return isConcerned;
    }

    @Override
    public void close() {
        readers.close();
        endings.close();
        finishings.close();
        models.close();
    }
}
