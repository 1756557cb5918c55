"""Whole trajectories of PNDM without its Runge-Kutta steps. In files of their own: a case's number is its seed."""

from fixtures import OUT, save_cases, save_tensors
from samplers import COSINE, LINEAR, SD, SPACINGS, trajectory


def cases():
    """(name, steps, config): PLMS alone, as Stable Diffusion 1.x has it."""
    for prediction in ("epsilon", "v_prediction"):
        for spacing, keys in SPACINGS.items():
            for steps in (5, 20):
                yield f"pndm/{prediction}/{spacing}/{steps}", steps, {**SD, **keys, "prediction_type": prediction}
    for steps in (1, 2, 3, 7, 16, 50):  # fewer outputs than the method remembers; 7 and 16 do not divide 1000
        for spacing in ("leading1", "trailing", "linspace"):
            yield f"pndm/sd/{spacing}/{steps}", steps, {**SD, **SPACINGS[spacing]}
    for steps in (5, 20):
        yield f"pndm/alpha-one/{steps}", steps, {**SD, **SPACINGS["leading0"], "set_alpha_to_one": True}
        yield f"pndm/linear/{steps}", steps, {**LINEAR, **SPACINGS["leading1"]}
        yield f"pndm/cosine/{steps}", steps, {**COSINE, **SPACINGS["leading1"], "prediction_type": "v_prediction"}
    yield "pndm/defaults/10", 10, {}


def main() -> None:
    tensors, index = {}, []
    for number, (name, steps, config) in enumerate(cases()):
        config = {"_class_name": "PNDMScheduler", "num_train_timesteps": 1000, "skip_prk_steps": True, **config}
        case = trajectory("pndm", config, steps, 0.0, number)
        for key, value in case.pop("tensors").items():
            tensors[f"{name}/{key}"] = value
        index.append({"name": name, "sampler": "pndm", "steps": steps, "eta": 0.0, "seed": number, **case,
                      "scheduler_config": config})
    save_tensors(OUT / "samplers/pndm.safetensors", tensors)
    save_cases(OUT / "samplers/pndm.json", index)


if __name__ == "__main__":
    main()
