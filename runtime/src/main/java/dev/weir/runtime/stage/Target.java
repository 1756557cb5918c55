package dev.weir.runtime.stage;

/**
 * What a stage computes with.
 *
 * @param engine the library, as {@code onnx}
 * @param instructionSet that the engine uses, as {@code avx2}
 * @param reason why this engine runs here, for people
 */
public record Target(String device, String precision, String engine, String instructionSet, String reason) {

    /** What decides the bits of a result beside device and precision. */
    public String engineAndInstructionSet() {
        return (engine + " " + instructionSet).strip();
    }
}
