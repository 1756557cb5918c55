package dev.weir.gateway.job;

/**
 * The bytes that images of requests take at this gateway: large bodies, uploads of sockets, and the images of unfinished jobs. All
 * together are limited. Uploads may wait for long, so they get at most half. Event loop of the gateway.
 */
public final class ImageMemory {

    private static final long RETRY_SECONDS = 5;

    private final long maxBytes;
    private long bytes;
    private long uploadBytes;

    public ImageMemory(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** @throws RefusedException if there is too little room */
    public void take(long more) {
        require(more == 0 || bytes + more <= maxBytes);
        bytes += more;
    }

    /** @throws RefusedException if there is too little room for uploads */
    public void takeUpload(long more) {
        require(bytes + more <= maxBytes && uploadBytes + more <= maxBytes / 2);
        holdUpload(more);
    }

    private static void require(boolean fits) {
        if (!fits) {
            throw RefusedException.busy(
                    "too_many_attachments", "the images of unfinished requests take too much room", RETRY_SECONDS);
        }
    }

    /** Counts what is here, whatever the limit. */
    public void hold(long more) {
        bytes += more;
    }

    /** Counts an upload that is here, whatever the limit. */
    public void holdUpload(long more) {
        bytes += more;
        uploadBytes += more;
    }

    /** They are no longer here. */
    public void give(long less) {
        bytes -= less;
    }

    /** Uploads that are no longer here. */
    public void giveUpload(long less) {
        bytes -= less;
        uploadBytes -= less;
    }
}
