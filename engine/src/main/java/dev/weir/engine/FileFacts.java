package dev.weir.engine;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.Numbers;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.Weights;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * What a single file says that its family's configurations do not: the channels of its UNet, and how it was trained, by tensors
 * that stand for flags or by a note of its metadata. Stable Diffusion 2.x at 768 pixels and at 512 have the same tensors but for
 * {@code global_step}, which few files have. As in diffusers, 768 pixels and v-prediction are assumed where nothing says otherwise.
 * The flags of SDXL are those that ComfyUI reads. Stateless; any thread.
 */
final class FileFacts {

    private static final String SCHEDULER = "scheduler";
    private static final String PREDICTION = "prediction_type";
    /** A tensor, or a number of a pickled file. */
    private static final String STEPS = "global_step";

    private static final String V_PREDICTION = "v_prediction";
    /** Of the latents of SDXL. */
    private static final int CHANNELS = 4;
    /** At which Stable Diffusion 2.x at 512 pixels was published. */
    private static final int SD2_BASE_STEPS = 875_000;

    private final Weights tensors;
    private final Map<String, String> notes;
    private final Map<String, ObjectNode> changes = new HashMap<>();

    private FileFacts(WeightFile file) {
        this.tensors = file.tensors();
        this.notes = file.notes();
    }

    /** By part, the keys that differ from the family's configuration. */
    static Map<String, ObjectNode> of(Family family, WeightFile file) {
        var facts = new FileFacts(file);
        facts.channels();
        switch (family) {
            case SD2 -> facts.sd2();
            case SDXL -> facts.sdxl();
            case SD1 -> facts.sd1();
            case SDXL_REFINER, SD2_UNCLIP -> {}
        }
        return Map.copyOf(facts.changes);
    }

    private void channels() {
        change("unet").put("in_channels", Family.side(tensors, Family.FIRST, 1));
    }

    private void sd2() {
        boolean paints = Family.side(tensors, Family.FIRST, 1) == 9;
        if (paints || isSaidToPredict("epsilon") || isBase()) {
            change("unet").put("sample_size", 64);
            change(SCHEDULER).put("_class_name", "PNDMScheduler").put("skip_prk_steps", true);
            change(SCHEDULER).put(PREDICTION, "epsilon");
        }
    }

    private boolean isBase() {
        return has(STEPS)
                ? number(STEPS) == SD2_BASE_STEPS
                : String.valueOf(SD2_BASE_STEPS).equals(notes.get(STEPS));
    }

    private void sd1() {
        if (isSaidToPredict("v")) {
            change(SCHEDULER).put(PREDICTION, V_PREDICTION);
        }
    }

    private void sdxl() {
        if (has("edm_mean") && has("edm_std")) {
            playground();
        } else if (has("edm_vpred.sigma_max")) {
            ObjectNode scheduler = change(SCHEDULER)
                    .put("_class_name", "EDMEulerScheduler")
                    .put("sigma_max", number("edm_vpred.sigma_max"))
                    .put("sigma_data", 1.0)
                    .put("sigma_schedule", "exponential")
                    .put(PREDICTION, V_PREDICTION);
            if (has("edm_vpred.sigma_min")) {
                scheduler.put("sigma_min", number("edm_vpred.sigma_min"));
            }
        } else if (has("v_pred") || isSaidToPredict("v")) {
            change(SCHEDULER).put(PREDICTION, V_PREDICTION).put("rescale_betas_zero_snr", has("ztsnr"));
        }
    }

    /** Playground 2.5 (Li et al. 2024, arXiv 2402.17245). */
    private void playground() {
        ObjectNode vae = change("vae").put("scaling_factor", 0.5);
        put(vae.putArray("latents_mean"), numbers("edm_mean", CHANNELS));
        put(vae.putArray("latents_std"), numbers("edm_std", CHANNELS));
        change(SCHEDULER)
                .put("_class_name", "EDMDPMSolverMultistepScheduler")
                .put("sigma_min", 0.002)
                .put("sigma_max", 80.0)
                .put("sigma_data", 0.5)
                .put("rho", 7.0)
                .put("solver_order", 2)
                .put("final_sigmas_type", "zero");
    }

    private static void put(ArrayNode array, float[] values) {
        for (float value : values) {
            array.add(value);
        }
    }

    private ObjectNode change(String component) {
        return changes.computeIfAbsent(component, key -> JsonNodeFactory.instance.objectNode());
    }

    private float number(String name) {
        return numbers(name, 1)[0];
    }

    private float[] numbers(String name, int count) {
        TensorInfo info = tensors.info(name);
        if (info.length() != (long) count * info.type().bytes()) {
            throw new ModelException("%s: the tensor %s is of %s, where Weir expects %d numbers"
                    .formatted(info.file(), name, Arrays.toString(info.shape()), count));
        }
        return Numbers.read(tensors, name);
    }

    /** What tools for training note of it. */
    private boolean isSaidToPredict(String prediction) {
        return prediction.equals(notes.get("modelspec.prediction_type"));
    }

    private boolean has(String name) {
        return tensors.names().contains(name);
    }
}
