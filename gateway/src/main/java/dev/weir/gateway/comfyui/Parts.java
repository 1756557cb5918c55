package dev.weir.gateway.comfyui;

import dev.weir.gateway.comfyui.Value.Clip;
import dev.weir.gateway.comfyui.Value.Model;
import dev.weir.gateway.comfyui.Value.Vae;
import dev.weir.proto.v1.ModelCard;
import java.util.List;

/** What nodes load: a model, or a part of one, which is named as its model. Any thread. */
record Parts(Offer offer) {

    List<Value> checkpoint(Node node) {
        String name = node.text("ckpt_name");
        boolean refines = offer.refined(name).isPresent();
        String model = offer.refined(name)
                .or(() -> offer.checkpoint(name))
                .map(ModelCard::getId)
                .orElseThrow(() -> gone(node, "ckpt_name"));
        return List.of(Model.of(model, refines), Clip.of(model, refines), new Vae(model));
    }

    /** The model of a part. */
    String part(Node node, String input) {
        return offer.checkpoint(node.text(input)).map(ModelCard::getId).orElseThrow(() -> gone(node, input));
    }

    /**
     * All text encoders of a model.
     *
     * @param kind of the models that the node's class loads text encoders for
     */
    Clip clip(Node node, Flow.Kind kind, String first, String... others) {
        String model = part(node, first);
        for (String other : others) {
            String own = part(node, other);
            if (!own.equals(model)) {
                throw new RefusedNodeException(
                        node, other, "'%s' %s".formatted(node.text(other), Sampling.misfit(own, model)));
            }
        }
        if (offer.checkpoint(model).filter(card -> Flow.is(card, kind)).isEmpty()) {
            throw new RefusedNodeException(
                    node,
                    first,
                    "'%s' is %s, whose text encoders another node loads".formatted(node.text(first), model));
        }
        return Clip.of(model, false);
    }

    ModelCard card(Node node, Model model) {
        return offer.checkpoint(model.name()).orElseThrow(() -> gone(node, "model"));
    }

    private static RefusedNodeException gone(Node node, String input) {
        return new RefusedNodeException(node, input, "this model is not served any more");
    }
}
