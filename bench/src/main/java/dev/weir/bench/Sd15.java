package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.engine.LatentShape;
import java.io.IOException;
import java.io.InputStream;

/** The shape of Stable Diffusion 1.5's UNet, for networks with random weights. */
public final class Sd15 {

    /** A quarter of the latents of a picture of 512x512, because rounds would take minutes otherwise. */
    static final LatentShape SAMPLE = new LatentShape(4, 32, 32);

    static final int TOKENS = 77;
    static final int SCALE = 8;

    private Sd15() {}

    public static JsonNode config() throws IOException {
        try (InputStream resource = Sd15.class.getResourceAsStream("/sd15/unet.json")) {
            return new ObjectMapper().readTree(resource);
        }
    }
}
