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

    /** The picture that a request begins with, as its file. */
    public static final Port INIT_IMAGE = new Port("input/init_image", false);

    /** Which part of it is to be painted, as a file. */
    public static final Port MASK = new Port("input/mask", false);

    /** How near each part of it is, as the file of a picture. */
    public static final Port DEPTH_MAP = new Port("input/depth_map", false);

    /** The pictures that IP-Adapters see, as files: {@code input/ip_adapters/0/1} is the second one of the first adapter. */
    public static final Port IP_ADAPTERS = new Port("input/ip_adapters", false);

    /** What an autoencoder or an image encoder sees in the pictures of a request. */
    public static final Port IMAGE = new Port("image", false);

    /** The result of a diffusion. */
    public static final Port LATENT = new Port("latent", true);
}
