package dev.weir.engine;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.weights.TensorInfo;
import dev.weir.engine.weights.Weights;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * What a single file says that its family's configurations do not: the channels of its UNet, and by tensors that stand for flags how it
 * was trained. Stable Diffusion 2.x at 768 pixels and at 512 have the same tensors but for {@code global_step}, which few files
 * have; as in diffusers, 768 pixels and v-prediction are assumed. The flags of SDXL are those that ComfyUI reads. Stateless;
 * any thread.
 */
final class FileFacts {

    private static final String SCHEDULER = "scheduler";
    private static final String PREDICTION = "prediction_type";
    private static final String V_PREDICTION = "v_prediction";
    /** At which Stable Diffusion 2.x at 512 pixels was published. */
    private static final int SD2_BASE_STEPS = 875_000;

    private final Weights tensors;
    private final Map<String, ObjectNode> changes = new HashMap<>();

    private FileFacts(Weights tensors) {
        this.tensors = tensors;
    }

    /** By part, the keys that differ from the family's configuration. */
    static Map<String, ObjectNode> of(Family family, Weights tensors) {
        var facts = new FileFacts(tensors);
        facts.channels();
        switch (family) {
            case SD2 -> facts.sd2();
            case SDXL -> facts.sdxl();
            case SD1, SDXL_REFINER -> {}
        }
        return Map.copyOf(facts.changes);
    }

    private void channels() {
        change("unet").put("in_channels", Family.side(tensors, Family.FIRST, 1));
    }

    private void sd2() {
        boolean paints = Family.side(tensors, Family.FIRST, 1) == 9;
        if (paints || has("global_step") && number("global_step")[0] == SD2_BASE_STEPS) {
            change("unet").put("sample_size", 64);
            change(SCHEDULER).put("_class_name", "PNDMScheduler").put("skip_prk_steps", true);
            change(SCHEDULER).put(PREDICTION, "epsilon");
        }
    }

    private void sdxl() {
        if (has("edm_mean") && has("edm_std")) {
            playground();
        } else if (has("edm_vpred.sigma_max")) {
            ObjectNode scheduler = change(SCHEDULER)
                    .put("_class_name", "EDMEulerScheduler")
                    .put("sigma_max", number("edm_vpred.sigma_max")[0])
                    .put("sigma_data", 1.0)
                    .put("sigma_schedule", "exponential")
                    .put(PREDICTION, V_PREDICTION);
            if (has("edm_vpred.sigma_min")) {
                scheduler.put("sigma_min", number("edm_vpred.sigma_min")[0]);
            }
        } else if (has("v_pred")) {
            change(SCHEDULER).put(PREDICTION, V_PREDICTION).put("rescale_betas_zero_snr", has("ztsnr"));
        }
    }

    /** Playground 2.5 (Li et al. 2024, arXiv 2402.17245). */
    private void playground() {
        ObjectNode vae = change("vae").put("scaling_factor", 0.5);
        put(vae.putArray("latents_mean"), number("edm_mean"));
        put(vae.putArray("latents_std"), number("edm_std"));
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

    private boolean has(String name) {
        return tensors.names().contains(name);
    }

    /** The values of a small tensor, as many as it has but one at least. */
    private float[] number(String name) {
        TensorInfo info = tensors.info(name);
        ByteBuffer bytes = tensors.bytes(name);
        float[] values = new float[Math.max(1, (int) info.length() / info.type().bytes())];
        for (int i = 0; bytes.hasRemaining(); i++) {
            values[i] = switch (info.type()) {
                case F32 -> bytes.getFloat();
                case F16 -> half(bytes.getShort());
                case BF16 -> Float.intBitsToFloat(bytes.getShort() << 16);
                case I64 -> bytes.getLong();
                case I32 -> bytes.getInt();
                case U8, BOOL -> bytes.get();
            };
        }
        return values;
    }

    private static float half(short bits) {
        int exponent = bits >> 10 & 0x1f;
        int fraction = bits & 0x3ff;
        float size = exponent == 0 ? fraction * 0x1p-24f : Float.intBitsToFloat(exponent + 112 << 23 | fraction << 13);
        return bits < 0 ? -size : size;
    }
}
