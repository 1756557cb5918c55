package dev.weir.gateway.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.JobSpec.Terms;
import dev.weir.gateway.job.OnDisconnect;
import dev.weir.gateway.job.RefusedException;
import dev.weir.gateway.job.RefusedException.Reason;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two gateways that count together, on a clock that the test moves. */
final class UserLimitsTest {

    private static final double ONE_IMAGE = 64 * 64 * 4.0;

    @TempDir
    Path folder;

    private final VirtualLoop loop = new VirtualLoop();
    private final HeapMap memory = new HeapMap();
    private Users users;
    private UserLimits here;

    @BeforeEach
    void open() throws IOException {
        users = Users.of(KeysFile.read(Files.writeString(
                folder.resolve("keys.yaml"),
                """
                - {name: daily, sha256: "%s", pixel-steps-per-day: %s}
                - {name: fast, sha256: "%s", images-per-minute: 3}
                - {name: few, sha256: "%s", images-in-flight: 2}
                - {name: free, sha256: "%s"}
                """
                        .formatted("a".repeat(64), 3 * ONE_IMAGE, "b".repeat(64), "c".repeat(64), "d".repeat(64)))));
        here = new UserLimits(users, loop, memory);
    }

    private static JobSpec job(String user, int images) {
        Stage denoiser =
                Stage.newBuilder().setRole(StageRole.DIFFUSE).setForwards(4).build();
        return new JobSpec(
                "tiny",
                List.of(denoiser),
                Generation.newBuilder().setWidth(64).setHeight(64).setSteps(4).build(),
                images,
                Preview.getDefaultInstance(),
                List.of(),
                new Terms(user, Priority.STANDARD, OnDisconnect.CANCEL));
    }

    private static void admit(UserLimits limits, String user, int images) {
        limits.admit(job(user, images), () -> 0);
    }

    private static void assertRefused(String code, Reason reason, ThrowingCallable request) {
        assertThatThrownBy(request).isInstanceOfSatisfying(RefusedException.class, refused -> {
            assertThat(refused.code()).isEqualTo(code);
            assertThat(refused.reason()).isEqualTo(reason);
        });
    }

    @Test
    void aGatewayThatStartsKnowsWhatWasHadBefore() {
        admit(here, "daily", 3);
        admit(here, "fast", 3);
        loop.pass(Duration.ofSeconds(2));

        UserLimits later = new UserLimits(users, loop, memory);

        assertRefused("quota_exceeded", Reason.BUSY, () -> admit(later, "daily", 1));
        assertRefused("rate_limit_exceeded", Reason.BUSY, () -> admit(later, "fast", 1));
    }

    @Test
    void aUserWhoWasSilentHasNoNewQuota() {
        admit(here, "daily", 3);
        loop.pass(Duration.ofMinutes(6));

        assertRefused("quota_exceeded", Reason.BUSY, () -> admit(here, "daily", 1));
    }

    @Test
    void aUserWhoWasSilentHereIsKnownFromTheOtherGateway() {
        UserLimits there = new UserLimits(users, loop, memory);
        admit(here, "daily", 1);
        loop.pass(Duration.ofMinutes(30));
        admit(there, "daily", 2);
        admit(there, "fast", 3);
        loop.pass(Duration.ofSeconds(15));

        assertRefused("quota_exceeded", Reason.BUSY, () -> admit(here, "daily", 1));
        assertRefused("rate_limit_exceeded", Reason.BUSY, () -> admit(here, "fast", 1));
    }

    @Test
    void aQuotaIsThereAgainOnTheNextDay() {
        admit(here, "daily", 3);
        loop.pass(Duration.ofDays(1));

        admit(here, "daily", 3);

        assertRefused("quota_exceeded", Reason.BUSY, () -> admit(here, "daily", 1));
    }

    @Test
    void beforeTheMemoryHasAnsweredNobodyWithACountIsAdmitted() {
        memory.isSilent = true;
        UserLimits fresh = new UserLimits(users, loop, memory);

        assertRefused("usage_unknown", Reason.UNAVAILABLE, () -> admit(fresh, "daily", 1));
        admit(fresh, "free", 1);
        admit(fresh, "few", 1);

        memory.isSilent = false;
        loop.pass(Duration.ofSeconds(1));
        admit(fresh, "daily", 3);
    }

    @Test
    void aGatewayThatKnewGoesOnWithoutTheMemory() {
        memory.isSilent = true;

        admit(here, "daily", 2);
        loop.pass(Duration.ofMinutes(10));
        assertRefused("quota_exceeded", Reason.BUSY, () -> admit(here, "daily", 2));
        memory.isSilent = false;
        loop.pass(Duration.ofSeconds(2));

        assertRefused("quota_exceeded", Reason.BUSY, () -> admit(new UserLimits(users, loop, memory), "daily", 2));
    }

    @Test
    void whatIsTakenBackDoesNotCount() {
        admit(here, "daily", 3);
        admit(here, "fast", 3);
        loop.pass(Duration.ofSeconds(2));

        here.takeBack(job("daily", 3), loop.nowMs() - 2000);
        here.takeBack(job("fast", 3), loop.nowMs() - 2000);
        admit(here, "daily", 3);
        admit(here, "fast", 3);

        assertRefused("quota_exceeded", Reason.BUSY, () -> admit(here, "daily", 1));
        assertRefused("rate_limit_exceeded", Reason.BUSY, () -> admit(here, "fast", 1));
    }

    @Test
    void unfinishedImagesAreCountedOnlyWhereTheyAreLimited() {
        assertRefused("too_many_images", Reason.BUSY, () -> here.admit(job("few", 1), () -> 2));

        here.admit(job("free", 1), () -> {
            throw new AssertionError("nobody needs to know");
        });
    }
}
