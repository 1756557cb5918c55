package dev.weir.cli;

import java.math.BigInteger;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with a command line, in one line: what it was, what was probably meant, and where to read on. */
final class UsageError {

    private UsageError() {}

    /** @param origin of a value that did not stand on the command line, as {@code (from WEIR_PORT)} */
    static String describe(ParameterException e, String origin) {
        CommandLine command = e.getCommandLine();
        String message = e instanceof UnmatchedArgumentException unmatched
                        && !unmatched.getUnmatched().isEmpty()
                ? unknown(command, unmatched.getUnmatched().get(0))
                : plain(e.getMessage());
        return "%s%s. Try: %s --help"
                .formatted(message, origin, command.getCommandSpec().qualifiedName());
    }

    private static String unknown(CommandLine command, String word) {
        if (word.startsWith("-") && word.length() > 1) {
            String name = word.replaceFirst("=.*", "");
            Stream<String> options = command.getCommandSpec().options().stream().flatMap(o -> Stream.of(o.names()));
            return "there is no option %s%s".formatted(name, suggestion(name, options));
        }
        if (command.getParent() == null) {
            return noCommand(command, word);
        }
        String hint = command.getCommandSpec().name().equals("generate") ? ": put the prompt in quotes" : "";
        return "the argument \"%s\" is one too many%s".formatted(word, hint);
    }

    static String noCommand(CommandLine command, String word) {
        return "there is no command \"%s\"%s"
                .formatted(word, suggestion(word, command.getSubcommands().keySet().stream()));
    }

    private static String suggestion(String word, Stream<String> names) {
        return nearest(word, names.toList())
                .map(name -> " (did you mean %s?)".formatted(name))
                .orElse("");
    }

    /** The name that a word was probably meant to be: one that it begins, or one that is a third of its letters away at most. */
    static Optional<String> nearest(String word, List<String> names) {
        String stem = word.replaceFirst("^-+", "");
        if (stem.length() < 2) {
            return Optional.empty();
        }
        return names.stream()
                .filter(name -> {
                    String other = name.replaceFirst("^-+", "");
                    return other.startsWith(stem) || 3 * distance(stem, other) <= Math.max(stem.length(), 3);
                })
                .min(Comparator.comparingInt(name -> distance(word, name)));
    }

    /** Letters to insert, leave out, replace, or swap with the next. */
    private static int distance(String from, String to) {
        int[][] steps = new int[from.length() + 1][to.length() + 1];
        for (int i = 0; i <= from.length(); i++) {
            for (int j = 0; j <= to.length(); j++) {
                if (i == 0 || j == 0) {
                    steps[i][j] = i + j;
                    continue;
                }
                int replaced = steps[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                steps[i][j] = Math.min(replaced, 1 + Math.min(steps[i - 1][j], steps[i][j - 1]));
                boolean isSwapped = i > 1
                        && j > 1
                        && from.charAt(i - 1) == to.charAt(j - 2)
                        && from.charAt(i - 2) == to.charAt(j - 1);
                if (isSwapped) {
                    steps[i][j] = Math.min(steps[i][j], steps[i - 2][j - 2] + 1);
                }
            }
        }
        return steps[from.length()][to.length()];
    }

    /** The parser's own messages, without Java's names for kinds of values. */
    private static String plain(String message) {
        String text = message.replace("option option", "option")
                .replaceFirst("is not an? (int|long)$", "is not a whole number")
                .replaceFirst("is not an? (double|float)$", "is not a number")
                .replaceFirst(" at index [0-9.*]+ \\(", " (");
        return Character.toLowerCase(text.charAt(0)) + text.substring(1);
    }

    /** A whole number of any size. Throws an IllegalArgumentException in picocli's words for other whole numbers. */
    static BigInteger whole(String text) {
        if (!text.matches("[-+]?[0-9]{1,100}")) {
            throw new IllegalArgumentException("'%s' is not a whole number".formatted(text));
        }
        return new BigInteger(text);
    }

    /** A converter whose reason is told as it is, without the class of its exception. */
    static <T> ITypeConverter<T> converter(ITypeConverter<T> converter) {
        return value -> {
            try {
                return converter.convert(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        };
    }
}
