package dev.weir.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import net.logstash.logback.encoder.LogstashEncoder;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine.ParseResult;

/**
 * Logging, which logback finds as a service: to stderr, warnings only unless more is asked for, as text unless JSON is.
 *
 * <p>In code and not in XML, because parsing logback's XML would be a tenth of the time that the command takes to start.
 */
public final class Logs extends ContextAwareBase implements Configurator {

    /** How a line looks. */
    enum Format {
        TEXT,
        JSON
    }

    private static final String HAZELCAST = "com.hazelcast";
    private static final String APPENDER = "stderr";
    /** Of a sample, where a line is about one: its job, its number there, its attempt. */
    private static final String SAMPLE = "%replace(%X{job}/%X{sample} attempt %X{attempt}: ){'^/ attempt : $', ''}";

    private static final String PATTERN = "%d{HH:mm:ss.SSS} %-5level %logger{24} - " + SAMPLE + "%msg%n";
    private static final String LEFT_OUT = "[ignore]";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        PatternLayoutEncoder text = new PatternLayoutEncoder();
        text.setPattern(PATTERN);
        write(context, text);
        // One warns at each start of a gauge that Vert.x registers twice, the other of each partition when a cluster
        // ends.
        context.getLogger("io.micrometer").setLevel(Level.ERROR);
        context.getLogger(HAZELCAST).setLevel(Level.ERROR);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    private static void write(LoggerContext context, Encoder<ILoggingEvent> encoder) {
        encoder.setContext(context);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setName(APPENDER);
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.detachAppender(APPENDER);
        root.addAppender(appender);
    }

    static void configure(ParseResult parsed) {
        System.setProperty("hazelcast.logging.type", "slf4j");
        if (isJson(parsed)) {
            writeJson();
        }
        int verbosity = verbosity(parsed);
        if (verbosity > 0) {
            context()
                    .getLogger(verbosity > 1 ? org.slf4j.Logger.ROOT_LOGGER_NAME : "dev.weir")
                    .setLevel(Level.INFO);
            context().getLogger(HAZELCAST).setLevel(verbosity > 1 ? Level.INFO : Level.WARN);
        }
    }

    /** Whatever is logged, libraries' own ways included, is one object a line. */
    private static void writeJson() {
        LogstashEncoder json = new LogstashEncoder();
        json.getFieldNames().setVersion(LEFT_OUT);
        json.getFieldNames().setLevelValue(LEFT_OUT);
        write(context(), json);
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
    }

    /** Has every line from now on bear the name of this process's node, where lines have fields. */
    static void name(String nodeId) {
        context().putProperty("node", nodeId);
    }

    static boolean isVerbose(ParseResult parsed) {
        return verbosity(parsed) > 0;
    }

    /** Whether JSON was asked for, before or after the subcommand's name, or by a setting. */
    static boolean isJson(ParseResult parsed) {
        return parsed.commandSpec().findOption("--log-format").getValue() == Format.JSON
                || parsed.hasSubcommand() && isJson(parsed.subcommand());
    }

    /** How often -v was given, before or after the subcommand's name, or by a setting. */
    private static int verbosity(ParseResult parsed) {
        boolean[] given = parsed.commandSpec().findOption("--verbose").getValue();
        return parsed.hasSubcommand() ? Math.max(given.length, verbosity(parsed.subcommand())) : given.length;
    }

    private static LoggerContext context() {
        return (LoggerContext) LoggerFactory.getILoggerFactory();
    }
}
