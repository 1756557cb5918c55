package dev.weir.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ParseResult;

/**
 * Logging, which logback finds as a service: to stderr, warnings only unless more is asked for.
 *
 * <p>In code and not in XML, because parsing logback's XML would be a tenth of the time that the command takes to start.
 */
public final class Logs extends ContextAwareBase implements Configurator {

    private static final String HAZELCAST = "com.hazelcast";
    private static final String PATTERN = "%d{HH:mm:ss.SSS} %-5level %logger{24} - %msg%n";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(PATTERN);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender);
        // One warns at each start of a gauge that Vert.x registers twice, the other of each partition when a cluster
        // ends.
        context.getLogger("io.micrometer").setLevel(Level.ERROR);
        context.getLogger(HAZELCAST).setLevel(Level.ERROR);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }

    static void configure(ParseResult parsed) {
        System.setProperty("hazelcast.logging.type", "slf4j");
        int verbosity = verbosity(parsed);
        if (verbosity > 0) {
            LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
            context.getLogger(verbosity > 1 ? org.slf4j.Logger.ROOT_LOGGER_NAME : "dev.weir")
                    .setLevel(Level.INFO);
            context.getLogger(HAZELCAST).setLevel(verbosity > 1 ? Level.INFO : Level.WARN);
        }
    }

    static boolean isVerbose(ParseResult parsed) {
        return verbosity(parsed) > 0;
    }

    /** How often -v was given, before or after the subcommand's name, or by a setting. */
    private static int verbosity(ParseResult parsed) {
        boolean[] given = parsed.commandSpec().findOption("--verbose").getValue();
        return parsed.hasSubcommand() ? Math.max(given.length, verbosity(parsed.subcommand())) : given.length;
    }
}
