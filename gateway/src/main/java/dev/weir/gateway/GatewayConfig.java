package dev.weir.gateway;

import dev.weir.gateway.http.Access;
import dev.weir.gateway.replicate.WebhookSecret;
import dev.weir.gateway.user.KeysFile;
import dev.weir.runtime.store.StoreConfig;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The configuration of a gateway.
 *
 * @param host address to listen on
 * @param port 0: any free one, see {@link GatewayVerticle#actualPort()}
 * @param aliases other names of models, with the ids that they stand for; see {@link dev.weir.gateway.job.ModelNames}
 * @param apis of other programs, offered besides Weir's own
 * @param storage of what outlives this gateway
 */
public record GatewayConfig(
        String host,
        int port,
        Limits limits,
        Patience patience,
        Access access,
        Security security,
        Map<String, String> aliases,
        Set<Api> apis,
        Storage storage) {

    /**
     * Who may use the gateway, and how it is reached.
     *
     * @param keys the file of API keys; without it anyone
     * @param tls what clients connect with; without it plain HTTP
     * @param webhooks how it calls other servers; without it not at all
     */
    public record Security(Optional<KeysFile> keys, Optional<Tls> tls, Optional<Webhooks> webhooks) {

        public static final Security NONE = new Security(Optional.empty(), Optional.empty(), Optional.empty());

        public Security withKeys(Path file) {
            return new Security(Optional.of(KeysFile.read(file)), tls, webhooks);
        }

        public Security withTls(Tls files) {
            return new Security(keys, Optional.of(files), webhooks);
        }

        public Security withWebhooks(Webhooks allowed) {
            return new Security(keys, tls, Optional.of(allowed));
        }
    }

    /**
     * How webhooks are signed, and where they may go besides the public internet.
     *
     * @param hosts that may have private addresses, and be called without TLS; kept in lower case
     */
    public record Webhooks(WebhookSecret secret, Set<String> hosts) {

        public Webhooks {
            hosts = hosts.stream().map(host -> host.toLowerCase(Locale.ROOT)).collect(Collectors.toUnmodifiableSet());
        }
    }

    /**
     * PEM files for TLS with clients.
     *
     * @param certificate of the gateway, followed by its chain
     * @param key of the certificate, without a password
     */
    public record Tls(Path certificate, Path key) {}

    /**
     * Storage outside of the cluster's memory.
     *
     * @param store of jobs, which then outlive all nodes
     * @param results the place of finished images, which then outlive their gateway
     */
    public record Storage(Optional<StoreConfig> store, Optional<Results> results) {

        public static final Storage NONE = new Storage(Optional.empty(), Optional.empty());
    }

    /** A place for finished images that other gateways may share. */
    public sealed interface Results {

        record Folder(Path path) implements Results {}

        /**
         * A bucket of S3, or of a server with the same API.
         *
         * @param prefix of all keys: empty, or ending with a slash
         * @param endpoint of a server that is not AWS, such as {@code http://minio:9000}
         */
        record Bucket(String name, String prefix, Optional<URI> endpoint) implements Results {}
    }

    /** The APIs of other programs that a gateway can offer besides its own. */
    public enum Api {
        OPENAI,
        A1111,
        COMFYUI,
        HUGGINGFACE,
        REPLICATE;

        /** In settings. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * The limits of everything that could grow.
     *
     * @param strikes consecutive losses and failures, without progress, that fail a sample
     */
    public record Limits(Requests requests, int jobs, int samples, int samplesPerSocket, int strikes, Memory memory) {

        public static final Limits DEFAULT = ofHeap(Runtime.getRuntime().maxMemory());

        /** The limits of a node with so many bytes of heap: images in requests take at most an eighth of it. */
        static Limits ofHeap(long bytes) {
            return new Limits(
                    new Requests(128 << 10, 4000, 16 << 20, 20_000_000),
                    256,
                    512,
                    64,
                    3,
                    new Memory(1000, 64L << 20, 128L << 20, Math.min(256L << 20, bytes / 8)));
        }

        public Limits {
            atLeastOne("jobs", jobs);
            atLeastOne("samples", samples);
            atLeastOne("samplesPerSocket", samplesPerSocket);
            atLeastOne("strikes", strikes);
        }

        public Limits withSamples(int newJobs, int newSamples) {
            return new Limits(requests, newJobs, newSamples, samplesPerSocket, strikes, memory);
        }

        public Limits withKept(int keptJobs, long keptBytes) {
            return with(new Memory(keptJobs, keptBytes, memory.checkpointBytes, memory.attachmentsBytes));
        }

        public Limits withAttachments(long attachmentsBytes) {
            return with(new Memory(memory.keptJobs, memory.keptBytes, memory.checkpointBytes, attachmentsBytes));
        }

        private Limits with(Memory newMemory) {
            return new Limits(requests, jobs, samples, samplesPerSocket, strikes, newMemory);
        }

        private static void atLeastOne(String name, long value) {
            if (value < 1) {
                throw new IllegalArgumentException("limits.%s must be at least 1, not %d".formatted(name, value));
            }
        }
    }

    /**
     * The limits of one request.
     *
     * @param attachmentBytes of one image that it brings
     * @param attachmentPixels of one such image
     */
    public record Requests(int bodyBytes, int promptLength, int attachmentBytes, long attachmentPixels) {

        public Requests {
            Limits.atLeastOne("bodyBytes", bodyBytes);
            Limits.atLeastOne("promptLength", promptLength);
            Limits.atLeastOne("attachmentBytes", attachmentBytes);
            Limits.atLeastOne("attachmentPixels", attachmentPixels);
        }

        /** Of a whole request: its images, in base64, and the rest. */
        public int requestBytes() {
            return bodyBytes + 4 * attachmentBytes;
        }

        /** Of the images that one socket has sent for later commands. */
        public long attachmentsPerSocketBytes() {
            return 4L * attachmentBytes;
        }

        /** Of one message of a socket: an image, and its header. */
        public int uploadBytes() {
            return bodyBytes + attachmentBytes;
        }
    }

    /**
     * The limits of what a gateway keeps of all jobs together.
     *
     * @param attachmentsBytes of the images of unfinished requests: bodies, uploads of sockets, and jobs
     */
    public record Memory(int keptJobs, long keptBytes, long checkpointBytes, long attachmentsBytes) {

        public Memory {
            Limits.atLeastOne("keptJobs", keptJobs);
            Limits.atLeastOne("keptBytes", keptBytes);
            Limits.atLeastOne("checkpointBytes", checkpointBytes);
            Limits.atLeastOne("attachmentsBytes", attachmentsBytes);
        }
    }

    /**
     * Time limits.
     *
     * @param deadline the longest life of a job
     * @param silence the longest time without an event of a sample, in addition to what the backlogs explain, before a
     *     new attempt
     * @param slowClient how long a client may leave its side of a stream unread
     * @param result how long a job of {@code /v1/jobs} is kept after its end
     */
    public record Patience(Duration deadline, Duration silence, Duration slowClient, Duration result) {

        private static final Duration LONGEST_SILENCE = Duration.ofMinutes(10);

        public static final Patience DEFAULT = new Patience(
                Duration.ofMinutes(15), Duration.ofMinutes(1), Duration.ofSeconds(30), Duration.ofMinutes(10));

        public Patience {
            positive("deadline", deadline);
            positive("silence", silence);
            positive("slowClient", slowClient);
            positive("result", result);
        }

        /**
         * The silence grows with the deadline, from one to ten minutes. Jobs that may take long have long forward passes, and nothing is
         * known of the first one until it ends.
         */
        public Patience withDeadline(Duration newDeadline) {
            Duration part = newDeadline.dividedBy(DEFAULT.deadline.dividedBy(DEFAULT.silence));
            Duration most = part.compareTo(LONGEST_SILENCE) < 0 ? part : LONGEST_SILENCE;
            return new Patience(newDeadline, most.compareTo(silence) > 0 ? most : silence, slowClient, result);
        }

        public Patience withResult(Duration newResult) {
            return new Patience(deadline, silence, slowClient, newResult);
        }

        private static void positive(String name, Duration value) {
            if (value.isNegative() || value.isZero()) {
                throw new IllegalArgumentException("patience.%s must be positive, not %s".formatted(name, value));
            }
        }
    }

    public GatewayConfig {
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("port must be from 0 to 65535, not " + port);
        }
        aliases = Map.copyOf(aliases);
        apis = Set.copyOf(apis);
    }

    /** One with the default access, no other names of models, all APIs, and no storage. */
    public GatewayConfig(String host, int port, Limits limits, Patience patience) {
        this(
                host,
                port,
                limits,
                patience,
                Access.DEFAULT,
                Security.NONE,
                Map.of(),
                EnumSet.allOf(Api.class),
                Storage.NONE);
    }

    public static GatewayConfig on(String host, int port) {
        return new GatewayConfig(host, port, Limits.DEFAULT, Patience.DEFAULT);
    }

    public GatewayConfig with(Limits newLimits) {
        return new GatewayConfig(host, port, newLimits, patience, access, security, aliases, apis, storage);
    }

    public GatewayConfig with(Patience newPatience) {
        return new GatewayConfig(host, port, limits, newPatience, access, security, aliases, apis, storage);
    }

    public GatewayConfig with(Access newAccess) {
        return new GatewayConfig(host, port, limits, patience, newAccess, security, aliases, apis, storage);
    }

    public GatewayConfig with(Security newSecurity) {
        return new GatewayConfig(host, port, limits, patience, access, newSecurity, aliases, apis, storage);
    }

    public GatewayConfig withAliases(Map<String, String> newAliases) {
        return new GatewayConfig(host, port, limits, patience, access, security, newAliases, apis, storage);
    }

    public GatewayConfig withApis(Set<Api> newApis) {
        return new GatewayConfig(host, port, limits, patience, access, security, aliases, newApis, storage);
    }

    public GatewayConfig with(Storage newStorage) {
        return new GatewayConfig(host, port, limits, patience, access, security, aliases, apis, newStorage);
    }
}
