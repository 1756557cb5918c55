package dev.weir.cli;

import dev.weir.client.ControlInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** One {@code --controlnet} of {@code weir generate}: {@code NAME=FILE}, and settings after commas. Stateless. */
final class ControlOption {

    private ControlOption() {}

    /** Throws {@link CliException} that says what is wrong with the option. */
    static ControlInput read(String text) {
        String[] parts = text.split(",");
        int equals = parts[0].indexOf('=');
        if (equals < 1) {
            throw refused(text, "it must begin with NAME=FILE");
        }
        ControlInput control =
                ControlInput.of(parts[0].substring(0, equals), bytes(text, Path.of(parts[0].substring(equals + 1))));
        for (int i = 1; i < parts.length; i++) {
            control = with(control, text, parts[i].strip());
        }
        return control;
    }

    private static ControlInput with(ControlInput control, String text, String setting) {
        String value = setting.substring(setting.indexOf('=') + 1);
        return switch (setting.contains("=") ? setting.substring(0, setting.indexOf('=')) : setting) {
            case "scale" -> control.withScale(number(text, value));
            case "start" -> control.withStart(number(text, value));
            case "end" -> control.withEnd(number(text, value));
            case "preprocess" -> control.withPreprocess(value);
            case "guess" -> control.withGuess(true);
            default -> throw refused(text, "\"%s\" is none of scale, start, end, preprocess, guess".formatted(setting));
        };
    }

    private static double number(String text, String value) {
        try {
            return Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw refused(text, "\"%s\" is no number".formatted(value));
        }
    }

    private static byte[] bytes(String text, Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new CliException(CliException.USAGE, "--controlnet %s: %s cannot be read".formatted(text, file), e);
        }
    }

    private static CliException refused(String text, String problem) {
        return new CliException(CliException.USAGE, "--controlnet %s: %s".formatted(text, problem));
    }
}
