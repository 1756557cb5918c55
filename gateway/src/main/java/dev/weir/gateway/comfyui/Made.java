package dev.weir.gateway.comfyui;

import dev.weir.gateway.job.Picture;
import dev.weir.picture.PngText;

/**
 * A picture that a sampler of a prompt has made. Immutable.
 *
 * @param job that has made it
 * @param sample of the job
 * @param keepsLatent whether its file has its latent too, for the next sampler
 */
record Made(String job, int sample, Picture picture, boolean keepsLatent) {

    /** As clients get it. */
    Picture shown() {
        if (!keepsLatent) {
            return picture;
        }
        byte[] file = PngText.without(picture.bytes(), PngText.LATENT);
        return new Picture(picture.format(), picture.width(), picture.height(), file, picture.flagged());
    }
}
