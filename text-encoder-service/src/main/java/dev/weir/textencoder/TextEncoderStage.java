package dev.weir.textencoder;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptStates;
import dev.weir.engine.Tensors;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.inversion.Embedding;
import dev.weir.engine.pipeline.Port;
import dev.weir.picture.PictureException;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Loading;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.FilesHere;
import dev.weir.serving.IpAdapters;
import dev.weir.serving.Loras;
import dev.weir.serving.Memory;
import dev.weir.serving.NodeModels;
import dev.weir.serving.NotFinite;
import dev.weir.serving.PictureReaders;
import dev.weir.serving.ServedModels;
import dev.weir.serving.Targets;
import dev.weir.textencoder.WaitingPrompts.Waiting;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Encodes prompts to text states, and sees pictures as CLIP does. All prompts that wait when the device is free share one forward
 * pass, equal prompts share one row, and recent ones are remembered, here and by the cluster. Equal pictures are seen once. Owned by
 * the device thread, which waits neither for the cluster nor for files: the event loop asks the cluster, and other threads read the
 * pictures, before work is admitted. It knows nothing about latents or steps.
 */
public final class TextEncoderStage implements Stage {

    private final NodeModels nodeModels;
    private final ComputeTarget target;
    private final int capacity;
    private final WaitingPrompts waiting = new WaitingPrompts();
    private final PictureReaders readers = new PictureReaders(kind());
    private final Pixels pixels = new Pixels();
    private final RecalledStates recalled;
    private final Function<ModelFolder, Encoders> opener;
    private volatile ServedModels<Encoders> models;

    /** A stage that does not share its states. */
    public TextEncoderStage(List<ModelFolder> folders, ComputeTarget target, int capacity) {
        this(folders, target, capacity, Optional.empty());
    }

    /** A stage whose models are all loaded when it opens. */
    public TextEncoderStage(
            List<ModelFolder> folders, ComputeTarget target, int capacity, Optional<StatesMemory> memory) {
        this(NodeModels.of(folders), target, capacity, memory);
    }

    /**
     * @param capacity samples held at once
     * @param memory the shared memory of the cluster's nodes
     */
    public TextEncoderStage(NodeModels models, ComputeTarget target, int capacity, Optional<StatesMemory> memory) {
        this(models, target, capacity, memory, folder -> Encoders.open(folder, target));
    }

    TextEncoderStage(
            NodeModels models,
            ComputeTarget target,
            int capacity,
            Optional<StatesMemory> memory,
            Function<ModelFolder, Encoders> opener) {
        this.recalled = new RecalledStates(memory, target);
        this.opener = opener;
        this.nodeModels = models;
        this.target = target;
        this.capacity = capacity;
    }

    @Override
    public StageKind kind() {
        return StageKind.TEXT_ENCODER;
    }

    @Override
    public void open() {
        models = ServedModels.open(kind(), nodeModels, opener::apply, this::warmUp, this::warmUp);
    }

    private void warmUp(ModelFolder folder, Encoders encoders) {
        List<PromptStates> states = encoders.testStates();
        if (!encoders.areFinite(states)) {
            throw new ModelException(NotFinite.PROBLEM);
        }
        if (!states.isEmpty()) {
            recalled.remember(folder.card().id(), encoders.weights(), Encoders.ABSENT, states.get(0));
        }
    }

    @Override
    public List<ModelStatus> models() {
        return models.statuses();
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
        CompletableFuture<Admission> read = Pixels.areWanted(work)
                ? readers.admission(() -> pixels(work), pictures -> outbox -> admit(work, pictures, outbox))
                : CompletableFuture.completedFuture(outbox -> admit(work, outbox));
        String model = work.task().getModel();
        CompletionStage<?> fetched =
                recalled.fetch(model, weights(model), known(work)).toCompletionStage();
        CompletableFuture<Admission> ready = read.thenCombine(fetched, (admission, ignored) -> admission);
        ready.whenComplete((admission, problem) -> read.cancel(false));
        return ready;
    }

    private Map<Port, float[]> pixels(Work work) {
        String model = work.task().getModel();
        return pixels.of(work, models.get(model), ipAdapters(model));
    }

    @Override
    public void admit(Work work, Outbox outbox) {
        admit(work, () -> pixels(work), outbox);
    }

    private void admit(Work work, Supplier<Map<Port, float[]>> pictures, Outbox outbox) {
        Optional<Failure> outage = models.outage(work.task().getModel());
        if (outage.isPresent()) {
            outbox.fail(work, outage.get());
            return;
        }
        Encoders encoders = models.get(work.task().getModel());
        try {
            encoders.follow();
            encoders.load(loras(work));
            requireAddOns(work);
        } catch (ModelException e) {
            outbox.fail(work, unavailable(e));
            return;
        }
        try {
            TextBounds.check(wording(work), encoders::size);
            waiting.add(new Waiting(work, pictures));
        } catch (IllegalArgumentException e) {
            outbox.fail(work, new Failure("invalid_prompt", e.getMessage(), false));
        }
    }

    @Override
    public void drop(SampleKey key) {
        waiting.drop(key);
    }

    @Override
    public int turn(Outbox outbox) {
        if (waiting.isEmpty()) {
            return 0;
        }
        String model = waiting.first();
        models.get(model).follow();
        int failed = failUnavailable(model, outbox);
        Set<Prompt> prompts = new LinkedHashSet<>();
        List<Waiting> batch = waiting.takeBatch(
                model, this::wording, prompt -> models.get(model).size(prompt).rows(), prompts);
        batch.forEach(held -> outbox.started(held.work()));
        Map<Prompt, PromptStates> states;
        try {
            states = recalled.of(
                    model,
                    weights(model),
                    prompts,
                    () -> models.get(model).text().orElseThrow(),
                    outbox);
        } catch (ModelException e) {
            Failure unavailable = unavailable(e);
            batch.forEach(held -> outbox.fail(held.work(), unavailable));
            return failed + batch.size();
        } catch (IllegalArgumentException e) {
            batch.forEach(held -> outbox.fail(held.work(), new Failure("invalid_prompt", e.getMessage(), false)));
            return failed + batch.size();
        } catch (RuntimeException e) {
            if (Memory.isExhausted(e)) {
                throw e;
            }
            batch.forEach(held -> outbox.fail(held.work(), encodeFailed(e)));
            testDevice(model, outbox);
            return failed + batch.size();
        }
        Glance glance = new Glance(models.get(model));
        // The samples of a request share what is handed on.
        Map<Wording, List<Tensor>> tensors = new HashMap<>();
        PromptImages images = new PromptImages(models.get(model).prompter(), ipAdapters(model));
        List<Work> unread = new ArrayList<>();
        List<Work> unseen = new ArrayList<>();
        for (Waiting held : batch) {
            Work work = held.work();
            Optional<Failure> outage = models.outage(model);
            if (outage.isPresent()) {
                outbox.fail(work, outage.get());
                continue;
            }
            Wording wording = wording(work);
            if (!states.keySet().containsAll(wording.all())) {
                unread.add(work);
                continue;
            }
            seen(held, glance, images, outbox).ifPresent(seen -> {
                if (seen.isFinite()) {
                    wording.warnings(states).forEach(warning -> outbox.warn(work, warning));
                    UnusedEmbeddings.of(work.task().getGeneration(), refusedEmbeddings(model))
                            .forEach(warning -> outbox.warn(work, warning));
                    outbox.handOn(work, encoded(tensors.computeIfAbsent(wording, own -> own.tensors(states)), seen));
                } else {
                    unseen.add(work);
                }
            });
        }
        failNotFinite(model, "the text encoder's output", unread, outbox);
        failNotFinite(model, "the image encoder's output", unseen, outbox);
        return failed + batch.size();
    }

    /** Files that requests name may have changed while they waited. */
    private int failUnavailable(String model, Outbox outbox) {
        return waiting.removeIf(model, work -> {
            try {
                loras(work);
                requireAddOns(work);
                return false;
            } catch (ModelException e) {
                outbox.fail(work, unavailable(e));
                return true;
            }
        });
    }

    private Failure unavailable(ModelException file) {
        nodeModels.lookAtFiles();
        return FilesHere.unavailable(file);
    }

    /** What is seen in a task's pictures, by names on the bus. A task whose pictures cannot be read fails, and has nothing. */
    private Optional<Tensors> seen(Waiting held, Glance glance, PromptImages images, Outbox outbox) {
        Work work = held.work();
        try {
            Map<Port, float[]> pictures = held.pictures().get();
            return Optional.of(glance.of(work, pictures).with(images.of(work, pictures)));
        } catch (PictureException | IllegalArgumentException e) {
            outbox.fail(work, new Failure("invalid_image", e.getMessage(), false));
        } catch (ModelException e) {
            outbox.fail(work, unavailable(e));
        } catch (RuntimeException e) {
            outbox.fail(work, encodeFailed(e));
            testDevice(work.task().getModel(), outbox);
        }
        return Optional.empty();
    }

    private static Failure encodeFailed(RuntimeException problem) {
        return new Failure("encode_failed", String.valueOf(problem.getMessage()), true);
    }

    /** A model that fails with a test input too gets no more work: its device is lost. */
    private void testDevice(String model, Outbox outbox) {
        if (models.isLost(model, Encoders::areFinite)) {
            failWaiting(model, outbox);
        }
    }

    private void failNotFinite(String model, String what, List<Work> failed, Outbox outbox) {
        if (failed.isEmpty()) {
            return;
        }
        boolean isBroken = models.find(model).isEmpty() || models.isBroken(model, Encoders::areFinite);
        Failure failure = isBroken ? NotFinite.ofModel(what, model) : NotFinite.ofRequest(what);
        failed.forEach(work -> outbox.fail(work, failure));
        failWaiting(model, outbox);
    }

    /** What waits for a model that is not served any more. */
    private void failWaiting(String model, Outbox outbox) {
        models.outage(model).ifPresent(outage -> waiting.remove(model).forEach(work -> outbox.fail(work, outage)));
    }

    private Wording wording(Work work) {
        return Wording.of(work, loras(work));
    }

    /** The prompts of work that may have something that is not here or cannot be read, which {@link #admit} tells; then none. */
    private List<Prompt> known(Work work) {
        try {
            return wording(work).all();
        } catch (IllegalArgumentException | ModelException e) {
            return List.of();
        }
    }

    /** Nodes with another file of a name would read another word, or see a picture in another way. */
    private void requireAddOns(Work work) {
        String model = work.task().getModel();
        IpAdapters.of(work, ipAdapters(model));
        Map<String, Embedding> known = models.get(model).embeddings();
        for (var named : work.task().getGeneration().getEmbeddingsList()) {
            FilesHere.find(known, Embedding::fingerprint, "embedding", named.getName(), named.getFingerprint());
        }
    }

    private Map<String, String> refusedEmbeddings(String model) {
        return models.folder(model)
                .map(folder -> folder.embeddings().offer().refused())
                .orElse(Map.of());
    }

    /** Those that change the text encoders. */
    private List<WeightedLora> loras(Work work) {
        return Loras.of(
                work.task().getGeneration(),
                work.stage().getName(),
                models.folder(work.task().getModel())
                        .map(folder -> folder.loras().byName())
                        .orElse(Map.of()));
    }

    private String weights(String model) {
        return models.find(model).map(Encoders::weights).orElse("");
    }

    private Map<String, IpAdapter> ipAdapters(String model) {
        return models.folder(model).map(folder -> folder.ipAdapters().byName()).orElse(Map.of());
    }

    private static List<Tensor> encoded(List<Tensor> words, Tensors seen) {
        List<Tensor> tensors = new ArrayList<>(words);
        tensors.addAll(Branches.toTensors("", seen));
        return tensors;
    }

    @Override
    public void close() {
        readers.close();
        models.close();
    }
}
