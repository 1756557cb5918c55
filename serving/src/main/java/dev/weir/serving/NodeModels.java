package dev.weir.serving;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.StageKind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of a process, and which of them are in memory. Those that were named at start stay. Others are loaded when work needs
 * them, in all stages of the process together, and unloaded when others need their memory. A model that work uses is never unloaded.
 * Any thread. It loads nothing itself: its stages do.
 */
public final class NodeModels {

    /** A stage of the process. */
    interface Holder {

        StageKind kind();

        /** Begins to load its part. */
        void load(KnownModel model);

        /** Completes when the memory of its part is free. */
        CompletionStage<?> unload(KnownModel model);

        /** {@link #shown} has changed. */
        void changed();
    }

    /** @param removed whether no new images are made with it */
    record Shown(KnownModel model, boolean removed) {}

    private static final Logger LOG = LoggerFactory.getLogger(NodeModels.class);

    /** After this time, new images of models in memory wait until a model that needs memory has been loaded. */
    private static final long PATIENCE_NANOS = 10_000_000_000L;

    /** After this time, a model that did not load may be loaded again. */
    private static final long RETRY_NANOS = 60_000_000_000L;

    private static final int MOST_REMOVED = 50;
    private static final String REMOVED = "its file or folder was removed";

    private static final class Resident {
        final KnownModel model;
        final boolean stays;
        final long bytes;
        /** Completes outside the lock, when each stage was told to load it. */
        final CompletableFuture<Void> begun = new CompletableFuture<>();

        int uses;
        long usedNanos;
        boolean leaving;
        boolean hasFailed;
        long failedNanos;

        Resident(KnownModel model, boolean stays, long bytes, long nowNanos) {
            this.model = model;
            this.stays = stays;
            this.bytes = bytes;
            this.usedNanos = nowNanos;
        }

        boolean isIdle() {
            return uses == 0 && !stays && !leaving;
        }
    }

    private final List<KnownModel> named;
    private final long budget;
    private final Executor loader;
    private final LongSupplier nanoClock;
    private final List<Holder> holders = new ArrayList<>();
    private final Map<String, Resident> residents = new HashMap<>();
    private final Deque<ModelUse> waiting = new ArrayDeque<>();
    private final Map<String, KnownModel> removed = new LinkedHashMap<>();
    private Map<String, KnownModel> known = new LinkedHashMap<>();
    private volatile Runnable lookAtFiles = () -> {};

    /**
     * @param named models that are loaded at start and stay
     * @param budget bytes for the weights of all models
     * @param loader the thread that loads models on first use
     */
    NodeModels(List<KnownModel> named, long budget, Executor loader, LongSupplier nanoClock) {
        this.named = List.copyOf(named);
        this.budget = budget;
        this.loader = loader;
        this.nanoClock = nanoClock;
        named.forEach(model -> {
            known.put(model.id(), model);
            var resident = new Resident(model, true, model.allBytes(), nanoClock.getAsLong());
            resident.begun.complete(null);
            residents.put(model.id(), resident);
        });
    }

    /** Models that are loaded at start and stay, and room for any others. */
    public static NodeModels of(List<ModelFolder> folders) {
        return new NodeModels(
                folders.stream().map(KnownModel::of).toList(), Long.MAX_VALUE, newLoader(), System::nanoTime);
    }

    /**
     * Models that are loaded at start and stay, and room for others.
     *
     * @param kinds of the stages of this process
     * @param budget bytes for the weights of all models
     */
    public static NodeModels of(
            List<ModelFolder> folders, Collection<StageKind> kinds, ComputeTarget target, long budget) {
        var named = folders.stream()
                .map(folder -> KnownModel.of(folder, kinds, target, () -> folder))
                .toList();
        return new NodeModels(named, budget, newLoader(), System::nanoTime);
    }

    private static Executor newLoader() {
        var loader = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), run -> {
            Thread thread = new Thread(run, "weir-loader");
            thread.setDaemon(true);
            return thread;
        });
        loader.allowCoreThreadTimeOut(true);
        return loader;
    }

    List<KnownModel> named() {
        return named;
    }

    Executor loader() {
        return loader;
    }

    void join(Holder stage) {
        synchronized (this) {
            holders.add(stage);
            holders.sort(Comparator.comparing(Holder::kind));
            residents.values().stream()
                    .filter(resident -> !resident.stays && !resident.leaving)
                    .forEach(resident -> stage.load(resident.model));
        }
        holders().forEach(Holder::changed);
    }

    /** Whether a stage is the one of the process that tells of models without stages, because they cannot be read. */
    synchronized boolean isFirst(Holder stage) {
        return holders.indexOf(stage) == 0;
    }

    /** Replaces the models that are not named. One that is in memory and has changed is served until no work uses it. */
    public void show(List<KnownModel> found) {
        List<Runnable> then = new ArrayList<>();
        synchronized (this) {
            Map<String, KnownModel> next = new LinkedHashMap<>();
            named.forEach(model -> next.put(model.id(), model));
            found.forEach(model -> next.putIfAbsent(model.id(), fitting(model)));
            known.forEach((id, model) -> removed.put(id, model.withProblem(REMOVED)));
            removed.keySet().removeAll(next.keySet());
            Iterator<String> oldest = removed.keySet().iterator();
            for (int over = removed.size() - MOST_REMOVED; over > 0; over--) {
                oldest.next();
                oldest.remove();
            }
            known = next;
            advance(then);
            holders.forEach(holder -> then.add(holder::changed));
        }
        then.forEach(Runnable::run);
    }

    private KnownModel fitting(KnownModel model) {
        long room = room();
        return model.bytes() <= room || !model.isUsable()
                ? model
                : model.withProblem("its weights take %s, and the models of this node may take %s (--model-memory)"
                        .formatted(megabytes(model.bytes()), megabytes(room)));
    }

    /** For models that are loaded on first use. */
    private long room() {
        return budget
                - residents.values().stream()
                        .filter(resident -> resident.stays)
                        .mapToLong(resident -> resident.bytes)
                        .sum();
    }

    /** A model that does not fit together with the copies of its networks is loaded alone. */
    private long need(KnownModel model) {
        return Math.min(model.allBytes(), room());
    }

    private static String megabytes(long bytes) {
        return (bytes + 999_999) / 1_000_000 + " MB";
    }

    /** What nodes are told: what is in memory goes before what its files are now. */
    synchronized List<Shown> shown() {
        List<Shown> shown = new ArrayList<>();
        known.values().forEach(model -> shown.add(new Shown(inMemory(model.id()).orElse(model), false)));
        removed.values()
                .forEach(model -> shown.add(new Shown(inMemory(model.id()).orElse(model), true)));
        return shown;
    }

    /** A model that has not changed is shown with what became known of it. */
    private Optional<KnownModel> inMemory(String id) {
        return Optional.ofNullable(residents.get(id))
                .map(resident -> resident.model)
                .filter(model -> !model.isSame(known.get(id)));
    }

    /** @param begins whether the work begins an image. Such work may have to wait for other models. */
    ModelUse use(String id, boolean begins) {
        var use = new ModelUse(this, id, begins, nanoClock.getAsLong());
        List<Runnable> then = new ArrayList<>();
        synchronized (this) {
            waiting.add(use);
            advance(then);
        }
        then.forEach(Runnable::run);
        return use;
    }

    void end(ModelUse use) {
        List<Runnable> then = new ArrayList<>();
        synchronized (this) {
            if (!waiting.remove(use) && use.isGranted()) {
                Resident resident = residents.get(use.id());
                resident.uses--;
                resident.usedNanos = nanoClock.getAsLong();
            }
            advance(then);
        }
        then.forEach(Runnable::run);
    }

    /** A stage could not load its part, for a reason that may pass. */
    synchronized void failed(KnownModel model) {
        Resident resident = residents.get(model.id());
        if (resident != null && resident.model.isSame(model)) {
            resident.hasFailed = true;
            resident.failedNanos = nanoClock.getAsLong();
        }
    }

    /** Unloads models that failed a while ago, if no work uses their other parts: the next work loads them again. */
    void retryFailed() {
        List<Runnable> then = new ArrayList<>();
        synchronized (this) {
            residents.values().stream()
                    .filter(resident -> resident.isIdle() && mayRetry(resident))
                    .toList()
                    .forEach(resident -> unload(resident, then));
        }
        then.forEach(Runnable::run);
    }

    private boolean mayRetry(Resident resident) {
        return resident.hasFailed && nanoClock.getAsLong() - resident.failedNanos >= RETRY_NANOS;
    }

    /** Grants what can be granted, in order of arrival, and begins to make room for the first use that needs it. */
    private void advance(List<Runnable> then) {
        residents.values().stream()
                .filter(resident -> resident.isIdle() && !resident.model.isSame(known.get(resident.model.id())))
                .toList()
                .forEach(resident -> unload(resident, then));
        boolean needsRoom = false;
        boolean isLate = false;
        for (Iterator<ModelUse> uses = waiting.iterator(); uses.hasNext(); ) {
            ModelUse use = uses.next();
            Resident resident = residents.get(use.id());
            KnownModel model = known.get(use.id());
            if (resident == null && (model == null || !model.isUsable())) {
                String why = model == null ? "it is not here any more" : model.problem();
                then.add(() -> use.failed(new ModelException("the model %s: %s".formatted(use.id(), why))));
                uses.remove();
                continue;
            }
            if (resident == null && !needsRoom && makeRoom(model, then)) {
                resident = load(model, then);
            }
            boolean mayPass = !use.begins() || !isLate && resident != null && isCurrent(resident, model);
            if (resident != null && !resident.leaving && mayPass) {
                resident.uses++;
                Resident granted = resident;
                use.grant();
                then.add(() -> granted.begun.thenRun(() -> use.granted(granted.model)));
                uses.remove();
            } else {
                needsRoom |= resident == null;
                isLate |= nanoClock.getAsLong() - use.sinceNanos() > PATIENCE_NANOS;
            }
        }
    }

    private static boolean isCurrent(Resident resident, KnownModel model) {
        return resident.model.isSame(model);
    }

    private Resident load(KnownModel model, List<Runnable> then) {
        var resident = new Resident(model, false, need(model), nanoClock.getAsLong());
        residents.put(model.id(), resident);
        holders.forEach(holder -> then.add(() -> holder.load(model)));
        then.add(() -> resident.begun.complete(null));
        return resident;
    }

    /** @return whether there is room now. Otherwise, idle models are unloaded if that makes enough of it. */
    private boolean makeRoom(KnownModel model, List<Runnable> then) {
        long need = need(model);
        long stay = residents.values().stream()
                .filter(resident -> !resident.leaving)
                .mapToLong(resident -> resident.bytes)
                .sum();
        long all = residents.values().stream()
                .mapToLong(resident -> resident.bytes)
                .sum();
        if (all + need <= budget) {
            return true;
        }
        List<Resident> victims = new ArrayList<>();
        Iterator<Resident> idle = residents.values().stream()
                .filter(Resident::isIdle)
                .sorted(Comparator.comparingLong(resident -> resident.usedNanos))
                .iterator();
        while (stay + need > budget && idle.hasNext()) {
            Resident victim = idle.next();
            victims.add(victim);
            stay -= victim.bytes;
        }
        if (stay + need <= budget) {
            victims.forEach(victim -> unload(victim, then));
        }
        return false;
    }

    private void unload(Resident resident, List<Runnable> then) {
        resident.leaving = true;
        then.add(() -> resident.begun.thenRun(() -> {
            LOG.info("unloading the model {}, {}", resident.model.id(), megabytes(resident.bytes));
            CompletableFuture.allOf(holders().stream()
                            .map(holder -> holder.unload(resident.model).toCompletableFuture())
                            .toArray(CompletableFuture[]::new))
                    .whenComplete((done, problem) -> unloaded(resident));
        }));
    }

    /** @param look has the folders of files beside the models looked at soon; returns at once */
    public void onFileUnavailable(Runnable look) {
        lookAtFiles = look;
    }

    /** A file that work names is another one, or cannot be read. */
    public void lookAtFiles() {
        lookAtFiles.run();
    }

    /** Has the stages tell the cards as they are now. */
    public void tellCards() {
        holders().forEach(Holder::changed);
    }

    private synchronized List<Holder> holders() {
        return List.copyOf(holders);
    }

    private void unloaded(Resident resident) {
        List<Runnable> then = new ArrayList<>();
        synchronized (this) {
            residents.remove(resident.model.id());
            advance(then);
            holders.forEach(holder -> then.add(holder::changed));
        }
        then.forEach(Runnable::run);
    }
}
