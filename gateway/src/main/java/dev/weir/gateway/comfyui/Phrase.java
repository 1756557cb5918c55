package dev.weir.gateway.comfyui;

import dev.weir.proto.v1.Conditioning;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a text encoder reads for one prompt in a graph of ComfyUI. Immutable. */
sealed interface Phrase {

    /** Each is read for itself. Links may use one many times, so their number grows faster than that of the nodes. */
    int MOST_TEXTS = 32;

    Conditioning toProto();

    /** In the order in which they are read. */
    Stream<String> texts();

    int count();

    record Text(String text) implements Phrase {

        @Override
        public Conditioning toProto() {
            return Conditioning.newBuilder().setText(text).build();
        }

        @Override
        public Stream<String> texts() {
            return Stream.of(text);
        }

        @Override
        public int count() {
            return 1;
        }
    }

    /** {@code ConditioningZeroOut}: the network sees zeros in the place of what a text encoder made. */
    record Zero() implements Phrase {

        @Override
        public Conditioning toProto() {
            return Conditioning.getDefaultInstance();
        }

        @Override
        public Stream<String> texts() {
            return Stream.empty();
        }

        @Override
        public int count() {
            return 1;
        }
    }

    /** {@code ConditioningConcat}. */
    record Sequence(Phrase to, Phrase from, int count) implements Phrase {

        Sequence(Phrase to, Phrase from) {
            this(to, from, to.count() + from.count());
        }

        @Override
        public Conditioning toProto() {
            return Conditioning.newBuilder()
                    .setSequence(Conditioning.Sequence.newBuilder()
                            .addParts(to.toProto())
                            .addParts(from.toProto()))
                    .build();
        }

        @Override
        public Stream<String> texts() {
            return Stream.concat(to.texts(), from.texts());
        }
    }

    /** {@code ConditioningAverage}. */
    record Average(Phrase to, Phrase from, double share, int count) implements Phrase {

        Average(Phrase to, Phrase from, double share) {
            this(to, from, share, to.count() + from.count());
        }

        @Override
        public Conditioning toProto() {
            return Conditioning.newBuilder()
                    .setAverage(Conditioning.Average.newBuilder()
                            .setTo(to.toProto())
                            .setFrom(from.toProto())
                            .setShare(share))
                    .build();
        }

        @Override
        public Stream<String> texts() {
            return Stream.concat(to.texts(), from.texts());
        }
    }

    /**
     * The part of a run in which a phrase counts.
     *
     * @param start from 0, the most noise
     * @param end to 1, none
     */
    record During(Phrase phrase, double start, double end) {

        static During all(Phrase phrase) {
            return new During(phrase, 0, 1);
        }

        boolean isAll() {
            return start <= 0 && end >= 1;
        }

        boolean isZero() {
            return phrase instanceof Zero;
        }

        Conditioning toProto() {
            return isAll()
                    ? phrase.toProto()
                    : phrase.toProto().toBuilder().setStart(start).setEnd(end).build();
        }
    }

    /** For what shows prompts, such as the texts in files. */
    static String shown(List<During> phrases) {
        return phrases.stream()
                .flatMap(each -> each.phrase().texts())
                .distinct()
                .collect(Collectors.joining("\n"));
    }

    static boolean isOneText(List<During> phrases) {
        return phrases.size() == 1
                && phrases.get(0).phrase() instanceof Text
                && phrases.get(0).isAll();
    }
}
