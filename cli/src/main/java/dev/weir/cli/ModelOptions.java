package dev.weir.cli;

import dev.weir.engine.BrokenLink;
import dev.weir.engine.ModelFolders;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.runtime.AddOns;
import dev.weir.runtime.NodeConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which models a process runs, and on what. */
final class ModelOptions {

    /** Where the launcher lies; its models folder holds the models that are found by name. */
    private static final Path HOME = Path.of(System.getProperty("weir.home", ""));

    /** How hubs name models: an owner and a name. */
    private static final String HUB_ID = "[A-Za-z0-9][\\w-]*/[A-Za-z0-9][\\w.-]*";

    private static final String DEFAULT_MODEL = "default";

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            split = ",",
            description =
                    "A diffusers folder, a safetensors file with a whole model, or the name of one in models/. Several are "
                            + "separated by commas. Default: " + DEFAULT_MODEL + ".")
    private List<String> models = List.of();

    @Option(
            names = "--sampler",
            paramLabel = "NAME",
            description =
                    "The sampler of requests that name none: ddim, pndm, euler, euler_ancestral, dpmpp_2m and more. "
                            + "Default: the model's own.")
    private String sampler;

    @Option(
            names = "--device",
            paramLabel = "NAME",
            description =
                    "auto, cpu, cuda or cuda:N. Default: ${DEFAULT-VALUE}, the first GPU if there is one. Several, as "
                            + "cuda:0,cuda:1, run a denoiser and an upsampler each; the other stages use the first.")
    private String device = "auto";

    @Option(
            names = "--precision",
            paramLabel = "NAME",
            description =
                    "auto, fp32, bf16 or fp16. Default: ${DEFAULT-VALUE}, the fastest that the device supports well.")
    private String precision = "auto";

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            description =
                    "auto, torch or onnx (ONNX Runtime, always fp32). Default: ${DEFAULT-VALUE}, the one that is faster "
                            + "on this machine.")
    private String engine = "auto";

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "CPU threads of one forward pass. Default: as many as there are cores.")
    private int threads = 0;

    @Option(
            names = "--safety",
            paramLabel = "NAME",
            description =
                    "off, flag (mark pictures that the model's safety checker finds something in) or blank (make them black). "
                            + "Default: ${DEFAULT-VALUE}.")
    private String safety = "off";

    @Option(
            names = "--taesd",
            paramLabel = "DIR",
            split = ",",
            description =
                    "Tiny autoencoders for frames of grade taesd, in diffusers' form: taesd for the latents of Stable Diffusion 1.x "
                            + "and 2.x, taesdxl for those of SDXL, taesd3 for Stable Diffusion 3, taef1 for Flux.1. Several are separated "
                            + "by commas. A model may also have its own, as its folder taesd.")
    private List<Path> taesd = List.of();

    @Option(
            names = "--vae",
            paramLabel = "FILE",
            description =
                    "The autoencoder in place of the model's own: a safetensors file in diffusers' or the original naming, or a "
                            + "folder with a config.json. Default: the model's own.")
    private Path vae;

    @Mixin
    private AddOnOptions addOns;

    @Option(
            names = "--model-dir",
            paramLabel = "DIR",
            description =
                    "A folder of models (folders and files) that are loaded on first use. New, replaced and removed ones are "
                            + "noticed. Those of --model are loaded at start and stay.")
    private Path directory;

    @Option(
            names = "--model-memory",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            description =
                    "With --model-dir: memory for the weights of all models of this process, such as 12GB. Beyond it, the model "
                            + "that was not used for the longest time is unloaded. Default: half of the memory.")
    private Long memory;

    static Path modelsFolder() {
        return HOME.resolve("models");
    }

    /** What was asked for by name; empty where nothing was. */
    List<String> asked() {
        return models;
    }

    /** Empty where none was asked for. */
    Optional<String> sampler() {
        return Optional.ofNullable(sampler);
    }

    /** Throws {@link CliException} where there is no such model, sampler or folder. */
    NodeConfig.Compute toConfig() {
        try {
            sampler().ifPresent(SamplerSpec::parse);
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.USAGE, "--sampler: " + e.getMessage(), e);
        }
        taesd.stream().filter(folder -> !Files.isDirectory(folder)).findFirst().ifPresent(folder -> {
            throw new CliException(CliException.USAGE, "--taesd: there is no folder " + folder);
        });
        if (vae != null && !Files.exists(vae)) {
            throw new CliException(CliException.USAGE, "--vae: there is no file or folder " + vae);
        }
        AddOns folders = addOns.toConfig();
        if (directory != null && !Files.isDirectory(directory)) {
            throw new CliException(CliException.USAGE, "--model-dir: there is no folder " + directory);
        }
        if (directory == null && memory != null) {
            throw new CliException(CliException.USAGE, "--model-memory: it is for the models of --model-dir");
        }
        List<String> names = models.isEmpty() && directory == null ? List.of(DEFAULT_MODEL) : models;
        if (vae != null && names.size() > 1) {
            throw new CliException(
                    CliException.USAGE,
                    "--vae: it is for one model, and there are %d. Name it as \"vae\" in each model's weir.json"
                            .formatted(names.size()));
        }
        return new NodeConfig.Compute(
                names.stream().map(this::path).toList(),
                device,
                precision,
                threads,
                engine,
                sampler(),
                safety,
                taesd,
                Optional.ofNullable(vae),
                folders,
                Optional.ofNullable(directory)
                        .map(folder -> new NodeConfig.Directory(
                                folder, memory == null ? OptionalLong.empty() : OptionalLong.of(memory))));
    }

    /** The same with one model that stays. Throws {@link CliException} if the folder has none. */
    NodeConfig.Compute toConfigOfOne() {
        NodeConfig.Compute config = toConfig();
        if (directory == null) {
            return config;
        }
        List<Path> one = config.models().isEmpty()
                ? ModelFolders.first(directory).stream().toList()
                : config.models();
        if (one.isEmpty()) {
            throw new CliException(CliException.USAGE, "--model-dir: no model in " + directory);
        }
        return config.withOnly(one);
    }

    /** In the folder of models first, if there is one. */
    private Path path(String name) {
        return Optional.ofNullable(directory)
                .flatMap(folder -> in(folder, name))
                .orElseGet(() -> folder(name));
    }

    private static Optional<Path> in(Path folder, String name) {
        Path home = folder.toAbsolutePath().normalize();
        return Stream.of(name, name + ".safetensors")
                .map(file -> home.resolve(file).normalize())
                .filter(path -> home.equals(path.getParent()) && Files.exists(path))
                .findFirst();
    }

    /**
     * A path as it was written, else a folder or file of models/. What is there is the engine's to judge. Throws {@link CliException}
     * where there is neither.
     */
    static Path folder(String name) {
        if (name.isBlank()) {
            throw new CliException(CliException.USAGE, "no model is named: the name is empty");
        }
        Path asWritten = Path.of(name);
        if (Files.exists(asWritten)) {
            return asWritten;
        }
        Path byName = modelsFolder().resolve(name);
        if (Files.isDirectory(byName)) {
            return byName;
        }
        Path file = modelsFolder().resolve(name + ".safetensors");
        if (Files.isRegularFile(file)) {
            return file;
        }
        Stream.of(asWritten, byName, file)
                .flatMap(path -> BrokenLink.problem(path).map(problem -> path + " " + problem).stream())
                .findFirst()
                .ifPresent(problem -> {
                    throw new CliException(CliException.USAGE, problem);
                });
        throw new CliException(CliException.USAGE, noModel(name, byName));
    }

    private static String noModel(String name, Path byName) {
        if (name.matches(HUB_ID)) {
            return ("there is no model folder %s. Weir does not download models: save this one as a folder first, in diffusers "
                            + "with StableDiffusionPipeline.from_pretrained(\"%s\").save_pretrained(FOLDER), and give that folder")
                    .formatted(name, name);
        }
        return byName.equals(Path.of(name))
                ? "there is no model folder " + name
                : "there is neither a model folder " + name + " nor " + byName;
    }
}
