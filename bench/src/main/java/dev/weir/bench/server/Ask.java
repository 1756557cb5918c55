package dev.weir.bench.server;

import java.util.List;
import java.util.Random;

/**
 * A request for one picture, in the form of OpenAI's Images API. A server without frames ignores that it is asked for one.
 *
 * @param seconds when it is sent, after the beginning of the trace
 */
record Ask(String prompt, int seed, int steps, double seconds) {

    private static final List<String> COLOURS =
            List.of("red", "blue", "green", "yellow", "pink", "white", "black", "brown", "grey", "orange", "purple");
    private static final List<String> THINGS = List.of(
            "apple", "house", "tree", "car", "cat", "dog", "boat", "star", "sun", "moon", "bird", "fish", "cup");
    private static final int USUAL_STEPS = 20;
    private static final int[] STEPS = {8, 20, 30, 50};

    /** All have as many tokens, and different ones have different prompts, so that no server can reuse a text's states. */
    private static String prompt(int number) {
        String colour = COLOURS.get(number % COLOURS.size());
        String thing = THINGS.get(number / COLOURS.size() % THINGS.size());
        String size = number / (COLOURS.size() * THINGS.size()) % 2 == 0 ? "small" : "large";
        return "a %s %s %s".formatted(size, colour, thing);
    }

    static Ask usual(int number) {
        return new Ask(prompt(number), number, USUAL_STEPS, 0);
    }

    /** A Poisson process. Of every four consecutive requests, each has another number of steps. */
    static List<Ask> poisson(int first, int requests, double perSecond, long seed) {
        Random random = new Random(seed);
        double now = 0;
        Ask[] asks = new Ask[requests];
        for (int i = 0; i < requests; i++) {
            now += -Math.log(1 - random.nextDouble()) / perSecond;
            asks[i] = new Ask(prompt(first + i), first + i, STEPS[(i + i / STEPS.length) % STEPS.length], now);
        }
        return List.of(asks);
    }

    /** The mean steps of a trace, relative to those of the usual request. */
    static double meanWork() {
        double sum = 0;
        for (int steps : STEPS) {
            sum += steps;
        }
        return sum / STEPS.length / USUAL_STEPS;
    }

    String body() {
        return """
                {"prompt": "%s", "seed": %d, "num_inference_steps": %d, "stream": true, "partial_images": 1,
                 "partial_images_grade": "latent_rgb"}"""
                .formatted(prompt, seed, steps);
    }
}
