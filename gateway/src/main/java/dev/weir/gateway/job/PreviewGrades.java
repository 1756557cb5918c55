package dev.weir.gateway.job;

import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Preview.Grade;
import dev.weir.proto.v1.StageKind;
import java.util.List;

/** The grades of frames that the nodes of a model can make together. Stateless. */
final class PreviewGrades {

    private PreviewGrades() {}

    /**
     * A card whose tiny autoencoder is the decoders' to state: a frame may come to any of them, so all have to have one. Without
     * decoders it stays as it is.
     */
    static ModelCard asDecoded(ModelCard card, List<NodeStatus> nodes) {
        List<ModelCard> decoders = nodes.stream()
                .filter(node -> node.getStage() == StageKind.DECODER)
                .flatMap(node -> node.getModelsList().stream())
                .filter(model ->
                        model.getId().equals(card.getId()) && model.getProblem().isEmpty() && model.hasCard())
                .map(ModelStatus::getCard)
                .toList();
        boolean all =
                decoders.stream().allMatch(decoder -> decoder.getPreviewsList().contains(Grade.TAESD));
        if (decoders.isEmpty() || all == card.getPreviewsList().contains(Grade.TAESD)) {
            return card;
        }
        ModelCard.Builder changed = card.toBuilder().clearPreviews();
        card.getPreviewsList().stream().filter(grade -> grade != Grade.TAESD).forEach(changed::addPreviews);
        if (all) {
            changed.addPreviews(Grade.TAESD);
        }
        return changed.build();
    }
}
