package dev.weir.cli;

import dev.weir.runtime.AddOns;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** The folders of files beside the models that requests may name. */
final class AddOnOptions {

    @Option(
            names = "--lora-dir",
            paramLabel = "DIR",
            split = ",",
            description =
                    "Folders of LoRA files (.safetensors), which requests name without the ending. Several are separated by commas.")
    private List<Path> loras = List.of();

    @Option(
            names = "--controlnet-dir",
            paramLabel = "DIR",
            split = ",",
            description =
                    "Folders of ControlNets and T2I-Adapters, which requests name: folders of diffusers and .safetensors files, the latter "
                            + "without the ending. Several are separated by commas.")
    private List<Path> controlNets = List.of();

    @Option(
            names = "--embedding-dir",
            paramLabel = "DIR",
            split = ",",
            description =
                    "Folders of textual inversions (.safetensors), which prompts name. Several are separated by commas.")
    private List<Path> embeddings = List.of();

    @Option(
            names = "--ip-adapter-dir",
            paramLabel = "DIR",
            split = ",",
            description =
                    "Folders of IP-Adapters (.safetensors), which requests name without the ending, with their folders image_encoder. "
                            + "A copy of the hub's h94/IP-Adapter is given as a whole. Several are separated by commas.")
    private List<Path> ipAdapters = List.of();

    /** Throws {@link CliException} that names a folder that does not exist. */
    AddOns toConfig() {
        requireFolders("--lora-dir", loras);
        requireFolders("--controlnet-dir", controlNets);
        requireFolders("--embedding-dir", embeddings);
        requireFolders("--ip-adapter-dir", ipAdapters);
        return new AddOns(loras, controlNets, embeddings, ipAdapters);
    }

    private static void requireFolders(String flag, List<Path> folders) {
        folders.stream()
                .filter(folder -> !Files.isDirectory(folder))
                .findFirst()
                .ifPresent(folder -> {
                    throw new CliException(CliException.USAGE, "%s: there is no folder %s".formatted(flag, folder));
                });
    }
}
