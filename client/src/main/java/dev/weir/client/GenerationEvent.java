package dev.weir.client;

/** What happens to a request, in order. {@code sample} is an image's number in the request, from 0. */
public sealed interface GenerationEvent {

    /** The gateway took the request in. {@code job} is the job's id there. It changes only where every gateway lost the job. */
    record Accepted(String job) implements GenerationEvent {}

    /**
     * @param position how many images are ahead
     * @param etaSeconds an estimate of the time until this image is done
     */
    record Queued(int sample, int position, double etaSeconds) implements GenerationEvent {}

    /** A node loads the model first. */
    record Loading(int sample, String stage, String node) implements GenerationEvent {}

    record Started(int sample, String stage, String node) implements GenerationEvent {}

    /**
     * @param step network calls done, over all stages
     * @param total network calls of all stages
     */
    record Progress(int sample, int step, int total, String stage, double stepSeconds) implements GenerationEvent {}

    /** A frame of the emerging image. {@code bytes} is the encoded file. */
    record Frame(int sample, int step, int total, ImageFormat format, int width, int height, byte[] bytes)
            implements GenerationEvent {}

    /** Another node continues the image, from {@code step}. No step is reported twice. */
    record Resumed(int sample, int step, int total, String reason) implements GenerationEvent {}

    record Completed(GeneratedImage image) implements GenerationEvent {}

    record Warned(Warning warning) implements GenerationEvent {}

    /** The connection broke, or the gateway cannot answer at the moment. The client tries again with the same job. */
    record Reconnecting(String reason) implements GenerationEvent {}
}
