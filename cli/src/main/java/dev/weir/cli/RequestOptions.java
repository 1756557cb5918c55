package dev.weir.cli;

import dev.weir.client.Options;
import java.util.List;
import picocli.CommandLine.Option;

/** Options of {@code weir generate} that only some models or samplers take. */
final class RequestOptions {

    @Option(names = "--schedule", paramLabel = "NAME", description = "The sigma schedule, such as karras.")
    private String schedule;

    @Option(names = "--eta", paramLabel = "X", description = "The sampler's share of noise, 0 to 1.")
    private Double eta;

    @Option(
            names = "--noise",
            paramLabel = "KIND",
            description = "The generator of the noise: cpu, cpu:0 for one draw of all images, comfyui, "
                    + "cuda, or cuda:BLOCKS for a certain GPU. Default: cpu.")
    private String noise;

    @Option(
            names = {"--class", "--class-label"},
            paramLabel = "N",
            description = "The class, for class-conditional models.")
    private Integer classLabel;

    @Option(
            names = "--prompt-syntax",
            paramLabel = "NAME",
            description = "The tool whose rules prompts are read by: plain, a1111, comfyui or compel. Default: plain.")
    private String promptSyntax;

    @Option(
            names = "--clip-skip",
            paramLabel = "N",
            description = "How many of the text encoder's last layers are left out.")
    private Integer clipSkip;

    @Option(names = "--guidance-rescale", paramLabel = "X", description = "Against overexposure, 0 to 1.")
    private Double guidanceRescale;

    @Option(
            names = "--guidance-start",
            paramLabel = "X",
            description = "The share of the steps before which there is no guidance. Default: 0.")
    private Double guidanceStart;

    @Option(
            names = "--guidance-end",
            paramLabel = "X",
            description = "The share of the steps from which on there is no guidance, which saves time. Default: 1.")
    private Double guidanceEnd;

    @Option(
            names = "--guidance-reuse",
            description = "Later steps add the difference that guidance made in its last step.")
    private Boolean guidanceReuse;

    @Option(names = "--original-size", paramLabel = "WxH", description = "What SDXL is told of the image's source.")
    private String originalSize;

    @Option(names = "--crop", paramLabel = "LEFT,TOP", description = "What SDXL is told of the image's position.")
    private String crop;

    @Option(
            names = "--refiner-start",
            paramLabel = "X",
            description =
                    "The share of the steps after which the model's refiner takes over. Default: 0.8; 1: without it.")
    private Double refinerStart;

    @Option(
            names = "--noise-level",
            paramLabel = "N",
            description =
                    "How much noise is added to the given picture before the model sees it. Default: the model's.")
    private Integer noiseLevel;

    @Option(
            names = "--image-guidance",
            paramLabel = "X",
            description = "How much the picture counts, for models that edit one. Default: 1.5.")
    private Double imageGuidance;

    @Option(
            names = "--prior-steps",
            paramLabel = "N",
            description = "Steps of the prior, such as those of unCLIP and Stable Cascade. Default: the model's.")
    private Integer priorSteps;

    @Option(
            names = "--prior-guidance",
            paramLabel = "X",
            description = "How much the prompt counts for the prior. Default: the model's.")
    private Double priorGuidance;

    @Option(
            names = "--lora",
            paramLabel = "NAME:WEIGHT",
            description = "A LoRA of --lora-dir and its weight, 1 if it is left out. May be repeated.")
    private List<String> loras = List.of();

    @Option(
            names = "--ip-adapter",
            paramLabel = "NAME[:SCALE]=FILE[,FILE]",
            description =
                    "An IP-Adapter of --ip-adapter-dir, how much its images count (1 if it is left out), and the images, which are "
                            + "seen beside the prompt. May be repeated.")
    private List<String> ipAdapters = List.of();

    /** Throws {@link CliException} where a weight or a scale is no number, or a file cannot be read. */
    Options toOptions() {
        Options options = Options.NONE
                .withSchedule(schedule)
                .withEta(eta)
                .withNoise(noise)
                .withClassLabel(classLabel)
                .withPromptSyntax(promptSyntax)
                .withClipSkip(clipSkip)
                .withGuidanceRescale(guidanceRescale)
                .withGuidanceStart(guidanceStart)
                .withGuidanceEnd(guidanceEnd)
                .withGuidanceReuse(guidanceReuse)
                .withOriginalSize(originalSize)
                .withCrop(crop)
                .withRefinerStart(refinerStart)
                .withNoiseLevel(noiseLevel)
                .withPriorSteps(priorSteps)
                .withPriorGuidanceScale(priorGuidance)
                .withImageGuidanceScale(imageGuidance);
        for (String lora : loras) {
            int colon = lora.lastIndexOf(':');
            options = colon < 0
                    ? options.withLora(lora, 1)
                    : options.withLora(lora.substring(0, colon), weight(lora, lora.substring(colon + 1)));
        }
        for (String use : ipAdapters) {
            options = IpAdapterOption.parse(use).addTo(options);
        }
        return options;
    }

    private static double weight(String lora, String text) {
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new CliException(CliException.USAGE, "--lora %s: the weight must be a number".formatted(lora), e);
        }
    }
}
