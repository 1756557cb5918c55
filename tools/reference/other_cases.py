"""The runs that other_schedulers.py records: name, scheduler, steps, configuration, and what the run is given."""

from samplers import COSINE, SD, SPACINGS, ZERO_SNR

LATENT = {**SD, **SPACINGS["leading1"], "set_alpha_to_one": False}
LCM_DREAMSHAPER = {**LATENT, "original_inference_steps": 50, "timestep_scaling": 10.0}
EDM_PLAYGROUND = {"sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5, "prediction_type": "epsilon"}
FLUX = {"shift": 3.0, "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15}


def few_step_cases():
    for name, scheduler in (("lcm", "LCMScheduler"), ("tcd", "TCDScheduler")):
        for steps in (1, 2, 4, 8):
            yield f"{name}/sd/{steps}", scheduler, steps, LCM_DREAMSHAPER, {}
        for prediction in ("v_prediction", "sample"):
            yield f"{name}/{prediction}", scheduler, 4, {**LATENT, "prediction_type": prediction}, {}
        for strength in (0.3, 0.62, 1.0):
            yield f"{name}/strength-{strength}", scheduler, 4, LATENT, {"strength": strength}
        for original in (5, 64, 1000):
            yield f"{name}/original-{original}", scheduler, 5, {**LATENT, "original_inference_steps": original}, {}
        yield f"{name}/cosine", scheduler, 4, COSINE, {}
        yield f"{name}/zero-snr", scheduler, 4, ZERO_SNR, {}
        yield f"{name}/clip", scheduler, 4, {**LATENT, "clip_sample": True, "clip_sample_range": 0.8}, {}
        yield f"{name}/thresholding", scheduler, 4, {
            **LATENT, "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 2.0}, {}
        yield f"{name}/scaling", scheduler, 4, {**LATENT, "timestep_scaling": 0.001}, {}
        yield f"{name}/defaults", scheduler, 4, {}, {}
    for eta in (0.0, 0.3, 0.75, 1.0):
        for prediction in ("epsilon", "v_prediction", "sample"):
            config = {**LATENT, "prediction_type": prediction}
            yield f"tcd/eta-{eta}/{prediction}", "TCDScheduler", 5, config, {"eta": eta}


def sa_solver_cases():
    name = "SASolverScheduler"
    for predictor, corrector in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (3, 3), (3, 4), (4, 4), (1, 4)):
        orders = {"predictor_order": predictor, "corrector_order": corrector}
        yield f"sa/orders-{predictor}-{corrector}", name, 8, {**LATENT, **orders}, {}
        yield f"sa/orders-{predictor}-{corrector}/noise", name, 8, {
            **LATENT, **orders, "algorithm_type": "noise_prediction"}, {}
    for prediction in ("epsilon", "v_prediction", "sample"):
        for algorithm in ("data_prediction", "noise_prediction"):
            for spacing, keys in SPACINGS.items():
                config = {**SD, **keys, "prediction_type": prediction, "algorithm_type": algorithm}
                yield f"sa/{prediction}/{algorithm}/{spacing}", name, 5, config, {}
    third = {**LATENT, "predictor_order": 3, "corrector_order": 3}
    for steps in (1, 2, 3, 20):
        yield f"sa/steps-{steps}", name, steps, third, {}
    yield "sa/not-lower-order-final", name, 6, {**third, "lower_order_final": False}, {}
    for sigmas in ("karras", "exponential", "beta"):
        yield f"sa/{sigmas}", name, 6, {**third, f"use_{sigmas}_sigmas": True}, {}
    yield "sa/karras/sigma-range", name, 6, {**third, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 9.0}, {}
    for shift in (1.0, 3.0):
        yield f"sa/flow-{shift}", name, 6, {
            **third, "use_flow_sigmas": True, "flow_shift": shift, "prediction_type": "flow_prediction"}, {}
    yield "sa/cosine", name, 6, {**COSINE, "lambda_min_clipped": -5.1}, {}
    yield "sa/thresholding", name, 6, {**SD, "thresholding": True, "sample_max_value": 1.5}, {}
    yield "sa/defaults", name, 6, {}, {}


def edm_cases():
    euler, solver = "EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"
    for name, scheduler in (("edm-euler", euler), ("edm-dpm", solver)):
        for steps in (1, 2, 3, 7, 16):
            yield f"{name}/steps-{steps}", scheduler, steps, EDM_PLAYGROUND, {}
        for sigmas in ("karras", "exponential"):
            for prediction in ("epsilon", "v_prediction"):
                yield f"{name}/{sigmas}/{prediction}", scheduler, 6, {
                    **EDM_PLAYGROUND, "sigma_schedule": sigmas, "prediction_type": prediction}, {}
            yield f"{name}/{sigmas}/sigma-min", scheduler, 6, {
                **EDM_PLAYGROUND, "sigma_schedule": sigmas, "final_sigmas_type": "sigma_min"}, {}
        yield f"{name}/keys", scheduler, 6, {"sigma_min": 0.01, "sigma_max": 30.0, "sigma_data": 1.0, "rho": 5.0}, {}
        yield f"{name}/defaults", scheduler, 6, {}, {}
    for order in (1, 2, 3):
        for kind in ("midpoint", "heun"):
            config = {**EDM_PLAYGROUND, "solver_order": order, "solver_type": kind}
            for steps in (6, 16):
                yield f"edm-dpm/order-{order}/{kind}/{steps}", solver, steps, config, {}
            if order < 3:
                yield f"edm-dpm/sde/order-{order}/{kind}", solver, 6, {**config, "algorithm_type": "sde-dpmsolver++"}, {}
    yield "edm-dpm/euler-at-final", solver, 6, {
        **EDM_PLAYGROUND, "final_sigmas_type": "sigma_min", "lower_order_final": False, "euler_at_final": True}, {}
    # The last step then has no length: heun and the third order divide by it.
    yield "edm-dpm/not-lower-order-final", solver, 6, {
        **EDM_PLAYGROUND, "final_sigmas_type": "sigma_min", "lower_order_final": False}, {}
    yield "edm-dpm/other-names", solver, 6, {
        **EDM_PLAYGROUND, "algorithm_type": "deis", "solver_type": "logrho", "final_sigmas_type": "sigma_min"}, {}
    yield "edm-dpm/thresholding", solver, 6, {**EDM_PLAYGROUND, "thresholding": True, "sample_max_value": 1.2}, {}


def flow_cases():
    euler, heun = "FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler"
    for name, scheduler in (("flow-euler", euler), ("flow-heun", heun)):
        for shift in (1.0, 3.0):
            for steps in (1, 2, 3, 7):
                yield f"{name}/shift-{shift}/{steps}", scheduler, steps, {"shift": shift}, {}
        yield f"{name}/train-500", scheduler, 5, {"num_train_timesteps": 500, "shift": 2.0}, {}
        yield f"{name}/defaults", scheduler, 5, {}, {}
    for kind in ("exponential", "linear"):
        for tokens in (256, 1024, 4096, 9216):
            yield f"flow-euler/dynamic-{kind}/{tokens}", euler, 5, {**FLUX, "time_shift_type": kind}, {
                "image_seq_len": tokens}
    yield "flow-euler/dynamic-keys", euler, 5, {
        "use_dynamic_shifting": True, "base_shift": 0.95, "max_shift": 2.05, "base_image_seq_len": 1024,
        "max_image_seq_len": 4096}, {"image_seq_len": 2000}
    yield "flow-euler/dynamic-terminal", euler, 5, {**FLUX, "shift_terminal": 0.1}, {"image_seq_len": 1024}
    yield "flow-euler/terminal", euler, 5, {"shift": 2.0, "shift_terminal": 0.02}, {}
    for sigmas in ("karras", "exponential", "beta"):
        for steps in (1, 2, 6):
            yield f"flow-euler/{sigmas}/{steps}", euler, steps, {"shift": 3.0, f"use_{sigmas}_sigmas": True}, {}
    yield "flow-euler/karras/sigma-range", euler, 5, {"use_karras_sigmas": True, "sigma_min": 0.05, "sigma_max": 0.9}, {}
    yield "flow-euler/inverted", euler, 5, {"shift": 2.0, "invert_sigmas": True}, {}
    yield "flow-euler/stochastic", euler, 5, {"shift": 3.0, "stochastic_sampling": True}, {}


def pixel_cases():
    for steps in (2, 5, 13):
        for variance in ("fixed_small_log", "learned_range"):
            for prediction in ("epsilon", "sample"):
                yield f"unclip/{variance}/{prediction}/{steps}", "UnCLIPScheduler", steps, {
                    "variance_type": variance, "prediction_type": prediction, "clip_sample_range": 2.0}, {}
    yield "unclip/no-clip", "UnCLIPScheduler", 5, {"clip_sample": False}, {}
    yield "unclip/all-timesteps", "UnCLIPScheduler", 20, {"num_train_timesteps": 20}, {}
    yield "unclip/defaults", "UnCLIPScheduler", 5, {}, {}
    for steps in (1, 2, 4, 13):
        yield f"cm/steps-{steps}", "CMStochasticIterativeScheduler", steps, {}, {}
    yield "cm/keys", "CMStochasticIterativeScheduler", 6, {
        "num_train_timesteps": 151, "sigma_min": 0.01, "sigma_max": 20.0, "sigma_data": 1.0, "s_noise": 0.9, "rho": 5.0,
        "clip_denoised": False}, {}
    for steps in (2, 5, 12):
        for corrections in (0, 1, 2):
            yield f"ve/corrections-{corrections}/{steps}", "ScoreSdeVeScheduler", steps, {
                "correct_steps": corrections}, {}
    yield "ve/keys", "ScoreSdeVeScheduler", 5, {
        "snr": 0.08, "sigma_min": 0.05, "sigma_max": 50.0, "sampling_eps": 1e-3, "num_train_timesteps": 1000}, {}
    for steps in (2, 5, 12):
        yield f"vp/steps-{steps}", "ScoreSdeVpScheduler", steps, {}, {}
    yield "vp/keys", "ScoreSdeVpScheduler", 5, {"beta_min": 0.2, "beta_max": 12, "sampling_eps": 1e-2}, {}
    for steps in (1, 4, 12):
        for scaler in (0.5, 1.0, 2.0):
            yield f"wuerstchen/scaler-{scaler}/{steps}", "DDPMWuerstchenScheduler", steps, {"scaler": scaler}, {}
    yield "wuerstchen/s", "DDPMWuerstchenScheduler", 5, {"s": 0.02}, {}
    for steps in (1, 4):  # last: a case's number is its seed
        yield f"flow-lcm/{steps}", "FlowMatchLCMScheduler", steps, {"shift": 3.0}, {}
    for name, scheduler in (("edm-euler", "EDMEulerScheduler"), ("edm-dpm", "EDMDPMSolverMultistepScheduler")):
        yield f"{name}/exponential/1", scheduler, 1, {**EDM_PLAYGROUND, "sigma_schedule": "exponential"}, {}
    yield "flow-lcm/beta", "FlowMatchLCMScheduler", 4, {"use_beta_sigmas": True, "invert_sigmas": True}, {}
    yield "wuerstchen/stage-c", "DDPMWuerstchenScheduler", 29, {"timestep_spacing": "stage_c"}, {}


GROUPS = (few_step_cases, sa_solver_cases, edm_cases, flow_cases, pixel_cases)
