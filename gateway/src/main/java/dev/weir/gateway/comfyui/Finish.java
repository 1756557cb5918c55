package dev.weir.gateway.comfyui;

import dev.weir.gateway.comfyui.Value.Sampled;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is done with the pictures of each sampler where they are made: what the ends of the graph that show them say, or else what upscalers
 * do before another sampler begins with them. There is one picture of each image. Confined to one thread.
 */
final class Finish {

    private final Map<Sampled, Scaled> steps = new HashMap<>();

    /** Throws {@link RefusedNodeException} if another end shows the pictures otherwise. */
    void show(Node end, Scaled shown) {
        Scaled other = steps.putIfAbsent(shown.samples().orElseThrow(), shown);
        if (other != null && !other.steps().equals(shown.steps())) {
            throw new RefusedNodeException(
                    end,
                    "images",
                    "shows the pictures of a sampler in another size than another node; a prompt shows them in one");
        }
    }

    /** Throws {@link RefusedNodeException} if a sampler begins with pictures that are not what the ends show, scaled. */
    void begin(List<Sampled> passes) {
        for (Sampled pass : passes) {
            pass.image().filter(image -> image.samples().isPresent()).ifPresent(image -> {
                Scaled done = steps.computeIfAbsent(image.samples().get(), sampled -> image.finishing());
                if (image.after(done).isEmpty()) {
                    throw new RefusedNodeException(
                            pass.sampler(),
                            "latent_image",
                            "begins with pictures of a sampler that are enlarged otherwise than those that are shown");
                }
            });
        }
    }

    /** Empty where pictures stay as they are decoded. */
    Optional<Scaled> of(Sampled pass) {
        return Optional.ofNullable(steps.get(pass)).filter(done -> !done.steps().isEmpty());
    }

    /** What is left to do with the picture that a pass begins with. */
    Optional<Scaled> image(Sampled pass) {
        return pass.image()
                .flatMap(image ->
                        image.samples().map(steps::get).flatMap(image::after).or(() -> Optional.of(image)));
    }
}
