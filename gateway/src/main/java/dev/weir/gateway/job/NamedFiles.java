package dev.weir.gateway.job;

import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.RefusedFile;
import dev.weir.proto.v1.Upscaler;
import dev.weir.runtime.route.NamedFile;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The files beside a model that a generation names, and those that nodes have of these names now. Stateless. */
final class NamedFiles {

    private NamedFiles() {}

    static Generation without(Generation named) {
        return named.toBuilder()
                .clearLoras()
                .clearControls()
                .clearEmbeddings()
                .clearIpAdapters()
                .clearUpscalers()
                .build();
    }

    /**
     * With the card's files in place of others of their names. A file that takes part in other stages is no replacement, except a LoRA:
     * with one weight it changes what the new file changes.
     */
    static Generation newest(Generation named, ModelCard card) {
        Generation.Builder newest = without(named).toBuilder();
        for (Lora lora : named.getLorasList()) {
            newest.addLoras(find(card.getLorasList(), file -> file.getName().equals(lora.getName()))
                    .flatMap(file -> newest(lora, file, named))
                    .orElse(lora));
        }
        for (Control control : named.getControlsList()) {
            ControlNet net = control.getNet();
            newest.addControls(control.toBuilder()
                    .setNet(find(card.getControlnetsList(), file -> isSame(file, net))
                            .orElse(net)));
        }
        for (Embedding embedding : named.getEmbeddingsList()) {
            newest.addEmbeddings(find(card.getEmbeddingsList(), file -> isSame(file, embedding))
                    .orElse(embedding));
        }
        for (IpAdapter adapter : named.getIpAdaptersList()) {
            String fingerprint = find(card.getIpAdaptersList(), file -> isSame(file, adapter))
                    .map(IpAdapter::getFingerprint)
                    .orElse(adapter.getFingerprint());
            newest.addIpAdapters(adapter.toBuilder().setFingerprint(fingerprint));
        }
        for (Upscaler upscaler : named.getUpscalersList()) {
            newest.addUpscalers(find(card.getUpscalersList(), file -> isSame(file, upscaler))
                    .orElse(upscaler));
        }
        return newest.build();
    }

    /** The files that the card does not have as the generation means them, for messages. */
    static String missing(Generation named, ModelCard card) {
        List<NamedFile> known = NamedFile.of(card);
        return NamedFile.of(named).stream()
                .filter(file -> !known.contains(file))
                .map(NamedFile::toString)
                .distinct()
                .collect(Collectors.joining(" and "));
    }

    /** Whether one of these names is that of a file that is being written in a node's folder. */
    static boolean areChanging(Generation named, ModelCard card) {
        return isChanging(card.getRefusedLorasList(), named.getLorasList(), Lora::getName)
                || isChanging(card.getRefusedControlnetsList(), named.getControlsList(), control -> control.getNet()
                        .getName())
                || isChanging(card.getRefusedEmbeddingsList(), named.getEmbeddingsList(), Embedding::getName)
                || isChanging(card.getRefusedIpAdaptersList(), named.getIpAdaptersList(), IpAdapter::getName)
                || isChanging(card.getRefusedUpscalersList(), named.getUpscalersList(), Upscaler::getName);
    }

    private static <F> boolean isChanging(List<RefusedFile> refused, List<F> named, Function<F, String> name) {
        List<String> names = named.stream().map(name).toList();
        return refused.stream().anyMatch(file -> file.getChanging() && names.contains(file.getName()));
    }

    private static <F> Optional<F> find(Collection<F> files, Predicate<F> wanted) {
        return files.stream().filter(wanted).findFirst();
    }

    /** A LoRA with different weights for text encoders and denoiser is named once for each. The stages must then be the same. */
    private static Optional<Lora> newest(Lora lora, Lora file, Generation named) {
        List<Lora> all = named.getLorasList().stream()
                .filter(other -> other.getName().equals(lora.getName()))
                .toList();
        Lora.Builder newest = lora.toBuilder().setFingerprint(file.getFingerprint());
        if (all.size() == 1) {
            return Optional.of(
                    newest.clearStages().addAllStages(file.getStagesList()).build());
        }
        Set<String> stages = new HashSet<>();
        all.forEach(other -> stages.addAll(other.getStagesList()));
        return stages.equals(Set.copyOf(file.getStagesList())) ? Optional.of(newest.build()) : Optional.empty();
    }

    private static boolean isSame(ControlNet file, ControlNet net) {
        return file.getName().equals(net.getName())
                && file.getStage().equals(net.getStage())
                && file.getT2IAdapter() == net.getT2IAdapter();
    }

    private static boolean isSame(Embedding file, Embedding embedding) {
        return file.getName().equals(embedding.getName()) && file.getToken().equals(embedding.getToken());
    }

    /** One that enlarges by another number makes a picture of another size. */
    private static boolean isSame(Upscaler file, Upscaler upscaler) {
        return file.getName().equals(upscaler.getName()) && file.getScale() == upscaler.getScale();
    }

    private static boolean isSame(IpAdapter file, IpAdapter adapter) {
        return file.getName().equals(adapter.getName())
                && Set.copyOf(file.getStagesList()).equals(Set.copyOf(adapter.getStagesList()));
    }
}
