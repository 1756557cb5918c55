package dev.weir.engine.sampler;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/** The schedulers of diffusers that Weir computes, and the keys that each of them reads, as of diffusers 0.35.2. */
enum SchedulerClass {
    DDPM(
            "DDPMScheduler",
            false,
            "variance_type",
            "clip_sample",
            "clip_sample_range",
            "thresholding",
            "rescale_betas_zero_snr"),
    DDIM(
            "DDIMScheduler",
            true,
            "clip_sample",
            "clip_sample_range",
            "set_alpha_to_one",
            "thresholding",
            "rescale_betas_zero_snr"),
    PNDM("PNDMScheduler", false, "skip_prk_steps", "set_alpha_to_one"),
    EULER(
            "EulerDiscreteScheduler",
            false,
            "interpolation_type",
            "use_karras_sigmas",
            "use_exponential_sigmas",
            "use_beta_sigmas",
            "sigma_min",
            "sigma_max",
            "timestep_type",
            "rescale_betas_zero_snr",
            "final_sigmas_type"),
    EULER_ANCESTRAL("EulerAncestralDiscreteScheduler", false, "rescale_betas_zero_snr"),
    /** Its sigma_min and sigma_max are no parameters in diffusers, which reads them all the same. */
    DPM_SOLVER_MULTISTEP(
            "DPMSolverMultistepScheduler",
            false,
            "solver_order",
            "thresholding",
            "algorithm_type",
            "solver_type",
            "lower_order_final",
            "euler_at_final",
            "use_karras_sigmas",
            "use_exponential_sigmas",
            "use_beta_sigmas",
            "use_lu_lambdas",
            "use_flow_sigmas",
            "final_sigmas_type",
            "lambda_min_clipped",
            "variance_type",
            "sigma_min",
            "sigma_max",
            "rescale_betas_zero_snr");

    /** Keys that all of them read. */
    private static final Set<String> TRAINING = Set.of(
            "num_train_timesteps",
            "beta_start",
            "beta_end",
            "beta_schedule",
            "trained_betas",
            "prediction_type",
            "timestep_spacing",
            "steps_offset");

    /** Keys of the other schedulers of diffusers 0.35.2, and those that only matter beside a key that Weir refuses. */
    private static final Set<String> OTHERS = Set.of(
            ("alpha_cum_end alpha_cum_start base_image_seq_len base_shift beta_max beta_min clip_denoised correct_steps "
                            + "corrector_order disable_corrector dynamic_thresholding_ratio eta flow_shift gamma_cum_end "
                            + "gamma_cum_start invert_sigmas mask_token_id masking_schedule max_image_seq_len max_shift "
                            + "num_vec_classes original_inference_steps predict_x0 predictor_order rho s s_churn s_max s_min "
                            + "s_noise sample_max_value sampling_eps scale_factors scaler shift shift_terminal sigma_data "
                            + "sigma_schedule snr snr_shift_scale solver_p stochastic_sampling tau_func time_shift_type "
                            + "timestep_scaling upscale_mode use_dynamic_shifting")
                    .split(" "));

    private final String className;
    private final boolean finalAlphaOne;
    private final Set<String> keys;

    SchedulerClass(String className, boolean finalAlphaOne, String... keys) {
        this.className = className;
        this.finalAlphaOne = finalAlphaOne;
        this.keys = Set.of(keys);
    }

    static Optional<SchedulerClass> named(String className) {
        return Arrays.stream(values())
                .filter(scheduler -> scheduler.className.equals(className))
                .findFirst();
    }

    /** Whether some scheduler of diffusers reads a key. */
    static boolean isKnown(String key) {
        return OTHERS.contains(key) || Arrays.stream(values()).anyMatch(scheduler -> scheduler.reads(key));
    }

    String className() {
        return className;
    }

    boolean reads(String key) {
        return TRAINING.contains(key) || keys.contains(key);
    }

    /** The default of {@code set_alpha_to_one}. */
    boolean finalAlphaOne() {
        return finalAlphaOne;
    }
}
