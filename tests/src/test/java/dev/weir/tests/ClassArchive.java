package dev.weir.tests;

import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Jvm;
import dev.weir.testing.FreePort;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;
import org.slf4j.LoggerFactory;

/**
 * Archives the classes that a node loads before the first test, so that the processes of all tests start with a third less work. Only
 * where the classes are in jars, as in {@code mvn verify}: elsewhere the JVM makes no archive. Of several JVMs that run tests, the first
 * makes it and the others wait for it. One thread.
 */
public final class ClassArchive implements LauncherSessionListener {

    private static final Path FILE = Repository.TARGET.resolve("classes.jsa");
    private static final Path UNFINISHED = Repository.TARGET.resolve("classes.new");
    private static final Path LOCK = Repository.TARGET.resolve("classes.lock");
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        if (System.getProperty(WeirProcess.ARCHIVE_PROPERTY) == null && WeirProcess.isPackaged()) {
            try (FileChannel channel = FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                channel.lock();
                if (!isNewest()) {
                    make();
                    Files.move(UNFINISHED, FILE, StandardCopyOption.REPLACE_EXISTING);
                }
                System.setProperty(WeirProcess.ARCHIVE_PROPERTY, FILE.toString());
            } catch (IOException | AssertionError | ConditionTimeoutException e) {
                // Processes start without it, too.
                System.setProperty(WeirProcess.ARCHIVE_PROPERTY, "");
                LoggerFactory.getLogger(ClassArchive.class).warn("No class archive for the processes of the tests", e);
            }
        }
    }

    /** Whether it was made of the jars as they are. */
    private static boolean isNewest() {
        long made = FILE.toFile().lastModified();
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .allMatch(jar -> new File(jar).isDirectory() || new File(jar).lastModified() < made);
    }

    /** A JVM writes its archive when it ends. */
    private static void make() throws IOException {
        Files.deleteIfExists(UNFINISHED);
        Jvm jvm = Jvm.WEIR.withFlag("-XX:ArchiveClassesAtExit=" + UNFINISHED);
        List<String> node = List.of(
                "node",
                "gateway,text-encoder,denoiser,upsampler,decoder",
                "--port=0",
                "--drain-time=0",
                "--bind=127.0.0.1:" + FreePort.next(),
                "--cluster=archive-" + UUID.randomUUID());
        try (WeirProcess process = WeirProcess.start(jvm, node)) {
            Server.at(process.awaitReady())
                    .generate(Map.of("prompt", "a red apple", "num_inference_steps", 2))
                    .join();
            process.terminate();
            Awaitility.await("the archive").atMost(PATIENCE).until(() -> !process.isAlive());
            if (!Files.exists(UNFINISHED)) {
                throw new AssertionError(process.transcript());
            }
        }
    }
}
