package dev.weir.serving;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.pipeline.TextPart;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.StageKind;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a node knows of a model without its weights. Immutable.
 *
 * @param problem why it cannot be used; empty: it can
 * @param card as it is now; the default instance if there is a problem
 * @param stages names of its stages, by the kind of node that runs them
 * @param bytes of the weights of the parts that this process would load
 * @param copies bytes of the second copies of networks that are loaded for LoRAs and IP-Adapters, as these are now
 * @param hasChecker whether it has a checker of pictures
 * @param fingerprints by part, as far as they are known before it is loaded
 * @param folder opens its files; reads no weights
 */
public record KnownModel(
        String id,
        String problem,
        Supplier<ModelCard> card,
        Map<StageKind, List<String>> stages,
        long bytes,
        LongSupplier copies,
        boolean hasChecker,
        Map<String, String> fingerprints,
        Supplier<ModelFolder> folder) {

    public KnownModel {
        stages = Map.copyOf(stages);
        // In order: else equal models would be different bytes in the statuses of different processes.
        fingerprints = Collections.unmodifiableSortedMap(new TreeMap<>(fingerprints));
    }

    /** A model whose memory does not count. */
    public static KnownModel of(ModelFolder folder) {
        return of(folder, 0, () -> 0, () -> folder);
    }

    /**
     * A model that is loaded on first use.
     *
     * @param kinds of the stages of this process
     * @param again opens the same files as the folder, which is then not kept
     */
    static KnownModel of(
            ModelFolder folder, Collection<StageKind> kinds, ComputeTarget target, Supplier<ModelFolder> again) {
        Set<String> parts = Cards.components(folder, kinds);
        return of(folder, folder.weightBytes(parts, target.precision()), copies(folder, parts, target), again);
    }

    /** Parts load the copies at once, so that the first rows that need them do not wait. On libtorch, they share the weights. */
    private static LongSupplier copies(ModelFolder folder, Set<String> parts, ComputeTarget target) {
        if (target.engine() == Engine.TORCH) {
            return () -> 0;
        }
        String main = folder.pipeline().main().network();
        Map<String, Long> adapted = Stream.concat(
                        Stream.of(main),
                        folder.pipeline().type().texts().stream().map(TextPart::encoder))
                .filter(parts::contains)
                .distinct()
                .collect(Collectors.toMap(part -> part, part -> folder.weightBytes(Set.of(part), target.precision())));
        FittingFiles<IpAdapter> ipAdapters = folder.ipAdapters();
        FittingFiles<Lora> loras = folder.loras();
        return () -> (ipAdapters.byName().isEmpty() ? 0 : adapted.getOrDefault(main, 0L))
                + adapted.entrySet().stream()
                        .filter(part -> loras.byName().values().stream().anyMatch(lora -> lora.changes(part.getKey())))
                        .mapToLong(Map.Entry::getValue)
                        .sum();
    }

    private static KnownModel of(ModelFolder folder, long bytes, LongSupplier copies, Supplier<ModelFolder> opener) {
        Map<StageKind, List<String>> stages = new EnumMap<>(StageKind.class);
        for (StageKind kind : StageKind.values()) {
            stages.put(kind, Cards.stages(folder, kind));
        }
        return new KnownModel(
                folder.card().id(),
                "",
                new LiveCard(folder),
                stages,
                bytes,
                copies,
                folder.hasPictureChecker(),
                Map.of(),
                opener);
    }

    static KnownModel broken(String id, String problem) {
        return new KnownModel(id, problem, ModelCard::getDefaultInstance, Map.of(), 0, () -> 0, false, Map.of(), () -> {
            throw new IllegalStateException(problem);
        });
    }

    KnownModel withFingerprints(Map<String, String> known) {
        return new KnownModel(id, problem, card, stages, bytes, copies, hasChecker, known, folder);
    }

    KnownModel withProblem(String why) {
        return new KnownModel(id, why, card, stages, bytes, copies, hasChecker, fingerprints, folder);
    }

    /** With the copies of networks. */
    long allBytes() {
        return bytes + copies.getAsLong();
    }

    /** Whether the other one is of the same files, as they were at the same time. */
    boolean isSame(KnownModel other) {
        return other != null && folder == other.folder;
    }

    boolean isUsable() {
        return problem.isEmpty();
    }

    List<String> stages(StageKind kind) {
        return stages.getOrDefault(kind, List.of());
    }
}
