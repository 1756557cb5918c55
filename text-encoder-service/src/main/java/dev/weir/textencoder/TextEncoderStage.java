package dev.weir.textencoder;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Prompt;
import dev.weir.engine.PromptStates;
import dev.weir.engine.TextEncoder;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Warning;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Branches;
import dev.weir.serving.NotFinite;
import dev.weir.serving.ServedModels;
import dev.weir.serving.Targets;
import io.vertx.core.Future;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Encodes prompts to text states. All prompts that wait when the device is free share one forward pass, equal prompts
 * share one row, and recent ones are remembered, here and by the cluster. Owned by the device thread, which never waits
 * for the cluster: the event loop asks it before work is admitted. It knows nothing about latents or steps.
 */
public final class TextEncoderStage implements Stage {

    private static final int MAX_PROMPTS = 64;
    /** The negative prompt of nearly every guided sample. */
    private static final Prompt ABSENT = Prompt.absent(0);

    private static final List<Prompt> TEST = List.of(ABSENT, Prompt.of("warm up"));

    /** 16 MiB: about 70 prompts of Stable Diffusion 1.x, or thousands of the default model's. */
    private static final int CACHED_NUMBERS = 4 << 20;

    private final List<ModelFolder> folders;
    private final ComputeTarget target;
    private final int capacity;
    private final Deque<Work> waiting = new ArrayDeque<>();
    private final StatesCache cache = new StatesCache(CACHED_NUMBERS);
    private final Optional<StatesMemory> memory;
    private volatile ServedModels<TextEncoder> models;

    /** A stage that does not share its states. */
    public TextEncoderStage(List<ModelFolder> folders, ComputeTarget target, int capacity) {
        this(folders, target, capacity, Optional.empty());
    }

    /**
     * @param capacity samples held at once
     * @param memory the shared memory of the cluster's nodes
     */
    public TextEncoderStage(
            List<ModelFolder> folders, ComputeTarget target, int capacity, Optional<StatesMemory> memory) {
        this.memory = memory;
        this.folders = List.copyOf(folders);
        this.target = target;
        this.capacity = capacity;
    }

    @Override
    public StageKind kind() {
        return StageKind.TEXT_ENCODER;
    }

    @Override
    public void open() {
        models = ServedModels.open(kind(), folders, folder -> folder.textEncoder(target), (folder, encoder) -> {
            List<PromptStates> states = encoder.encode(TEST);
            if (!states.stream().allMatch(PromptStates::isFinite)) {
                throw new ModelException(NotFinite.PROBLEM);
            }
            remember(folder.card().id(), ABSENT, states.get(0));
        });
    }

    @Override
    public List<ModelStatus> models() {
        return models.statuses();
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
    public CompletionStage<?> prepare(Work work) {
        String model = work.task().getModel();
        List<Future<?>> lookups = new ArrayList<>();
        for (Prompt prompt : prompts(work.task())) {
            if (memory.isPresent() && cache.find(model, prompt).isEmpty()) {
                lookups.add(memory.get()
                        .find(model, weights(model), target.toString(), prompt)
                        .onSuccess(found -> found.ifPresent(states -> cache.put(model, prompt, states))));
            }
        }
        return lookups.isEmpty()
                ? CompletableFuture.completedStage(null)
                : Future.join(lookups).toCompletionStage();
    }

    @Override
    public void admit(Work work, Outbox outbox) {
        models.outage(work.task().getModel())
                .ifPresentOrElse(outage -> outbox.fail(work, outage), () -> waiting.add(work));
    }

    @Override
    public void drop(SampleKey key) {
        waiting.removeIf(work -> work.key().equals(key));
    }

    @Override
    public int turn(Outbox outbox) {
        if (waiting.isEmpty()) {
            return 0;
        }
        String model = waiting.peek().task().getModel();
        Set<Prompt> prompts = new LinkedHashSet<>();
        List<Work> batch = takeBatch(model, prompts);
        batch.forEach(outbox::started);
        Map<Prompt, PromptStates> states = states(model, prompts, outbox);
        List<Work> failed = new ArrayList<>();
        for (Work work : batch) {
            Task task = work.task();
            if (states.keySet().containsAll(prompts(task))) {
                warnings(task, states).forEach(warning -> outbox.warn(work, warning));
                outbox.handOn(work, branches(task, states));
            } else {
                failed.add(work);
            }
        }
        if (!failed.isEmpty()) {
            failNotFinite(model, failed, outbox);
        }
        return batch.size();
    }

    private void failNotFinite(String model, List<Work> failed, Outbox outbox) {
        boolean isBroken =
                models.isBroken(model, encoder -> encoder.encode(TEST).stream().allMatch(PromptStates::isFinite));
        String what = "the text encoder's output";
        Failure failure = isBroken ? NotFinite.ofModel(what, model) : NotFinite.ofRequest(what);
        failed.forEach(work -> outbox.fail(work, failure));
        models.outage(model).ifPresent(outage -> {
            List<Work> others = waiting.stream()
                    .filter(work -> work.task().getModel().equals(model))
                    .toList();
            waiting.removeAll(others);
            others.forEach(work -> outbox.fail(work, outage));
        });
    }

    /** Takes samples of the model from the queue, in order, while their distinct prompts fit into one forward pass. */
    private List<Work> takeBatch(String model, Set<Prompt> prompts) {
        List<Work> batch = new ArrayList<>();
        for (Iterator<Work> queue = waiting.iterator(); queue.hasNext() && prompts.size() <= MAX_PROMPTS - 2; ) {
            Work work = queue.next();
            if (work.task().getModel().equals(model)) {
                prompts.addAll(prompts(work.task()));
                batch.add(work);
                queue.remove();
            }
        }
        return batch;
    }

    private static List<Prompt> prompts(Task task) {
        Generation generation = task.getGeneration();
        return Branches.isGuided(task)
                ? List.of(positive(generation), negative(generation))
                : List.of(positive(generation));
    }

    private static Prompt positive(Generation generation) {
        return new Prompt(generation.getPrompt(), generation.getClipSkip());
    }

    /** With all layers, whatever the request leaves out for its prompt: as in diffusers. */
    private static Prompt negative(Generation generation) {
        return generation.hasNegativePrompt() ? Prompt.of(generation.getNegativePrompt()) : ABSENT;
    }

    /**
     * The states of prompts. Those that are not remembered are encoded in one forward pass. A prompt whose states are not finite
     * has none.
     */
    private Map<Prompt, PromptStates> states(String model, Set<Prompt> prompts, Outbox outbox) {
        Map<Prompt, PromptStates> states = new LinkedHashMap<>();
        List<Prompt> unknown = new ArrayList<>();
        for (Prompt prompt : prompts) {
            cache.find(model, prompt).ifPresentOrElse(known -> states.put(prompt, known), () -> unknown.add(prompt));
        }
        outbox.lookedUp(states.size(), unknown.size());
        if (!unknown.isEmpty()) {
            Iterator<PromptStates> encoded = models.get(model).encode(unknown).iterator();
            for (Prompt prompt : unknown) {
                PromptStates fresh = encoded.next();
                if (!fresh.isFinite() && unknown.size() > 1) {
                    // A longer neighbour may have padded it to positions where a weight is not finite.
                    fresh = models.get(model).encode(List.of(prompt)).get(0);
                }
                if (fresh.isFinite()) {
                    remember(model, prompt, fresh);
                    states.put(prompt, fresh);
                }
            }
        }
        return states;
    }

    private void remember(String model, Prompt prompt, PromptStates states) {
        cache.put(model, prompt, states);
        memory.ifPresent(shared -> shared.put(model, weights(model), target.toString(), prompt, states));
    }

    private String weights(String model) {
        return folders.stream()
                .filter(folder -> folder.card().id().equals(model))
                .map(ModelFolder::textEncoderFingerprint)
                .findFirst()
                .orElse("");
    }

    private static List<Tensor> branches(Task task, Map<Prompt, PromptStates> states) {
        Generation generation = task.getGeneration();
        List<Tensor> tensors = new ArrayList<>(Branches.toTensors(
                Branches.COND, states.get(positive(generation)).states()));
        if (Branches.isGuided(task)) {
            tensors.addAll(Branches.toTensors(
                    Branches.UNCOND, states.get(negative(generation)).states()));
        }
        return tensors;
    }

    private static List<Warning> warnings(Task task, Map<Prompt, PromptStates> states) {
        Generation generation = task.getGeneration();
        List<Warning> warnings = new ArrayList<>();
        Truncation.of("prompt", states.get(positive(generation))).ifPresent(warnings::add);
        if (Branches.isGuided(task)) {
            Truncation.of("negative_prompt", states.get(negative(generation))).ifPresent(warnings::add);
        }
        return warnings;
    }

    @Override
    public void close() {
        models.close();
    }
}
