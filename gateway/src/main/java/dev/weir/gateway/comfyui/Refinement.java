package dev.weir.gateway.comfyui;

import dev.weir.gateway.comfyui.Value.Conditioning;
import dev.weir.gateway.comfyui.Value.Model;
import dev.weir.gateway.comfyui.Value.Refined;
import dev.weir.gateway.comfyui.Value.Sampled;
import dev.weir.gateway.comfyui.Value.Told;
import dev.weir.gateway.comfyui.Value.Unfinished;
import dev.weir.proto.v1.Refining;
import dev.weir.proto.v1.Size;
import java.util.Set;

/**
 * A {@code KSamplerAdvanced} that does the last steps of another one with the refiner of its model, as in ComfyUI's template for SDXL. The
 * two are one job of Weir, whose second diffusing stage is the refiner. Any thread.
 */
final class Refinement {

    private static final String POSITIVE = "positive";
    private static final String NEGATIVE = "negative";
    /** Those that draw no noise: in ComfyUI the refiner draws from the beginning of its own seed's, and Weir goes on with the base's. */
    private static final Set<String> WITHOUT_NOISE = Set.of("euler", "heun", "dpm_2", "lms", "dpmpp_2m", "ddim");
    /** What ComfyUI tells a refiner where the nodes say nothing. */
    private static final double SCORE = 6;

    private static final double NEGATIVE_SCORE = 2.5;

    private final Node node;
    private final Unfinished latent;

    Refinement(Node node, Unfinished latent) {
        this.node = node;
        this.latent = latent;
    }

    /** A sampler that is no refiner takes no texts of one. */
    static void requireNone(SamplerInputs inputs, String input, Conditioning conditioning) {
        if (conditioning.clip().refines() || conditioning.told().isPresent()) {
            throw inputs.refused(input, "is encoded for a refiner, which this sampler's model is not");
        }
    }

    /** Throws {@link RefusedNodeException}. */
    Sampled refined(Model model, Conditioning positive, Conditioning negative) {
        Sampled begun = latent.begun();
        require(
                model.refines() && model.name().equals(begun.model()),
                "model",
                "only the refiner of %s goes on with what it has left".formatted(begun.model()));
        require(model.loras().isEmpty(), "model", "LoRAs do not change the refiner");
        requireRest(begun.sampler());
        requireText(POSITIVE, positive, latent.positive());
        requireText(NEGATIVE, negative, latent.negative());
        require(
                latent.positive().clip().loras().stream().allMatch(use -> use.weight() == 0),
                POSITIVE,
                "the refiner reads the texts as the base's CLIP does, which LoRAs change");
        Told told = told(positive, SCORE);
        Told unlike = told(negative, NEGATIVE_SCORE);
        require(
                told.width() == unlike.width() && told.height() == unlike.height(),
                NEGATIVE,
                "must have the same sizes as the positive one");
        return begun.by(new Refined(
                node,
                Refining.newBuilder()
                        .setFirstStep(latent.end())
                        .setGuidanceScale(node.number("cfg").floatValue())
                        .setSize(Size.newBuilder().setWidth(told.width()).setHeight(told.height()))
                        .setAestheticScore((float) told.score())
                        .setNegativeAestheticScore((float) unlike.score())
                        .build()));
    }

    /** It does what the other one has left, in the same way. */
    private void requireRest(Node begun) {
        require(node.type().equals(begun.type()), "model", "only a KSamplerAdvanced goes on with noise that is left");
        require(
                node.text("add_noise").equals("disable"),
                "add_noise",
                "must be disable: the noise is that of the base");
        require(
                node.whole("start_at_step") == latent.end(),
                "start_at_step",
                "must be %d, where the base stops".formatted(latent.end()));
        require(node.whole("end_at_step") >= node.whole("steps"), "end_at_step", "must be all steps to the end");
        for (String same : new String[] {"steps", "sampler_name", "scheduler"}) {
            require(
                    node.text(same).equals(begun.text(same)),
                    same,
                    "must be %s, as of the base".formatted(begun.text(same)));
        }
        require(
                WITHOUT_NOISE.contains(node.text("sampler_name")),
                "sampler_name",
                "draws noise, which is computed without a refiner only");
        boolean isGuided = node.number("cfg").doubleValue() > 1;
        require(
                isGuided == begun.number("cfg").doubleValue() > 1,
                "cfg",
                "must be above 1 for both samplers, or for none");
    }

    private void requireText(String input, Conditioning own, Conditioning base) {
        Sampling.requireSame(node, input, own.clip().model(), base.clip().model());
        require(own.clip().refines(), input, "must be encoded by the refiner's CLIP");
        require(
                own.clip().lastLayer() == 0 || own.clip().lastLayer() == -2,
                input,
                "the refiner reads the last layer but one");
        require(
                base.clip().lastLayer() == 0 || base.clip().lastLayer() == -2,
                input,
                "the base's CLIP must give the last layer but one");
        require(own.controls().isEmpty(), input, "ControlNets do not steer the refiner");
        require(!own.hasZeros() && !base.hasZeros(), input, "zeros are not computed with a refiner");
        require(own.phrases().equals(base.phrases()), input, "must have the text of the base: Weir has one prompt");
    }

    private Told told(Conditioning conditioning, double usual) {
        String[] sides = latent.begun().size().split("x");
        return conditioning
                .told()
                .orElseGet(() -> new Told(Integer.parseInt(sides[0]), Integer.parseInt(sides[1]), usual));
    }

    private void require(boolean holds, String input, String problem) {
        if (!holds) {
            throw new RefusedNodeException(node, input, problem);
        }
    }
}
