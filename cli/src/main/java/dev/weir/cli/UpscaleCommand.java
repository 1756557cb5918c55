package dev.weir.cli;

import dev.weir.engine.RgbImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** One picture through an upscaler, in this process. */
@Command(
        name = "upscale",
        header = "Enlarge a picture with an upscaler of the ESRGAN class.%n",
        description = {
            "RRDBNet (ESRGAN, Real-ESRGAN, BSRGAN) and the compact SRVGGNet, as safetensors. \"weir models convert\" converts .pth files.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  weir models convert RealESRGAN_x4plus.pth x4plus.safetensors",
            "  weir upscale hut.png --upscaler x4plus.safetensors --out large.png"
        })
final class UpscaleCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "PICTURE", description = "A PNG, JPEG or WebP.")
    private Path picture;

    @Option(names = "--upscaler", paramLabel = "FILE", required = true, description = "The network's safetensors file.")
    private Path upscaler;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            required = true,
            description = "A .png, .jpg or .webp file, which is overwritten.")
    private Path out;

    @Option(names = "--parents", description = "Create missing parent folders of --out.")
    private boolean parents;

    @Override
    public Integer call() throws IOException {
        OutputFiles.formatOfPicture(out);
        OutputFiles.requireWritable("--out", out, parents);
        ProgressDisplay display = ProgressDisplay.on(spec.commandLine().getErr());
        try (Enlarger enlarger = new Enlarger(upscaler)) {
            display.note("enlarging by %d".formatted(enlarger.scale()));
            RgbImage large = enlarger.enlarge(picture, out);
            display.clear();
            spec.commandLine().getOut().printf("%s  %dx%d%n", out, large.width(), large.height());
        } finally {
            display.clear();
        }
        return 0;
    }
}
