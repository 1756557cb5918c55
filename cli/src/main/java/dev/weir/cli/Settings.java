package dev.weir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.JacksonYAMLParseException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import dev.weir.engine.SystemReason;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * The values of flags that were not typed: from the environment ({@code WEIR_PORT}), otherwise from weir.yaml ({@code
 * port}).
 *
 * <p>Options are declared once, on the commands; this class derives the other two names. It does not validate values,
 * but it can say where a wrong one came from.
 */
final class Settings implements IDefaultValueProvider {

    private static final String DEFAULT_FILE = "weir.yaml";
    /** Flags that ask about the command itself are no settings. */
    private static final Set<String> NOT_SETTINGS = Set.of("help", "version", "config");

    private final Map<String, String> environment;
    private final Map<String, String> file;
    private final String fileName;

    private Settings(Map<String, String> environment, Map<String, String> file, String fileName) {
        this.environment = environment;
        this.file = file;
        this.fileName = fileName;
    }

    /** Throws {@link CliException} if the named file does not exist or is not a flat YAML map. */
    static Settings load(String[] args, Map<String, String> environment, Path workingDirectory) {
        String asked = flag(args, "--config", environment.get("WEIR_CONFIG"));
        Path path = workingDirectory.resolve(asked == null ? DEFAULT_FILE : asked);
        if (asked == null && !Files.exists(path)) {
            return new Settings(environment, Map.of(), DEFAULT_FILE);
        }
        return new Settings(environment, read(path), path.toString());
    }

    /** The file is read before the rest of the command line, because it contains the defaults. */
    private static String flag(String[] args, String name, String otherwise) {
        for (int i = 0; i < args.length; i++) {
            if (args[i].startsWith(name + "=")) {
                return args[i].substring(name.length() + 1);
            }
            if (args[i].equals(name) && i + 1 < args.length) {
                return args[i + 1];
            }
        }
        return otherwise;
    }

    private static Map<String, String> read(Path path) {
        // Words stay words: "off" may be a name.
        YAMLMapper yaml = YAMLMapper.builder()
                .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS)
                .build();
        JsonNode root;
        try {
            root = yaml.readTree(Files.readString(path));
        } catch (JacksonYAMLParseException e) {
            throw new CliException(
                    CliException.USAGE,
                    "%s: line %d is not YAML: %s"
                            .formatted(path, e.getLocation().getLineNr(), problem(e)),
                    e);
        } catch (IOException e) {
            throw new CliException(CliException.USAGE, path + " cannot be read: " + SystemReason.of(e), e);
        }
        if (root == null || root.isMissingNode() || root.isNull()) {
            return Map.of();
        }
        if (!root.isObject()) {
            throw new CliException(CliException.USAGE, path + ": expected lines of the form key: value");
        }
        Map<String, String> values = new LinkedHashMap<>();
        root.fields().forEachRemaining(e -> values.put(e.getKey(), text(path, e.getKey(), e.getValue())));
        return values;
    }

    private static String problem(JacksonYAMLParseException e) {
        return e.getCause() instanceof MarkedYAMLException marked ? marked.getProblem() : e.getOriginalMessage();
    }

    private static String text(Path path, String key, JsonNode value) {
        if (value.isArray()) {
            List<String> parts = new ArrayList<>();
            value.forEach(part -> parts.add(text(path, key, part)));
            return String.join(",", parts);
        }
        if (value.isObject() || value.isNull()) {
            throw new CliException(CliException.USAGE, path + ": " + key + ": expected a value or a list of values");
        }
        return value.asText();
    }

    /** Whether there is a file with keys, which may be of any command. */
    boolean hasKeys() {
        return !file.isEmpty();
    }

    /** Throws a {@link CliException} that names the file's unknown keys. */
    void refuseUnknownKeys(CommandLine root) {
        Set<String> known = new TreeSet<>();
        WeirCommand.applyToAll(root, c -> c.getCommandSpec().options().forEach(o -> known.add(key(o))));
        known.removeAll(NOT_SETTINGS);
        List<String> unknown =
                file.keySet().stream().filter(k -> !known.contains(k)).toList();
        if (!unknown.isEmpty()) {
            throw new CliException(
                    CliException.USAGE,
                    "%s: unknown key%s %s. Known keys: %s"
                            .formatted(
                                    fileName,
                                    unknown.size() > 1 ? "s" : "",
                                    String.join(", ", unknown),
                                    String.join(", ", known)));
        }
    }

    @Override
    public String defaultValue(ArgSpec arg) {
        if (!(arg instanceof OptionSpec option) || NOT_SETTINGS.contains(key(option))) {
            return null;
        }
        String fromEnvironment = environment.get(variable(option));
        String value = fromEnvironment != null ? fromEnvironment : file.get(key(option));
        return value != null && isSwitch(option) ? truth(value) : value;
    }

    private static boolean isSwitch(OptionSpec option) {
        return option.type() == boolean.class || option.type() == Boolean.class;
    }

    /** YAML has more words for true and false than Java. */
    private static String truth(String word) {
        return switch (word.toLowerCase(Locale.ROOT)) {
            case "yes", "on" -> "true";
            case "no", "off" -> "false";
            default -> word;
        };
    }

    /** The origin of a refused value, to follow an error message; empty for the command line. */
    String originOf(ArgSpec arg, String value) {
        if (!(arg instanceof OptionSpec option) || value == null || !value.equals(defaultValue(option))) {
            return "";
        }
        return origin(option);
    }

    /**
     * A message about settings. Each line says where the value of the setting comes from that it names first, if that was not typed. The
     * others that it names are advice.
     */
    String withOrigins(String message, ParseResult parsed) {
        ParseResult command = last(parsed);
        return message.lines().map(line -> line + originOfFirst(line, command)).collect(Collectors.joining("\n"));
    }

    private String originOfFirst(String line, ParseResult command) {
        return command.commandSpec().options().stream()
                .filter(option -> place(line, key(option)).isPresent())
                .min(Comparator.comparingInt(option -> place(line, key(option)).getAsInt()))
                .filter(option -> !command.hasMatchedOption(option) && defaultValue(option) != null)
                .map(this::origin)
                .orElse("");
    }

    /** Where a line names a setting; empty if it does not. */
    private static OptionalInt place(String line, String key) {
        Matcher matcher = Pattern.compile("(?<![\\w-])--" + key + "(?![\\w-])|^(weir: )?" + key + ": ")
                .matcher(line);
        return matcher.find() ? OptionalInt.of(matcher.start()) : OptionalInt.empty();
    }

    private String origin(OptionSpec option) {
        boolean isEnvironment = environment.containsKey(variable(option));
        return " (from " + (isEnvironment ? variable(option) : fileName + ", key " + key(option)) + ")";
    }

    private static ParseResult last(ParseResult parsed) {
        return parsed.hasSubcommand() ? last(parsed.subcommand()) : parsed;
    }

    /** With -v: prints every setting of the command, except values that look like secrets. */
    void print(ParseResult parsed) {
        if (!Logs.isVerbose(parsed)) {
            return;
        }
        ParseResult command = last(parsed);
        Consumer<String> lines = Logs.isJson(parsed)
                ? LoggerFactory.getLogger(Settings.class)::info
                : command.commandSpec().commandLine().getErr()::println;
        for (OptionSpec option : command.commandSpec().options()) {
            if (option.getValue() != null && !NOT_SETTINGS.contains(key(option))) {
                lines.accept(key(option) + " = " + (isSecret(option) ? "(not shown)" : shown(option.getValue())));
            }
        }
    }

    private static String shown(Object value) {
        if (value instanceof boolean[] flags) {
            return Integer.toString(flags.length);
        }
        return value instanceof Collection<?> many
                ? many.stream().map(String::valueOf).collect(Collectors.joining(","))
                : String.valueOf(value);
    }

    /** The path of a key is not secret. A key itself would be, and so would a user in a URL, or a password there. */
    private static boolean isSecret(OptionSpec option) {
        Object value = option.getValue();
        if (value instanceof URI url && url.getUserInfo() != null
                || value instanceof String text && text.matches("\\w+://[^/]*:[^/]*@.*")) {
            return true;
        }
        return key(option).matches(".*(key|password|secret|token).*") && !(value instanceof Path);
    }

    private static String key(OptionSpec option) {
        return option.longestName().replaceFirst("^--?", "");
    }

    private static String variable(OptionSpec option) {
        return "WEIR_" + key(option).replace('-', '_').toUpperCase(Locale.ROOT);
    }
}
