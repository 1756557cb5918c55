package dev.weir.serving;

import dev.weir.engine.ModelFolder;
import dev.weir.engine.UpscalerFile;
import dev.weir.engine.adapter.IpAdapter;
import dev.weir.engine.adapter.Lora;
import dev.weir.engine.inversion.Embedding;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.weights.FittingFiles;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.RefusedFile;
import dev.weir.proto.v1.Upscaler;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** A model's card with the LoRAs, ControlNets, T2I-Adapters, embeddings, IP-Adapters and upscalers that it has now. Any thread. */
final class LiveCard implements Supplier<ModelCard> {

    /** Each node states its cards twice a second. */
    private static final int MOST_REFUSED = 100;

    private static final int MOST_CHARACTERS = 300;

    private record Offers(
            FittingFiles.Offer<Lora> loras,
            FittingFiles.Offer<dev.weir.engine.control.ControlNet> controlNets,
            FittingFiles.Offer<Embedding> embeddings,
            FittingFiles.Offer<IpAdapter> ipAdapters,
            FittingFiles.Offer<UpscalerFile> upscalers) {

        boolean isSame(Offers other) {
            return loras == other.loras
                    && controlNets == other.controlNets
                    && embeddings == other.embeddings
                    && ipAdapters == other.ipAdapters
                    && upscalers == other.upscalers;
        }
    }

    private record Stated(Offers offers, ModelCard card) {}

    private final ModelCard card;
    private final Pipeline pipeline;
    private final Supplier<Offers> offers;
    private volatile Stated stated;

    LiveCard(ModelFolder folder) {
        this.card = Cards.withoutAddOns(folder);
        this.pipeline = folder.pipeline();
        this.offers = offers(
                folder.loras(), folder.controlNets(), folder.embeddings(), folder.ipAdapters(), folder.upscalers());
        Offers now = offers.get();
        this.stated = new Stated(now, with(now));
    }

    /** Without the folder, which is not kept. */
    private static Supplier<Offers> offers(
            FittingFiles<Lora> loras,
            FittingFiles<dev.weir.engine.control.ControlNet> controlNets,
            FittingFiles<Embedding> embeddings,
            FittingFiles<IpAdapter> ipAdapters,
            FittingFiles<UpscalerFile> upscalers) {
        return () -> new Offers(
                loras.offer(), controlNets.offer(), embeddings.offer(), ipAdapters.offer(), upscalers.offer());
    }

    /** The same object until something changes. */
    @Override
    public ModelCard get() {
        Offers now = offers.get();
        Stated known = stated;
        if (known.offers.isSame(now)) {
            return known.card;
        }
        Stated changed = new Stated(now, with(now));
        stated = changed;
        return changed.card;
    }

    private ModelCard with(Offers now) {
        ModelCard.Builder changed = card.toBuilder();
        now.loras()
                .files()
                .values()
                .forEach(lora -> changed.addLoras(dev.weir.proto.v1.Lora.newBuilder()
                        .setName(lora.name())
                        .setFingerprint(lora.fingerprint())
                        .addAllStages(stages(lora))));
        changed.addAllRefusedLoras(refused(now.loras()))
                .addAllRefusedControlnets(refused(now.controlNets()))
                .addAllRefusedEmbeddings(refused(now.embeddings()))
                .addAllRefusedIpAdapters(refused(now.ipAdapters()))
                .addAllRefusedUpscalers(refused(now.upscalers()));
        now.controlNets()
                .files()
                .values()
                .forEach(net -> changed.addControlnets(ControlNet.newBuilder()
                        .setName(net.name())
                        .setFingerprint(net.fingerprint())
                        .setStage(pipeline.main().name())
                        .setT2IAdapter(net.isT2iAdapter())));
        now.embeddings()
                .files()
                .values()
                .forEach(embedding -> changed.addEmbeddings(dev.weir.proto.v1.Embedding.newBuilder()
                        .setName(embedding.name())
                        .setToken(embedding.token())
                        .setFingerprint(embedding.fingerprint())));
        now.upscalers()
                .files()
                .values()
                .forEach(upscaler -> changed.addUpscalers(Upscaler.newBuilder()
                        .setName(upscaler.name())
                        .setFingerprint(upscaler.fingerprint())
                        .setScale(upscaler.scale())));
        changed.addAllIpAdapters(IpAdapters.of(pipeline, now.ipAdapters().files()));
        return changed.build();
    }

    /** The names of the stages whose networks it changes. */
    private List<String> stages(Lora lora) {
        return pipeline.workflows().stream()
                .flatMap(workflow -> workflow.stages().stream())
                .filter(stage -> stage.components().stream().anyMatch(lora::changes))
                .map(StageSpec::name)
                .distinct()
                .toList();
    }

    private static List<RefusedFile> refused(FittingFiles.Offer<?> offer) {
        Stream<RefusedFile> changing = new TreeSet<>(offer.changing()).stream().map(name -> RefusedFile.newBuilder()
                .setName(name)
                .setChanging(true)
                .build());
        Stream<RefusedFile> unsuitable = new TreeMap<>(offer.refused())
                .entrySet().stream().map(file -> RefusedFile.newBuilder()
                        .setName(file.getKey())
                        .setProblem(shortened(file.getValue()))
                        .build());
        return Stream.concat(changing, unsuitable).limit(MOST_REFUSED).toList();
    }

    private static String shortened(String problem) {
        return problem.length() <= MOST_CHARACTERS ? problem : problem.substring(0, MOST_CHARACTERS) + "…";
    }
}
