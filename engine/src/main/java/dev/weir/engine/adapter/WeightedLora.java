package dev.weir.engine.adapter;

/** A LoRA with the weight that a request gives it. Negative weights are allowed. */
public record WeightedLora(Lora lora, float weight) {

    public WeightedLora {
        if (!Float.isFinite(weight)) {
            throw new IllegalArgumentException("the weight of a LoRA must be a number, not " + weight);
        }
    }
}
