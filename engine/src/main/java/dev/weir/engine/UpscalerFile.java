package dev.weir.engine;

import dev.weir.engine.network.Upscalers;
import dev.weir.engine.weights.NamedFiles;
import dev.weir.engine.weights.SafetensorsFile;
import dev.weir.engine.weights.Sampling;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * An upscaler of the ESRGAN class in a file, told by the names and shapes of its tensors, as spandrel tells it. The file stays mapped.
 * Immutable; any thread.
 */
public final class UpscalerFile {

    private static final int HEX_DIGITS = 16;

    private final Path path;
    private final SafetensorsFile tensors;
    private final int scale;
    private final String fingerprint;

    private UpscalerFile(Path path, SafetensorsFile tensors) {
        this.path = path;
        this.tensors = tensors;
        this.scale = Upscalers.scale(path, tensors);
        this.fingerprint = fingerprint(tensors);
    }

    private static String fingerprint(SafetensorsFile tensors) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            Sampling.digest(tensors, digest);
            return HexFormat.of().formatHex(digest.digest()).substring(0, HEX_DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Throws {@link ModelException} that says what the file is, or what is wrong with it. */
    public static UpscalerFile open(Path path) {
        if (!SingleFile.isNamedSo(path)) {
            throw FileKind.of(path).at(path);
        }
        try {
            return new UpscalerFile(path, SafetensorsFile.open(path));
        } catch (ModelException e) {
            throw e.in(path);
        }
    }

    /** The file's without its ending. */
    public String name() {
        return NamedFiles.name(path);
    }

    /** A digest that differs if another file of the name holds something else. */
    public String fingerprint() {
        return fingerprint;
    }

    /** By how much the sides of a picture grow. */
    public int scale() {
        return scale;
    }

    /** Loads it, on any thread. What it gives belongs to one device thread. Throws {@link ModelException} where it cannot. */
    public Upscaler load(ComputeTarget target) {
        try {
            return Upscalers.load(path, tensors, target);
        } catch (ModelException e) {
            throw e.in(path);
        }
    }
}
