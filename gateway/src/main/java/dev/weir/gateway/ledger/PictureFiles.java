package dev.weir.gateway.ledger;

import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobId;
import dev.weir.gateway.job.Picture;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.Loop;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.CopyOptions;
import io.vertx.core.file.FileSystem;
import io.vertx.core.file.OpenOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finished images in a folder, which other gateways may share: a folder for each job, a file for each sample. They are
 * removed with their jobs. Nobody waits for a write: without a file, an image is regenerated. Event loop of the gateway;
 * files are read and written by worker threads.
 */
final class PictureFiles implements PictureStore {

    private static final Logger log = LoggerFactory.getLogger(PictureFiles.class);
    private static final long SWEEP_MS = 60_000;
    /** Only this gateway's user may read them. */
    private static final String PRIVATE = "rwx------";

    private final FileSystem files;
    private final Loop loop;
    private final Path folder;
    private final Duration life;
    private final InOrder ordered = new InOrder();

    /** @param life after which a job's folder is removed, even if no gateway knows the job any more */
    PictureFiles(FileSystem files, Loop loop, Path folder, Duration life) {
        this.files = files;
        this.loop = loop;
        this.folder = folder;
        this.life = life;
        loop.every(SWEEP_MS, this::sweep);
    }

    /** Completes when the file is there. */
    @Override
    public Future<Void> keep(Completed completed) {
        String job = completed.at().job();
        Picture picture = completed.picture();
        String file = file(job, completed.at().sample(), picture.format());
        // A name of its own, because two gateways may write the same image. Readers only see whole files, also after a
        // power failure: the content is on disk before the file has its name.
        String unfinished = file + "." + UUID.randomUUID();
        return ordered.of(job, () -> files.mkdirs(folderOf(job), PRIVATE)
                        .compose(made -> files.open(unfinished, new OpenOptions().setDsync(true)))
                        .compose(opened ->
                                opened.write(Buffer.buffer(picture.bytes())).eventually(opened::close))
                        .compose(written -> files.move(
                                unfinished,
                                file,
                                new CopyOptions().setReplaceExisting(true).setAtomicMove(true))))
                .onFailure(problem -> log.warn("The image {} could not be written: {}", file, problem.getMessage()));
    }

    @Override
    public Future<Map<Integer, byte[]>> find(JobRecord record) {
        Map<Integer, byte[]> found = new HashMap<>();
        List<Future<?>> reads = new ArrayList<>();
        PictureStore.formats(record)
                .forEach((sample, format) -> reads.add(
                        files.readFile(file(record.getId(), sample, format)).onSuccess(bytes -> {
                            // An empty file is no image. Its content was lost.
                            if (bytes.length() > 0) {
                                found.put(sample, bytes.getBytes());
                            }
                        })));
        return Future.join(reads).transform(done -> Future.succeededFuture(found));
    }

    @Override
    public Future<Void> forget(String job) {
        return ordered.of(job, () -> files.deleteRecursive(folderOf(job)));
    }

    @Override
    public Future<Void> forget(String job, int sample, String format) {
        return ordered.of(job, () -> files.delete(file(job, sample, format)));
    }

    @Override
    public Future<Void> close() {
        return loop.await(ordered.settled(), LAST_WRITES);
    }

    @Override
    public Future<Void> sweep() {
        return files.readDir(folder.toString()).compose(jobs -> Future.join(jobs.stream()
                        .filter(job -> JobId.isOne(Path.of(job).getFileName().toString()))
                        .map(this::sweep)
                        .toList())
                .mapEmpty());
    }

    private Future<Void> sweep(String job) {
        return files.props(job)
                .compose(props -> loop.nowMs() - props.lastModifiedTime() > life.toMillis()
                        ? files.deleteRecursive(job)
                        : Future.succeededFuture());
    }

    private String file(String job, int sample, String format) {
        return Path.of(folderOf(job), PictureStore.name(sample, format)).toString();
    }

    private String folderOf(String job) {
        return folder.resolve(job).toString();
    }
}
