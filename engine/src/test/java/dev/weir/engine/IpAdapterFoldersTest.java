package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.adapter.IpAdapterFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What a poll of folders with image encoders reads. */
final class IpAdapterFoldersTest {

    @TempDir
    Path folder;

    @RegisterExtension
    final EngineLog log = new EngineLog();

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
        assertThat(log.messages()).isEmpty();

        Files.setLastModifiedTime(config, FileTime.fromMillis(0));
        folders.poll();
        assertThat(log.messages()).singleElement().asString().contains("not an image encoder of IP-Adapters");
    }
}
