package dev.weir.engine.sampler;

/** How many steps a run does that begins with a picture: the pipelines of diffusers count them in three ways. */
public enum StrengthCount {
    /** The whole ones among those that the strength covers, as StableDiffusionImg2ImgPipeline.get_timesteps counts. */
    WHOLE_STEPS,
    /** Also the one that the strength covers in part, as StableDiffusion3Img2ImgPipeline.get_timesteps counts. */
    PARTIAL_STEP,
    /**
     * All, over so much of the training schedule, as LatentConsistencyModelImg2ImgPipeline lays out a few-step schedule. Other schedules
     * have no such layout, and then the whole ones count.
     */
    ALL_STEPS;

    /** The first step that is done of a schedule of so many. */
    int first(int steps, double strength) {
        double done = Math.min(steps * strength, steps);
        return this == PARTIAL_STEP ? (int) (steps - done) : steps - (int) done;
    }
}
