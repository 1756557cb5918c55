package dev.weir.engine.sampler;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A sampler as users name it: a name of {@link Samplers#names()}, and for DDIM its eta where it is not 0, as in {@code
 * ddim:eta=1}.
 *
 * @param eta share of DDPM's noise that DDIM draws, 0 to 1
 */
public record SamplerSpec(String name, float eta) {

    private static final Pattern WITH_ETA = Pattern.compile("ddim:eta=([0-9.]{1,6})");

    public SamplerSpec {
        if (!Samplers.names().contains(name)) {
            throw new IllegalArgumentException(
                    "unknown sampler %s; known: %s".formatted(name, String.join(", ", Samplers.names())));
        }
        if (!(eta >= 0 && eta <= 1) || eta > 0 && !name.equals("ddim")) {
            throw new IllegalArgumentException(
                    "eta is for ddim and between 0 and 1, not %s for %s".formatted(eta, name));
        }
    }

    /** Throws {@link IllegalArgumentException} that lists the names where there is none such. */
    public static SamplerSpec parse(String text) {
        Matcher withEta = WITH_ETA.matcher(text);
        if (!withEta.matches()) {
            return new SamplerSpec(text, 0);
        }
        try {
            return new SamplerSpec("ddim", Float.parseFloat(withEta.group(1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("eta is a number, not " + withEta.group(1), e);
        }
    }
}
