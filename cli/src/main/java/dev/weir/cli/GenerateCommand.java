package dev.weir.cli;

import dev.weir.client.Frames;
import dev.weir.client.ImageFormat;
import dev.weir.client.ImageRequest;
import dev.weir.client.ServedModel;
import dev.weir.client.WeirClient;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.JobSpec;
import dev.weir.proto.v1.Stage;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.Role;
import dev.weir.serving.Cards;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** One request from the command line: through a gateway elsewhere, or through one of its own inside this process. */
@Command(
        name = "generate",
        header = "Generate images from a prompt.%n",
        description = {
            "Without --url, all stages run in this process. The same prompt, seed and settings give the same bytes.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  weir generate \"a red apple\"                           ./a-red-apple.png, seed printed",
            "  weir generate \"a red apple\" --seed 7 --out apple.png  the same image each time",
            "  weir generate \"a cat\" --n 4 --steps 30 --guidance 4   a-cat-1.png … a-cat-4.png",
            "  weir generate \"a rocket\" --frames frames/             also its frames",
            "  weir generate \"in winter\" --image hut.jpg --strength 0.6   the picture, changed",
            "  weir generate \"a fish\" --json | jq .images[0].file    for scripts"
        })
final class GenerateCommand implements Callable<Integer> {

    private static final long RANDOM_SEEDS = 1L << 32;

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "PROMPT",
            arity = "0..1",
            description = "What the image shows. Models without text take none.")
    private String prompt;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description =
                    "The seed of the first image, up to 2^64-1; the next ones have N+1, N+2 … Default, and -1: random.")
    private BigInteger seed;

    @Option(names = "--steps", paramLabel = "N", description = "Denoising steps. Default: the model's.")
    private Integer steps;

    @Option(
            names = "--guidance",
            paramLabel = "X",
            description = "How closely to follow the prompt; 1 or less: no guidance. Default: the model's.")
    private Double guidance;

    @Option(
            names = "--size",
            paramLabel = "WxH",
            description = "Width and height in pixels. Default: the model's native size.")
    private String size;

    @Option(names = "--n", paramLabel = "N", defaultValue = "1", description = "The number of images, 1 to 10.")
    private int count;

    @Option(names = "--negative", paramLabel = "TEXT", description = "What the image must not show.")
    private String negative;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description =
                    "A .png, .jpg or .webp file, or .ply of a model of points, which is overwritten; or a folder; or - for the standard output. Default: "
                            + "a new file, named after the prompt.")
    private Path out;

    @Option(
            names = "--upscaler",
            paramLabel = "FILE",
            description = "Enlarge each image with this upscaler of the ESRGAN class, in this process.")
    private Path upscaler;

    @Option(names = "--parents", description = "Create missing parent folders of --out and --frames.")
    private boolean parents;

    @Option(
            names = "--frames",
            paramLabel = "DIR",
            description = "Write frames of the emerging image into this folder: one per step, unless steps are faster "
                    + "than frames.")
    private Path frames;

    @Option(
            names = "--frame-grade",
            paramLabel = "GRADE",
            defaultValue = "vae",
            description =
                    "How frames are decoded: vae, taesd (see --taesd), which is nearly as good and much faster, or latent_rgb, which "
                            + "is rough but so cheap that fewer frames are left out. Default: ${DEFAULT-VALUE}.")
    private Frames.Grade frameGrade;

    @Option(
            names = "--url",
            paramLabel = "URL",
            split = ",",
            description =
                    "Ask this gateway. Several, separated by commas, add fail-over. --model is then the name of a "
                            + "served model.")
    private List<String> urls = List.of();

    @Mixin
    private AccessOptions access;

    @Option(names = "--json", description = "Print the result as JSON, without progress.")
    private boolean json;

    @Mixin
    private RequestOptions options;

    @Mixin
    private InputOptions input;

    @Mixin
    private ModelOptions models;

    @Override
    public Integer call() throws Exception {
        if (count < 1 || count > RequestReader.MAX_IMAGES) {
            throw new CliException(
                    CliException.USAGE, "--n must be from 1 to %d, not %d".formatted(RequestReader.MAX_IMAGES, count));
        }
        ImageFormat format = OutputFiles.format(out);
        ImageRequest request = request(format);
        try (Enlarger enlarger = enlarger()) {
            return generate(request, enlarger);
        }
    }

    /** Null if images stay as they are. */
    private Enlarger enlarger() {
        if (upscaler != null && out != null && WholeFile.isStream(out)) {
            throw new CliException(CliException.USAGE, "--upscaler: give a file or a folder as --out");
        }
        if (upscaler != null) {
            OutputFiles.formatOfPicture(out);
        }
        return upscaler == null ? null : new Enlarger(upscaler);
    }

    private int generate(ImageRequest request, Enlarger enlarger) throws Exception {
        if (!urls.isEmpty()) {
            WeirClient client = access.client(urls);
            List<Path> files = writableFiles();
            ask(client, withDefaults(request, client.models()), files, enlarger);
            return 0;
        }
        NodeConfig.Compute compute = models.toConfigOfOne();
        WeirNode.prepare(WeirNode.localConfig(EnumSet.allOf(Role.class), compute));
        AddOnFolders addOns = AddOnFolders.of(compute);
        List<ModelFolder> folders = WeirNode.open(compute, addOns);
        JobSpec job = RequestCheck.job(request, folders);
        NodeConfig config = WeirNode.localConfig(roles(job, folders), compute);
        List<Path> files = writableFiles();
        ProgressDisplay display = display();
        display.note("loading the model");
        try (WeirNode node = WeirNode.ofOneRequest(config, addOns, folders)) {
            display.clear();
            node.awaitReady();
            WeirClient client = WeirClient.of(node.url());
            // To ask for the defaults takes a while at the first time, and only JSON says them.
            ask(client, json ? withDefaults(request, client.models()) : request, files, enlarger);
        } finally {
            display.clear();
        }
        return 0;
    }

    /** Those that the job's stages need, and those without which its model does not count as ready. */
    private static Set<Role> roles(JobSpec job, List<ModelFolder> folders) {
        ModelFolder model = folders.stream()
                .filter(folder -> folder.card().id().equals(job.model()))
                .findFirst()
                .orElseThrow();
        Set<String> stages = job.route().stream().map(Stage::getName).collect(Collectors.toCollection(HashSet::new));
        model.pipeline().workflows().get(0).stages().forEach(stage -> stages.add(stage.name()));
        Set<Role> roles = EnumSet.of(Role.GATEWAY);
        for (Role role : Role.values()) {
            role.stage()
                    .filter(kind -> Cards.stages(model, kind).stream().anyMatch(stages::contains))
                    .ifPresent(kind -> roles.add(role));
        }
        return roles;
    }

    /** Where the images go. Throws {@link CliException} where they, or the frames, cannot be written. */
    private List<Path> writableFiles() {
        List<Path> files = OutputFiles.choose(out, prompt == null ? "image" : prompt, count);
        files.forEach(file -> OutputFiles.requireWritable("--out", file, parents));
        if (frames != null) {
            OutputFiles.requireWritableFolder("--frames", frames, parents);
        }
        return files;
    }

    private void ask(WeirClient client, ImageRequest request, List<Path> files, Enlarger enlarger) throws IOException {
        Gallery gallery = new Gallery(files, frames, display());
        Thread atInterrupt = new Thread(client::close, "weir-cancel");
        Runtime.getRuntime().addShutdownHook(atInterrupt);
        client.generate(request, gallery);
        if (enlarger != null) {
            gallery.enlarge(enlarger);
        }
        // An image that goes to the standard output has it for itself.
        CommandLine command = spec.commandLine();
        gallery.print(WholeFile.isStandardOutput(out) ? command.getErr() : command.getOut(), request, json);
    }

    /** The model's defaults by name, so that what is printed at the end is what was asked for. */
    private static ImageRequest withDefaults(ImageRequest request, List<ServedModel> models) {
        return models.stream()
                .filter(model -> request.model().map(model.id()::equals).orElse(model.ready()))
                .findFirst()
                .map(model -> withDefaults(request, model))
                .orElse(request);
    }

    private static ImageRequest withDefaults(ImageRequest request, ServedModel model) {
        ImageRequest.Builder whole = request.toBuilder()
                .model(model.id())
                .steps(request.steps().orElse(model.defaultSteps()))
                .sampler(request.sampler().orElse(model.defaultSampler()))
                .size(request.size()
                        .orElse(
                                request.input().image().isPresent()
                                        ? null
                                        : model.nativeSize() + "x" + model.nativeSize()));
        if (model.takes("guidance_scale")) {
            whole.guidanceScale(request.guidanceScale().orElse(model.defaultGuidanceScale()));
        }
        return whole.build();
    }

    private ProgressDisplay display() {
        return json
                ? ProgressDisplay.none()
                : ProgressDisplay.on(spec.commandLine().getErr());
    }

    private ImageRequest request(ImageFormat format) {
        ImageRequest.Builder request = (prompt == null ? ImageRequest.builder() : ImageRequest.builder(prompt))
                .count(count)
                .seed(
                        seed == null || seed.equals(BigInteger.ONE.negate())
                                ? BigInteger.valueOf(ThreadLocalRandom.current().nextLong(RANDOM_SEEDS))
                                : seed)
                .options(options.toOptions())
                .input(input.read())
                .format(format)
                .negativePrompt(negative)
                .size(size)
                .sampler(models.sampler().orElse(null));
        if (steps != null) {
            request.steps(steps);
        }
        if (guidance != null) {
            request.guidanceScale(guidance);
        }
        if (!urls.isEmpty() && !models.asked().isEmpty()) {
            request.model(models.asked().get(0));
        }
        if (frames != null) {
            request.frames(Frames.everySteps(1).withGrade(frameGrade));
        }
        return request.build();
    }
}
