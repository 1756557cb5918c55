package dev.weir.cli;

import dev.weir.engine.Conversion;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Rewrites a model or a file beside models as safetensors. What it can convert is for {@link Conversion} to say. */
@Command(
        name = "convert",
        header = "Convert pickled weights and single files to safetensors. Nothing that a file says is run.%n",
        description = {
            "A file with a whole model of Stable Diffusion 1.x, 2.x or SDXL becomes a diffusers folder, or one safetensors file if "
                    + "OUT ends in .safetensors. A file with the transformer of Stable Diffusion 3, Flux.1 or Z-Image becomes a folder, "
                    + "with the other parts of another one. A LoRA, textual inversion, ControlNet, adapter, autoencoder or upscaler becomes "
                    + "one safetensors file. A folder with .bin weights becomes a folder with .safetensors weights. A UNet of guided "
                    + "diffusion (ADM) becomes a folder, with its classifier, its upsampler and the flags of their training as options; "
                    + "the published files are known and need no flags. The base model of GLIDE becomes a folder, with its "
                    + "upsampler and its vocabulary as options.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  weir models convert v1-5-pruned-emaonly.ckpt sd15",
            "  weir models convert easynegative.pt easynegative.safetensors",
            "  weir models convert old-diffusers-folder new-folder",
            "  weir models convert flux1-dev.safetensors flux-dev --parts FLUX.1-schnell",
            "  weir models convert 256x256_diffusion.pt adm-256 --classifier 256x256_classifier.pt",
            "  weir models convert 64x64_diffusion.pt adm-64-256 --upsampler 64_256_upsampler.pt",
            "  weir models convert base.pt glide --upsampler upsample.pt --vocabulary glide-text2im/glide_text2im/tokenizer"
        })
final class ConvertCommand implements Callable<Integer> {

    /** A conversion that takes less says nothing on the way. */
    private static final long QUIET_NANOS = 1_000_000_000;

    private static final int SHARES = 20;

    @Spec
    private CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "IN",
            description = "A .ckpt, .pt, .pth, .bin or .safetensors file, or a folder.")
    private Path in;

    @Parameters(index = "1", paramLabel = "OUT", description = "A new folder, or a name that ends in .safetensors.")
    private Path out;

    @Option(names = "--overwrite", description = "Replace the file OUT if there is one.")
    private boolean overwrites;

    @Option(
            names = "--parts",
            paramLabel = "FOLDER",
            description =
                    "A diffusers folder with the parts that a file of Stable Diffusion 3, Flux.1 or Z-Image does not have. What its "
                            + "weir.json says of sizes and defaults counts too.")
    private Optional<Path> parts = Optional.empty();

    @ArgGroup(exclusive = false, heading = "%nGuided diffusion and GLIDE:%n")
    private GuidedDiffusionFlags guided = new GuidedDiffusionFlags();

    private long written;

    @Override
    public Integer call() {
        PrintWriter messages = spec.commandLine().getOut();
        Conversion conversion = Conversion.of(in, out, overwrites, guided.options(), parts);
        ProgressDisplay display = ProgressDisplay.on(spec.commandLine().getErr());
        long began = System.nanoTime();
        long total = Math.max(1, conversion.bytes());
        conversion.write(bytes -> {
            written += bytes;
            if (written < total && System.nanoTime() - began > QUIET_NANOS) {
                display.note("wrote %d %%".formatted(written * SHARES / total * (100 / SHARES)));
            }
        });
        display.clear();
        messages.printf("%s (%s)%n", conversion.about(), Quantity.bytes(written));
        return 0;
    }
}
