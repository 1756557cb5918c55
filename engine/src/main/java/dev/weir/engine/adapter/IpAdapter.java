package dev.weir.engine.adapter;

import dev.weir.engine.weights.Weights;
import java.nio.file.Path;

/**
 * An IP-Adapter (Ye et al. 2023, arXiv 2308.06721) that fits a model: its file, and the CLIP network whose view of pictures it reads.
 * Two are equal if their files hold the same. Immutable; any thread.
 */
public final class IpAdapter {

    /** What an adapter reads of CLIP's view of a picture. */
    public enum Kind {
        /** The projected embedding. */
        PLAIN,
        /** The states of all patches before the last layer. */
        PLUS
    }

    private final String name;
    private final String fingerprint;
    private final Kind kind;
    private final Weights weights;
    private final Path encoder;

    IpAdapter(String name, String fingerprint, Kind kind, Weights weights, Path encoder) {
        this.name = name;
        this.fingerprint = fingerprint;
        this.kind = kind;
        this.weights = weights;
        this.encoder = encoder;
    }

    /** Which kind a file is. Throws {@link dev.weir.engine.ModelException} that says why it is none that Weir runs. */
    public static Kind kindOf(Weights file) {
        return IpAdapterFile.kind(file);
    }

    public String name() {
        return name;
    }

    /** A digest that differs if another adapter of the name, or its CLIP network, holds something else. */
    public String fingerprint() {
        return fingerprint;
    }

    public Kind kind() {
        return kind;
    }

    /** The folder of the CLIP network. */
    public Path encoder() {
        return encoder;
    }

    /** The tensors of the file. */
    public Weights weights() {
        return weights;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof IpAdapter adapter
                && fingerprint.equals(adapter.fingerprint)
                && name.equals(adapter.name);
    }

    @Override
    public int hashCode() {
        return fingerprint.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
