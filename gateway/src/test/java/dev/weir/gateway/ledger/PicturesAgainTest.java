package dev.weir.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.job.JobEvent.Cancelled;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Moment;
import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.Picture;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.Loop;
import dev.weir.runtime.memory.LocalMemory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** An adopted job of two samples: the image of the first one was announced and is lost. */
class PicturesAgainTest {

    private static final String ID = "01a2224e-af38-7597-8feb-e2d93ad4a263";
    private static final JobSpec SPEC = Specs.of(2);

    private final Vertx vertx = Vertx.vertx();
    private final List<Completed> made = new ArrayList<>();

    @AfterEach
    void close() {
        vertx.close();
    }

    @Test
    void whatCameAfterALostImageIsReportedAfterItsRegeneration() {
        KeptJob job = new KeptJob(ID, SPEC, 0, Loop.of(vertx));
        JobRecord record = RecordFormat.describe(ID, SPEC, 0, 0, "here.1").toBuilder()
                .addEvents(event(1, 1).setStarted(JobEventRecord.Started.getDefaultInstance()))
                .addEvents(event(0, 2).setCompleted(JobEventRecord.Completed.getDefaultInstance()))
                .addEvents(event(1, 3).setProgress(JobEventRecord.Progress.getDefaultInstance()))
                .build();

        PicturesAgain again = new PicturesAgain(recorded(job, record), record, Map.of());

        assertThat(again.lost()).containsExactly(0);
        assertThat(job.eventsAfter(0)).extracting(event -> event.at().seq()).containsExactly(1L);
        Picture picture = new Picture("png", 1, 1, new byte[] {7}, false);
        again.on(new Completed(new Moment(ID, 0, 99, 0, 2, 0, 0), picture, List.of(), 1));
        assertThat(job.eventsAfter(0)).extracting(event -> event.at().seq()).containsExactly(1L, 2L, 3L);
        assertThat(job.picture(0)).contains(picture);
        assertThat(made).extracting(Completed::picture).containsExactly(picture);
    }

    @Test
    void aPlaceInTheQueueOfAnotherSampleWaitsForTheImageToo() {
        KeptJob job = new KeptJob(ID, SPEC, 0, Loop.of(vertx));
        JobRecord record = RecordFormat.describe(ID, SPEC, 0, 0, "here.1").toBuilder()
                .addEvents(event(0, 2).setCompleted(JobEventRecord.Completed.getDefaultInstance()))
                .build();
        PicturesAgain again = new PicturesAgain(recorded(job, record), record, Map.of());

        again.on(new Queued(new Moment(ID, 1, 98, 0, 1, 0, 0), 3, 5));
        assertThat(job.eventsAfter(0)).isEmpty();
        again.on(new Completed(
                new Moment(ID, 0, 99, 0, 2, 0, 0), new Picture("png", 1, 1, new byte[] {7}, false), List.of(), 1));

        assertThat(job.eventsAfter(0)).extracting(event -> event.at().seq()).containsExactly(2L, 98L);
    }

    /** The next owner reads it, if this one is lost before the image exists again. */
    @Test
    void aCancellationOfAnotherSampleIsWrittenAtOnceAndReportedAfterTheImage() throws Exception {
        KeptJob job = new KeptJob(ID, SPEC, 0, Loop.of(vertx));
        JobRecord record = RecordFormat.describe(ID, SPEC, 0, 0, "here.1").toBuilder()
                .addEvents(event(0, 2).setCompleted(JobEventRecord.Completed.getDefaultInstance()))
                .build();
        RecordedJob recorded = recorded(job, record);
        PicturesAgain again = new PicturesAgain(recorded, record, Map.of());

        again.on(new Queued(new Moment(ID, 1, 97, 0, 1, 0, 0), 3, 5));
        again.on(new Cancelled(new Moment(ID, 1, 98, 0, 1, 0, 0)));

        assertThat(recorded.hasEnded(1)).isTrue();
        assertThat(JobRecord.parseFrom(recorded.next()).getEventsList())
                .anyMatch(told -> told.getSample() == 1 && told.hasCancelled());
        assertThat(job.eventsAfter(0)).isEmpty();
        again.on(new Completed(
                new Moment(ID, 0, 99, 0, 2, 0, 0), new Picture("png", 1, 1, new byte[] {7}, false), List.of(), 1));
        assertThat(job.eventsAfter(0)).extracting(event -> event.at().seq()).containsExactly(2L, 98L);
        assertThat(job.isOver()).isTrue();
    }

    @Test
    void anImageThatIsStoredIsNotRegenerated() {
        KeptJob job = new KeptJob(ID, SPEC, 0, Loop.of(vertx));
        JobRecord record = RecordFormat.describe(ID, SPEC, 0, 0, "here.1").toBuilder()
                .addEvents(event(0, 2).setCompleted(JobEventRecord.Completed.getDefaultInstance()))
                .addEvents(event(1, 3).setCompleted(JobEventRecord.Completed.getDefaultInstance()))
                .build();

        PicturesAgain again = new PicturesAgain(recorded(job, record), record, Map.of(0, new byte[] {8}));

        assertThat(again.lost()).containsExactly(1);
        assertThat(job.picture(0).orElseThrow().bytes()).containsExactly(8);
    }

    private static JobEventRecord.Builder event(int sample, long seq) {
        return JobEventRecord.newBuilder().setSample(sample).setSeq(seq);
    }

    private RecordedJob recorded(KeptJob job, JobRecord record) {
        LocalMemory memory = new LocalMemory(vertx);
        RecordedJob.Owner owner = new RecordedJob.Owner() {
            @Override
            public boolean speaks() {
                return true;
            }

            @Override
            public void made(Completed image) {
                made.add(image);
            }

            @Override
            public void lost(RecordedJob lost) {}

            @Override
            public void closed(RecordedJob closed) {}
        };
        return new RecordedJob(
                Loop.of(vertx),
                owner,
                new Ledger(memory),
                new Checkpoints(memory, 1 << 20, new SimpleMeterRegistry()),
                job,
                record,
                record.toByteArray(),
                Duration.ofSeconds(30));
    }
}
