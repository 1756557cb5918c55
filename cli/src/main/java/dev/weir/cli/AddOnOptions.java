package dev.weir.cli;

import dev.weir.engine.BrokenLink;
import dev.weir.runtime.AddOns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The folders of files beside the models that requests may name. */
final class AddOnOptions {

    @Option(
            names = "--lora-dir",
            paramLabel = "DIR",
            split = ",",
            description = "Folders of LoRA files (.safetensors), which requests name without the ending. Several are"
                    + " separated by commas.")
    private List<Path> loras = List.of();

    @Option(
            names = "--controlnet-dir",
            paramLabel = "DIR",
            split = ",",
            description = "Folders of ControlNets and T2I-Adapters, which requests name: folders of diffusers and"
                    + " .safetensors files, the latter without the ending. Several are separated by commas.")
    private List<Path> controlNets = List.of();

    @Option(
            names = "--embedding-dir",
            paramLabel = "DIR",
            split = ",",
            description = "Folders of textual inversions (.safetensors), which prompts name. Several are separated by"
                    + " commas.")
    private List<Path> embeddings = List.of();

    @Option(
            names = "--ip-adapter-dir",
            paramLabel = "DIR",
            split = ",",
            description =
                    "Folders of IP-Adapters (.safetensors), which requests name without the ending, with their folders"
                            + " image_encoder. A copy of the hub's h94/IP-Adapter is given as a whole. Several are"
                            + " separated by commas.")
    private List<Path> ipAdapters = List.of();

    @Option(
            names = "--upscaler-dir",
            paramLabel = "DIR",
            split = ",",
            description =
                    "Folders of upscalers of the ESRGAN class (.safetensors), which requests name without the ending."
                            + " Several are separated by commas.")
    private List<Path> upscalers = List.of();

    /** Throws {@link CliException} that names a folder that does not exist. */
    AddOns toConfig() {
        requireFolders("--lora-dir", loras);
        requireFolders("--controlnet-dir", controlNets);
        requireFolders("--embedding-dir", embeddings);
        requireFolders("--ip-adapter-dir", ipAdapters);
        requireFolders("--upscaler-dir", upscalers);
        return new AddOns(loras, controlNets, embeddings, ipAdapters, upscalers);
    }

    private static void requireFolders(String flag, List<Path> folders) {
        Map<Path, Path> given = new HashMap<>();
        for (Path folder : folders) {
            if (!Files.isDirectory(folder)) {
                throw new CliException(CliException.USAGE, "%s: %s".formatted(flag, problem(folder)));
            }
            Path other = given.putIfAbsent(real(folder), folder);
            if (other != null) {
                throw new CliException(
                        CliException.USAGE,
                        other.equals(folder)
                                ? "%s: %s is given twice".formatted(flag, folder)
                                : "%s: %s and %s are the same folder".formatted(flag, other, folder));
            }
        }
    }

    private static String problem(Path path) {
        return BrokenLink.problem(path)
                .map(problem -> path + " " + problem)
                .orElse(Files.exists(path) ? path + " is a file and not a folder" : "there is no folder " + path);
    }

    private static Path real(Path folder) {
        try {
            return folder.toRealPath();
        } catch (IOException e) {
            return folder; // It is gone again: whoever opens it says so.
        }
    }
}
