package dev.weir.cli;

import dev.weir.engine.EngineChoice;
import dev.weir.engine.RgbImage;
import dev.weir.engine.Upscaler;
import dev.weir.engine.UpscalerFile;
import dev.weir.engine.image.ImageFile;
import dev.weir.engine.image.ImageFormat;
import dev.weir.engine.image.PictureReader;
import dev.weir.picture.PictureException;
import dev.weir.picture.PngText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Enlarges picture files with an upscaler in this process. The network is loaded for the first one. Confined to one thread. */
final class Enlarger implements AutoCloseable {

    private static final int QUALITY = 95;

    private final Path path;
    private final UpscalerFile file;
    private Upscaler network;

    /** Throws {@link dev.weir.engine.ModelException} that says what is wrong with the upscaler. */
    Enlarger(Path path) {
        this.path = path;
        this.file = UpscalerFile.open(path);
    }

    int scale() {
        return file.scale();
    }

    /**
     * Gives the picture that was written. Text in a PNG, such as the settings that made it, stays with a picture that is a PNG too.
     *
     * @param to may be the same file
     */
    RgbImage enlarge(Path from, Path to) throws IOException {
        ImageFormat format = ImageFormat.valueOf(OutputFiles.formatOfPicture(to).name());
        byte[] bytes = Files.readAllBytes(from);
        RgbImage large = network()
                .upscale(picture(from, bytes))
                .orElseThrow(
                        () -> new CliException(CliException.FAILED, path + ": it made numbers that are not finite"));
        OutputFiles.write(
                to, ImageFile.encode(large, format, QUALITY, text(bytes)).bytes());
        return large;
    }

    private Upscaler network() {
        if (network == null) {
            network = file.load(EngineChoice.AUTO.known(List.of()));
        }
        return network;
    }

    private static RgbImage picture(Path from, byte[] bytes) {
        try {
            return PictureReader.read(bytes, PictureReader.Limits.DEFAULT).image();
        } catch (PictureException e) {
            throw new CliException(CliException.FAILED, "%s: %s".formatted(from, e.getMessage()), e);
        }
    }

    private static Map<String, String> text(byte[] bytes) {
        Map<String, String> text = new LinkedHashMap<>(PngText.of(bytes));
        // The latent is of the smaller picture.
        text.remove(PngText.LATENT);
        return text;
    }

    @Override
    public void close() {
        if (network != null) {
            network.close();
        }
    }
}
