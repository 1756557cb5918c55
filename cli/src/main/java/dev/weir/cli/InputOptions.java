package dev.weir.cli;

import dev.weir.client.ImageInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Options of {@code weir generate} for the pictures that a request brings. */
final class InputOptions {

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description = "A picture to change: PNG, JPEG or WebP. Its transparent parts are painted.")
    private Path image;

    @Option(
            names = "--mask",
            paramLabel = "FILE",
            description = "Which part of the picture is painted: what is white, or transparent.")
    private Path mask;

    @Option(
            names = "--depth-map",
            paramLabel = "FILE",
            description = "How near each part of the picture is, for depth-to-image models: brighter is nearer.")
    private Path depthMap;

    @Option(
            names = "--strength",
            paramLabel = "X",
            description = "How far the picture is changed, 0 to 1. Default: the model's.")
    private Double strength;

    @Option(
            names = "--mask-blur",
            paramLabel = "X",
            description = "The deviation in pixels of the soft edges that the mask gets, 0 to 64. Default: 0.")
    private Double maskBlur;

    @Option(
            names = "--masked-content",
            paramLabel = "KIND",
            description =
                    "What the masked part begins as, if --strength is below 1: original (default), fill (colours from around it), "
                            + "noise or nothing.")
    private String maskedContent;

    @Option(
            names = "--padding-mask-crop",
            paramLabel = "N",
            description =
                    "Paint only what the mask marks and N pixels around it, at the full size, and put it back into the "
                            + "picture.")
    private Integer paddingMaskCrop;

    @Option(
            names = "--controlnet",
            paramLabel = "NAME=FILE[,KEY=VALUE]",
            description =
                    "A ControlNet or T2I-Adapter of --controlnet-dir, and the picture that it steers by. Keys: scale, start, end, "
                            + "preprocess (canny, blur, invert), guess. May be repeated.")
    private List<String> controlnets = List.of();

    /** Throws {@link CliException} that names the option whose file cannot be read. */
    ImageInput read() {
        ImageInput input = ImageInput.NONE
                .withStrength(strength)
                .withMaskBlur(maskBlur)
                .withMaskedContent(maskedContent)
                .withPaddingMaskCrop(paddingMaskCrop);
        if (image != null) {
            input = input.withImage(bytes("--image", image));
        }
        if (mask != null) {
            input = input.withMask(bytes("--mask", mask));
        }
        for (String controlnet : controlnets) {
            input = input.withControl(ControlOption.read(controlnet));
        }
        return depthMap == null ? input : input.withDepthMap(bytes("--depth-map", depthMap));
    }

    /** Throws {@link CliException} that names the option. */
    static byte[] bytes(String option, Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new CliException(CliException.USAGE, "%s: %s cannot be read".formatted(option, file), e);
        }
    }
}
