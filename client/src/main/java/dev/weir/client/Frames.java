package dev.weir.client;

import java.time.Duration;

/**
 * When the gateway sends frames of the emerging image. A frame is dropped where the cluster or this client is too slow for it.
 *
 * @param everySteps a frame after each of so many steps; 0: not by steps
 * @param every a frame after the first step that ends so much later than the last frame; zero: not by time
 * @param count so many frames, spread over the steps; 0: not by number
 */
public record Frames(int everySteps, Duration every, int count, Grade grade) {

    /** No frames, which is a request's default. */
    public static final Frames NONE = new Frames(0, Duration.ZERO, 0, Grade.LATENT_RGB);

    /** How a frame is decoded. */
    public enum Grade {
        /** A rough picture, computed from the latent by one small matrix. It costs almost nothing. */
        LATENT_RGB,
        /** A tiny decoder (TAESD), nearly as sharp as the model's own at a small part of its cost. Some models have one. */
        TAESD,
        /** The model's own decoder, which is as sharp as the final image and costs as much to decode. */
        VAE
    }

    public static Frames everySteps(int steps) {
        return new Frames(steps, Duration.ZERO, 0, Grade.LATENT_RGB);
    }

    public static Frames every(Duration interval) {
        return new Frames(0, interval, 0, Grade.LATENT_RGB);
    }

    public static Frames count(int count) {
        return new Frames(0, Duration.ZERO, count, Grade.LATENT_RGB);
    }

    public Frames withGrade(Grade grade) {
        return new Frames(everySteps, every, count, grade);
    }
}
