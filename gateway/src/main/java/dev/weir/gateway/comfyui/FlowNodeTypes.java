package dev.weir.gateway.comfyui;

import java.math.BigInteger;
import java.util.List;
import java.util.function.Function;

/**
 * The classes of nodes for rectified flows and for samplers that are made of parts: ComfyUI's {@code comfy_extras/nodes_flux.py}, {@code
 * nodes_sd3.py}, {@code nodes_model_advanced.py} and {@code nodes_custom_sampler.py}. A part of a model is named as the model. Stateless.
 */
final class FlowNodeTypes {

    private static final String CONDITIONING = "CONDITIONING";
    private static final String SIGMAS = "SIGMAS";
    private static final String LATENT = "LATENT";
    private static final String SAMPLER = "SAMPLER";
    private static final String CLIP = "CLIP";
    private static final String MODEL = "MODEL";
    private static final double MOST = 100;
    private static final double GUIDANCE = 3.5;

    private FlowNodeTypes() {}

    static List<NodeType> all(BigInteger mostSeed, int mostSteps) {
        return List.of(
                NodeType.of("VAELoader", "loaders")
                        .choice("vae_name", Offer::parts)
                        .gives("VAE"),
                NodeType.of("UNETLoader", "advanced/loaders")
                        .choice("unet_name", Offer::parts)
                        .choice("weight_dtype", "default")
                        .gives(MODEL),
                // ComfyUI reads Z-Image's text encoder with either type.
                NodeType.of("CLIPLoader", "advanced/loaders")
                        .choice("clip_name", clips(Flow.Kind.Z_IMAGE))
                        .choice("type", "stable_diffusion", "lumina2")
                        .gives(CLIP),
                NodeType.of("DualCLIPLoader", "advanced/loaders")
                        .choice("clip_name1", clips(Flow.Kind.FLUX))
                        .choice("clip_name2", clips(Flow.Kind.FLUX))
                        .choice("type", "flux")
                        .gives(CLIP),
                NodeType.of("TripleCLIPLoader", "advanced/loaders")
                        .choice("clip_name1", clips(Flow.Kind.STABLE_DIFFUSION_3))
                        .choice("clip_name2", clips(Flow.Kind.STABLE_DIFFUSION_3))
                        .choice("clip_name3", clips(Flow.Kind.STABLE_DIFFUSION_3))
                        .gives(CLIP),
                NodeType.of("CLIPTextEncodeFlux", "advanced/conditioning/flux")
                        .link("clip")
                        .text("clip_l", "")
                        .text("t5xxl", "")
                        .real("guidance", GUIDANCE, 0, MOST)
                        .gives(CONDITIONING),
                NodeType.of("FluxGuidance", "advanced/conditioning/flux")
                        .link("conditioning")
                        .real("guidance", GUIDANCE, 0, MOST)
                        .gives(CONDITIONING),
                NodeType.of("CLIPTextEncodeSD3", "advanced/conditioning")
                        .link("clip")
                        .text("clip_l", "")
                        .text("clip_g", "")
                        .text("t5xxl", "")
                        .choice("empty_padding", "none", "empty_prompt")
                        .gives(CONDITIONING),
                NodeType.of("ModelSamplingFlux", "advanced/model")
                        .link("model")
                        .real("max_shift", 1.15, 0, MOST)
                        .real("base_shift", 0.5, 0, MOST)
                        .whole("width", 1024, 16, NodeTypes.MOST_SIDE)
                        .whole("height", 1024, 16, NodeTypes.MOST_SIDE)
                        .gives(MODEL),
                NodeType.of("ModelSamplingSD3", "advanced/model")
                        .link("model")
                        .real("shift", 3, Flow.LEAST_SHIFT, Flow.MOST_SHIFT)
                        .gives(MODEL),
                NodeType.of("ModelSamplingAuraFlow", "advanced/model")
                        .link("model")
                        .real("shift", 1.73, Flow.LEAST_SHIFT, Flow.MOST_SHIFT)
                        .gives(MODEL),
                NodeType.of("RandomNoise", "sampling/custom_sampling/noise")
                        .whole("noise_seed", 0, 0, mostSeed)
                        .gives("NOISE"),
                NodeType.of("BasicGuider", "sampling/custom_sampling/guiders")
                        .link("model")
                        .link("conditioning")
                        .gives("GUIDER"),
                NodeType.of("CFGGuider", "sampling/custom_sampling/guiders")
                        .link("model")
                        .links(CONDITIONING, "positive", "negative")
                        .real("cfg", 8, NodeTypes.LEAST_CFG, NodeTypes.MOST_CFG)
                        .gives("GUIDER"),
                NodeType.of("KSamplerSelect", "sampling/custom_sampling/samplers")
                        .choice("sampler_name", Offer::samplersOfParts)
                        .gives(SAMPLER),
                NodeType.of("BasicScheduler", "sampling/custom_sampling/schedulers")
                        .link("model")
                        .choice("scheduler", Offer::schedulers)
                        .whole("steps", 20, 1, mostSteps)
                        .real("denoise", 1, 0, 1)
                        .gives(SIGMAS),
                NodeType.of("SamplerCustom", "sampling/custom_sampling")
                        .link("model")
                        .flag("add_noise", true)
                        .whole("noise_seed", 0, 0, mostSeed)
                        .real("cfg", 8, NodeTypes.LEAST_CFG, NodeTypes.MOST_CFG)
                        .links(CONDITIONING, "positive", "negative")
                        .link("sampler")
                        .link("sigmas")
                        .links(LATENT, "latent_image")
                        .gives(LATENT, LATENT),
                NodeType.of("SamplerCustomAdvanced", "sampling/custom_sampling")
                        .link("noise")
                        .link("guider")
                        .link("sampler")
                        .link("sigmas")
                        .links(LATENT, "latent_image")
                        .gives(LATENT, LATENT));
    }

    private static Function<Offer, List<String>> clips(Flow.Kind kind) {
        return offer -> offer.clips(kind);
    }
}
