package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.weir.engine.adapter.IpAdapterFolders;
import dev.weir.engine.weights.WatchedFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What a poll of folders with image encoders reads. */
final class IpAdapterFoldersTest {

    private static final Logger LOGGER = (Logger) LoggerFactory.getLogger(WatchedFiles.class);

    @TempDir
    Path folder;

    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void listen() {
        log.start();
        LOGGER.addAppender(log);
    }

    @AfterEach
    void stop() {
        LOGGER.detachAppender(log);
    }

    /** The test changes the content behind the stamp's back, so only a poll that reads it again notices. */
    @Test
    void theConfigurationOfAnEncoderIsNotReadAtEachPoll() throws IOException {
        Path config = TestModels.copy(ReferenceFile.path("ip_adapter"), folder.resolve("adapters"))
                .resolve("models/image_encoder/config.json");
        IpAdapterFolders folders = IpAdapterFolders.open(List.of(folder.resolve("adapters")));
        FileTime modified = Files.getLastModifiedTime(config);
        Files.write(config, new byte[(int) Files.size(config)]);
        Files.setLastModifiedTime(config, modified);

        assertThat(folders.poll()).isFalse();
        assertThat(log.list).isEmpty();

        Files.setLastModifiedTime(config, FileTime.fromMillis(0));
        folders.poll();
        assertThat(log.list).singleElement().matches(event -> event.getFormattedMessage()
                .contains("not an image encoder of IP-Adapters"));
    }
}
