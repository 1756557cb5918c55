package dev.weir.gateway.ledger;

import dev.weir.runtime.Loop;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Images in a folder. */
final class PictureFilesTest extends PictureStoreContract {

    @TempDir
    Path folder;

    @Override
    PictureStore store() {
        return new PictureFiles(vertx.fileSystem(), Loop.of(vertx), folder, LIFE);
    }

    @Override
    Path folder() {
        return folder;
    }
}
