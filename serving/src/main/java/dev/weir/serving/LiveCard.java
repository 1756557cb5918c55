package dev.weir.serving;

import dev.weir.engine.ModelFolder;
import dev.weir.engine.adapter.ModelLoras;
import dev.weir.engine.pipeline.Pipeline;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.RefusedLora;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Supplier;

/** A model's card with the LoRAs that it has now. Any thread. */
final class LiveCard implements Supplier<ModelCard> {

    /** Each node states its cards twice a second. */
    private static final int MOST_REFUSED = 100;

    private static final int MOST_CHARACTERS = 300;

    private record Stated(ModelLoras.Offer offer, ModelCard card) {}

    private final ModelCard card;
    private final Pipeline pipeline;
    private final ModelLoras loras;
    private volatile Stated stated;

    LiveCard(ModelFolder folder) {
        this.card = Cards.withoutLoras(folder);
        this.pipeline = folder.pipeline();
        this.loras = folder.loras();
        ModelLoras.Offer now = loras.offer();
        this.stated = new Stated(now, with(now));
    }

    /** The same object until something changes. */
    @Override
    public ModelCard get() {
        ModelLoras.Offer now = loras.offer();
        if (stated.offer != now) {
            stated = new Stated(now, with(now));
        }
        return stated.card;
    }

    private ModelCard with(ModelLoras.Offer offer) {
        ModelCard.Builder changed = card.toBuilder();
        new TreeMap<>(offer.loras())
                .values()
                .forEach(lora -> changed.addLoras(Lora.newBuilder()
                        .setName(lora.name())
                        .setFingerprint(lora.fingerprint())
                        .addAllStages(stages(lora))));
        new TreeMap<>(offer.refused())
                .entrySet().stream()
                        .limit(MOST_REFUSED)
                        .forEach(refused -> changed.addRefusedLoras(RefusedLora.newBuilder()
                                .setName(refused.getKey())
                                .setProblem(shortened(refused.getValue()))));
        return changed.build();
    }

    /** The names of the stages whose networks it changes. */
    private List<String> stages(dev.weir.engine.adapter.Lora lora) {
        return pipeline.workflows().stream()
                .flatMap(workflow -> workflow.stages().stream())
                .filter(stage -> stage.components().stream().anyMatch(lora::changes))
                .map(StageSpec::name)
                .distinct()
                .toList();
    }

    private static String shortened(String problem) {
        return problem.length() <= MOST_CHARACTERS ? problem : problem.substring(0, MOST_CHARACTERS) + "…";
    }
}
