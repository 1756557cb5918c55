package dev.weir.gateway.a1111;

import dev.weir.gateway.job.JobSpec;
import dev.weir.proto.v1.Generation;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The text that says how a picture was made: written into answers and files, and read again. Stateless. */
final class Infotext {

    private static final String PROMPT = "Prompt";
    private static final String NEGATIVE_PROMPT = "Negative prompt";
    private static final String NEGATIVE = NEGATIVE_PROMPT + ": ";
    private static final String GPU = "GPU";
    /** Neither part ever gives back what it has taken, so that the time grows with the length alone. */
    private static final Pattern SETTING =
            Pattern.compile("(\\w[\\w \\-/]{0,60}+):\\s*+(\"(?:\\\\.|[^\\\\\"])++\"|[^,]*+)(?:,|$)");

    private static final Pattern NEEDS_QUOTES = Pattern.compile("[,:\n]");
    /** Longer texts are of no such program. */
    private static final int LONGEST = 16 << 10;

    /** Fewer settings in the last line are a part of the prompt. */
    private static final int FEWEST = 3;

    private Infotext() {}

    /**
     * @param cfg the guidance as that program counts it
     * @param said what the picture's own text says besides, by name
     */
    static String of(JobSpec spec, long seed, float cfg, Map<String, String> said) {
        Generation made = spec.generation();
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("Steps", "" + made.getSteps());
        settings.put("Sampler", SamplerName.shown(made.getSampler()));
        if (!made.getSchedule().isEmpty()) {
            String schedule = made.getSchedule();
            settings.put("Schedule type", schedule.substring(0, 1).toUpperCase(Locale.ROOT) + schedule.substring(1));
        }
        settings.put("CFG scale", number(Float.toString(cfg)));
        settings.put("Seed", Long.toUnsignedString(seed));
        settings.put("Size", made.getWidth() + "x" + made.getHeight());
        settings.put("Model", spec.model());
        if (made.hasStrength()) {
            settings.put("Denoising strength", number(Double.toString(made.getStrength())));
        }
        if (made.getClipSkip() > 0) {
            settings.put("Clip skip", "" + (made.getClipSkip() + 1));
        }
        settings.put("RNG", made.getNoise().startsWith("cuda") ? GPU : "CPU");
        said.forEach(settings::putIfAbsent);
        // Prompts have lines of their own, and that program says nothing where noise is a GPU's.
        settings.keySet().removeAll(List.of(PROMPT, NEGATIVE_PROMPT));
        settings.remove("RNG", GPU);
        settings.put("Version", "Weir");
        String line = settings.entrySet().stream()
                .map(setting -> setting.getKey() + ": " + quoted(setting.getValue()))
                .collect(Collectors.joining(", "));
        String negative = made.getNegativePrompt().isEmpty() ? "" : "\n" + NEGATIVE + made.getNegativePrompt();
        return made.getPrompt() + negative + "\n" + line;
    }

    /**
     * The settings of a text, with the prompts as "Prompt" and "Negative prompt"; {@code parse_generation_parameters}. None of a text that
     * is too long.
     */
    static Map<String, String> parse(String text) {
        if (text.length() > LONGEST) {
            return Map.of();
        }
        String[] lines = text.strip().split("\n");
        String last = lines[lines.length - 1];
        int prompts = SETTING.matcher(last).results().count() < FEWEST ? lines.length : lines.length - 1;
        StringBuilder prompt = new StringBuilder();
        StringBuilder negative = new StringBuilder();
        boolean isNegative = false;
        for (int i = 0; i < prompts; i++) {
            String line = lines[i].strip();
            if (line.startsWith(NEGATIVE.strip())) {
                isNegative = true;
                line = line.substring(NEGATIVE.strip().length()).strip();
            }
            StringBuilder part = isNegative ? negative : prompt;
            part.append(part.isEmpty() ? "" : "\n").append(line);
        }
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put(PROMPT, prompt.toString());
        settings.put(NEGATIVE_PROMPT, negative.toString());
        if (prompts < lines.length) {
            Matcher setting = SETTING.matcher(last);
            while (setting.find()) {
                settings.put(setting.group(1).strip(), unquoted(setting.group(2)));
            }
        }
        return settings;
    }

    private static String quoted(String value) {
        return NEEDS_QUOTES.matcher(value).find()
                ? "\"" + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\""
                : value;
    }

    private static String unquoted(String value) {
        boolean isQuoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
        return isQuoted
                ? value.substring(1, value.length() - 1)
                        .replace("\\n", "\n")
                        .replace("\\\"", "\"")
                        .replace("\\\\", "\\")
                : value.strip();
    }

    static String number(String value) {
        return new BigDecimal(value).stripTrailingZeros().toPlainString();
    }
}
