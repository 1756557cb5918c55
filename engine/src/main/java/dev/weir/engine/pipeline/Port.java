package dev.weir.engine.pipeline;

/**
 * What one stage gives and another takes.
 *
 * @param name of a tensor, or what its name has before a slash: {@code cond} stands for {@code cond/text_embeds}
 * @param kept whether checkpoints hold it; otherwise it is cheap to make again
 */
public record Port(String name, boolean kept) {

    /** What encoders give for the prompt. */
    public static final Port COND = new Port("cond", false);

    /** What encoders give for the negative prompt. */
    public static final Port UNCOND = new Port("uncond", false);

    /** The result of a diffusion. */
    public static final Port LATENT = new Port("latent", true);
}
