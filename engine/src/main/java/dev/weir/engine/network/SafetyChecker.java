package dev.weir.engine.network;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.Finite;
import dev.weir.engine.graph.Script;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code StableDiffusionSafetyChecker} of diffusers: how far the embedding of a picture is over the threshold of each of some
 * concepts. Any concept over its threshold flags the picture. A concept of special care that is over its own lowers the
 * others' thresholds.
 */
final class SafetyChecker implements Network {

    /** How many concepts of each kind every checker has. */
    static final int SPECIAL = 3;

    static final int CONCEPTS = 17;

    private static final float ADJUSTMENT = 0.01f;

    private final ClipVisionModel vision;

    private SafetyChecker(ClipVisionModel.Options options) {
        this.vision = new ClipVisionModel(options);
    }

    static SafetyChecker read(JsonNode json) {
        var whole = new Config("StableDiffusionSafetyChecker", json);
        var options = ClipVisionModel.Options.read(whole.part("vision_config"));
        return new SafetyChecker(options.projectedTo(whole.integer("projection_dim", 512)));
    }

    @Override
    public void describe(Script script) {
        var g = script.method(ClipVisionModel.FORWARD, "pixels");
        var pooled = vision.pooled(g.at("vision_model.vision_model"), vision.pixels(g));
        var embeds = g.linear(pooled, "visual_projection", vision.options().projection(), false);
        g.returns(g.joinRows(List.of(
                g.subtract(g.cosines(embeds, "special_care_embeds", SPECIAL), "special_care_embeds_weights"),
                g.subtract(g.cosines(embeds, "concept_embeds", CONCEPTS), "concept_embeds_weights")))); // [B, 3 + 17]
    }

    @Override
    public boolean spare(String name) {
        return vision.spare(name);
    }

    /** Of the pictures, in pixels. */
    int side() {
        return vision.options().side();
    }

    /** Which pictures are flagged, from the result of a forward. Empty where a score is not finite. */
    static List<Optional<Boolean>> flags(ByteBuffer result, int pictures) {
        var scores = result.asFloatBuffer();
        var flags = new ArrayList<Optional<Boolean>>();
        for (int i = 0; i < pictures; i++) {
            var row = new float[SPECIAL + CONCEPTS];
            scores.get(row);
            flags.add(Finite.all(row) ? Optional.of(isFlagged(row)) : Optional.empty());
        }
        return flags;
    }

    /** The third special score uses the adjustment that the second one caused, as in diffusers. */
    private static boolean isFlagged(float[] scores) {
        float adjustment = 0;
        boolean flagged = false;
        for (int i = 0; i < scores.length; i++) {
            boolean over = isOver(scores[i] + adjustment);
            if (over && i < SPECIAL) {
                adjustment = ADJUSTMENT;
            }
            flagged |= over && i >= SPECIAL;
        }
        return flagged;
    }

    /** Over zero after rounding to three digits, half to even. */
    private static boolean isOver(float score) {
        return Math.rint(score * 1000f) > 0;
    }
}
