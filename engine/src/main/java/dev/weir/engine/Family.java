package dev.weir.engine;

import dev.weir.engine.weights.Weights;
import java.util.List;
import java.util.Optional;

/** A family of whole models in one file, told by the names and shapes of its tensors as diffusers tells it. */
enum Family {
    SD1("Stable Diffusion 1.x", "sd1"),
    SD2("Stable Diffusion 2.x", "sd2"),
    SD2_UNCLIP("Stable Diffusion 2.1 unCLIP", "sd2"),
    SDXL("SDXL", "sdxl"),
    SDXL_REFINER("SDXL's refiner", "sdxl"),
    LATENT_DIFFUSION("CompVis' latent diffusion", "");

    static final String UNET = "model.diffusion_model.";
    static final String FIRST = UNET + "input_blocks.0.0.weight";

    private static final String CONTEXT = UNET + "input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight";
    private static final String ADDED = UNET + "label_emb.0.0.weight";
    /** The codebook of an autoencoder, its BERT, its embedding of classes, and attention without a text: none is Stable Diffusion's. */
    private static final List<String> OF_LATENT_DIFFUSION = List.of(
            "first_stage_model.quantize.",
            "cond_stage_model.transformer.token_emb.",
            "cond_stage_model.embedding.",
            UNET + "middle_block.1.qkv.");

    private static final int SD2_CONTEXT = 1024;
    /** The pooled state and five numbers; the base has six. */
    private static final int REFINER_ADDED = 1280 + 5 * 256;

    private final String title;
    private final String folder;

    Family(String title, String folder) {
        this.title = title;
        this.folder = folder;
    }

    /** The name for people. */
    String title() {
        return title;
    }

    /** Which bundled configurations its models have; empty: none. */
    String folder() {
        return folder;
    }

    /** Empty where the file has no whole model of a family that Weir knows. */
    static Optional<Family> of(Weights tensors) {
        if (side(tensors, FIRST, 1) == 0 || begins(tensors, "control_model.")) {
            return Optional.empty();
        }
        if (OF_LATENT_DIFFUSION.stream().anyMatch(prefix -> begins(tensors, prefix))) {
            return Optional.of(LATENT_DIFFUSION);
        }
        if (begins(tensors, "conditioner.embedders.1.")) {
            return Optional.of(SDXL);
        }
        if (begins(tensors, "conditioner.embedders.0.model.") || side(tensors, ADDED, 1) == REFINER_ADDED) {
            return Optional.of(SDXL_REFINER);
        }
        if (side(tensors, ADDED, 1) > 0) {
            // The first level of SDXL's UNet has no attention.
            boolean isSdxl = !begins(tensors, "cond_stage_model.") && side(tensors, CONTEXT, 1) == 0;
            return Optional.of(isSdxl ? SDXL : SD2_UNCLIP);
        }
        boolean isSd2 = begins(tensors, "cond_stage_model.model.") || side(tensors, CONTEXT, 1) == SD2_CONTEXT;
        return Optional.of(isSd2 ? SD2 : SD1);
    }

    /** A side of a tensor's shape; 0 where there is none. */
    static long side(Weights tensors, String name, int axis) {
        if (!tensors.names().contains(name)) {
            return 0;
        }
        long[] shape = tensors.info(name).shape();
        return shape.length > axis ? shape[axis] : 0;
    }

    private static boolean begins(Weights tensors, String prefix) {
        return tensors.names().stream().anyMatch(name -> name.startsWith(prefix));
    }
}
