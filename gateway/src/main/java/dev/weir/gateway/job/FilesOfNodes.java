package dev.weir.gateway.job;

import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.RefusedFile;
import dev.weir.proto.v1.Upscaler;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** The LoRA files, ControlNets, embeddings, IP-Adapters and upscalers that the nodes of a model have together. Stateless. */
final class FilesOfNodes {

    private FilesOfNodes() {}

    /** A card with the files of all nodes. If nodes have different files of one name, the file of the most nodes counts. */
    static ModelCard all(ModelCard card, List<NodeStatus> nodes) {
        List<ModelCard> cards = nodes.stream()
                .flatMap(node -> node.getModelsList().stream())
                .filter(model ->
                        model.getId().equals(card.getId()) && model.getProblem().isEmpty())
                .map(ModelStatus::getCard)
                .toList();
        List<Lora> loras = together(cards, ModelCard::getLorasList, Lora::getName, Lora::getFingerprint);
        List<ControlNet> nets =
                together(cards, ModelCard::getControlnetsList, ControlNet::getName, ControlNet::getFingerprint);
        List<Embedding> embeddings =
                together(cards, ModelCard::getEmbeddingsList, Embedding::getName, Embedding::getFingerprint);
        List<IpAdapter> adapters =
                together(cards, ModelCard::getIpAdaptersList, IpAdapter::getName, IpAdapter::getFingerprint);
        List<Upscaler> upscalers =
                together(cards, ModelCard::getUpscalersList, Upscaler::getName, Upscaler::getFingerprint);
        return card.toBuilder()
                .clearLoras()
                .addAllLoras(loras)
                .clearRefusedLoras()
                .addAllRefusedLoras(refused(cards, ModelCard::getRefusedLorasList, loras, Lora::getName))
                .clearControlnets()
                .addAllControlnets(nets)
                .clearRefusedControlnets()
                .addAllRefusedControlnets(
                        refused(cards, ModelCard::getRefusedControlnetsList, nets, ControlNet::getName))
                .clearEmbeddings()
                .addAllEmbeddings(embeddings)
                .clearRefusedEmbeddings()
                .addAllRefusedEmbeddings(
                        refused(cards, ModelCard::getRefusedEmbeddingsList, embeddings, Embedding::getName))
                .clearIpAdapters()
                .addAllIpAdapters(adapters)
                .clearRefusedIpAdapters()
                .addAllRefusedIpAdapters(
                        refused(cards, ModelCard::getRefusedIpAdaptersList, adapters, IpAdapter::getName))
                .clearUpscalers()
                .addAllUpscalers(upscalers)
                .clearRefusedUpscalers()
                .addAllRefusedUpscalers(
                        refused(cards, ModelCard::getRefusedUpscalersList, upscalers, Upscaler::getName))
                .build();
    }

    /** Those that fit on no node. */
    private static <F> Collection<RefusedFile> refused(
            List<ModelCard> cards,
            Function<ModelCard, List<RefusedFile>> files,
            List<F> fitting,
            Function<F, String> name) {
        Map<String, RefusedFile> refused = new TreeMap<>();
        cards.forEach(card -> files.apply(card).forEach(file -> refused.putIfAbsent(file.getName(), file)));
        fitting.forEach(file -> refused.remove(name.apply(file)));
        return refused.values();
    }

    private static <F> List<F> together(
            List<ModelCard> cards,
            Function<ModelCard, List<F>> files,
            Function<F, String> name,
            Function<F, String> fingerprint) {
        Map<String, Map<F, Integer>> byName = new TreeMap<>();
        cards.stream().flatMap(card -> files.apply(card).stream()).forEach(file -> byName.computeIfAbsent(
                        name.apply(file), first -> new HashMap<>())
                .merge(file, 1, Integer::sum));
        return byName.values().stream().map(all -> mostCommon(all, fingerprint)).toList();
    }

    private static <F> F mostCommon(Map<F, Integer> files, Function<F, String> fingerprint) {
        return files.entrySet().stream()
                .max(Map.Entry.<F, Integer>comparingByValue()
                        .thenComparing(entry -> fingerprint.apply(entry.getKey()), Comparator.naturalOrder()))
                .orElseThrow()
                .getKey();
    }
}
