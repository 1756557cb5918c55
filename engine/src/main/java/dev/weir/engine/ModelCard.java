package dev.weir.engine;

import java.util.List;

/**
 * What a model is, read from its folder without loading weights.
 *
 * @param id the name users call it by: what its weir.json says, else {@link ModelPath#name}
 * @param pipeline the {@code _class_name} of its model_index.json
 * @param latentChannels channels of the denoiser's output
 * @param scale picture pixels per latent pixel each way
 * @param nativeSize side in pixels that the denoiser was trained at
 * @param sizeMultiple sides of the denoiser's picture are multiples of this many pixels
 * @param minSize least side of the denoiser's picture
 * @param maxSize greatest side of the denoiser's picture
 * @param upsampleFactor what the cascade's upsampler multiplies each side by; 1 where the model has none
 * @param samplers those that compute what the model's scheduler_config.json asks for, by name
 * @param components folders of the model, as {@code unet}
 * @param defaults what a request gets that does not say
 */
public record ModelCard(
        String id,
        String pipeline,
        int latentChannels,
        int scale,
        int nativeSize,
        int sizeMultiple,
        int minSize,
        int maxSize,
        int upsampleFactor,
        List<String> samplers,
        List<String> components,
        Defaults defaults) {

    /**
     * @param sampler one of {@code samplers}, DDIM's perhaps with an eta
     * @param upsamplerSteps steps of the upsampler; 0 where the model has none
     * @param upsamplerNoiseLevel timestep of the upsampler's schedule whose noise augments the base's latent
     */
    public record Defaults(
            int steps, float guidanceScale, String sampler, int upsamplerSteps, int upsamplerNoiseLevel) {}
}
