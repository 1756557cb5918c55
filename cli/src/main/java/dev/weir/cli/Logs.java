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
 * The logging configuration, which logback finds as a service: to stderr, warnings only by default, as text or JSON.
 *
 * <p>It is code and not XML, because parsing logback's XML would take a tenth of the command's start time.
 */
public final class Logs extends ContextAwareBase implements Configurator {

    /** The format of a line. */
    enum Format {
        TEXT,
        JSON
    }

    private static final String HAZELCAST = "com.hazelcast";
    private static final String APPENDER = "stderr";
    /** For lines about a sample: its job, its number, its attempt. */
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
        // One logger warns at each start about a gauge that Vert.x registers twice, the other about each partition when
        // a cluster ends.
        context.getLogger("io.micrometer").setLevel(Level.ERROR);
        context.getLogger(HAZELCAST).setLevel(Level.ERROR);
        // It warns of each message that comes while a node leaves.
        context.getLogger("io.vertx.core.eventbus.impl.MessageConsumerImpl").setLevel(Level.ERROR);
        // It warns where there is no temporary folder, which only its native transports would need.
        context.getLogger("io.netty.util.internal.PlatformDependent").setLevel(Level.ERROR);
        context.addTurboFilter(new LostConnections());
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

    /** Every log line, including those of libraries, is one JSON object. */
    private static void writeJson() {
        LogstashEncoder json = new LogstashEncoder();
        json.getFieldNames().setVersion(LEFT_OUT);
        json.getFieldNames().setLevelValue(LEFT_OUT);
        write(context(), json);
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
    }

    /** Adds this node's name to every following line, if lines have fields. */
    static void name(String nodeId) {
        context().putProperty("node", nodeId);
    }

    static boolean isVerbose(ParseResult parsed) {
        return verbosity(parsed) > 0;
    }

    /** Whether JSON was requested, before or after the subcommand's name, or by a setting. */
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
