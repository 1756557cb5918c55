package dev.weir.serving;

import dev.weir.runtime.stage.Failure;

/**
 * How samples end whose numbers are NaN or infinite. A request that overflows fails alone and for good: another node would
 * compute the same. Where the model gives no finite number even for a test input, another node may do better.
 */
public final class NotFinite {

    /** Why a model is not served. */
    public static final String PROBLEM =
            "its output is not finite, even for a test input: the weights are damaged, or overflow in this precision";

    private NotFinite() {}

    /** @param what is not finite and when, as {@code the denoiser's output at step 3 of 20} */
    public static Failure ofRequest(String what) {
        return new Failure(
                Failure.NOT_FINITE,
                what + " is not finite: the request overflows there; another prompt or a lower guidance scale may help",
                false);
    }

    /** @param what is not finite and when */
    public static Failure ofModel(String what, String model) {
        return new Failure(
                Failure.NOT_FINITE,
                "%s is not finite, as for every input: the model %s is broken at this node, which serves it no more"
                        .formatted(what, model),
                true);
    }

    /** Of work that waited for a model, or came, when it was found broken. */
    static Failure outOfService(String model) {
        return new Failure(
                Failure.NOT_FINITE,
                "the model %s is broken at this node, which serves it no more".formatted(model),
                true);
    }
}
