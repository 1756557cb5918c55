package dev.weir.engine.network;

import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.LatentShape;
import dev.weir.engine.Tensors;
import dev.weir.engine.backend.Feed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The tokens of a picture and of a text that are each filled up to a multiple of 32: which are their own, and where they stand. Tokens of
 * a text stand one after the other, and a picture behind its own text. So rows whose texts differ in length differ in the picture's place.
 * Immutable.
 *
 * @param patch latent pixels of a picture's token each way
 */
record FilledTokens(Rotary rotary, int patch) {

    /** Which tokens are the picture's own, {@code [1, tokens]}. */
    static final String OF_PICTURE = "picture_tokens";

    /** Which tokens are the text's own, {@code [rows, tokens]}. */
    static final String OF_TEXT = "text_tokens";

    /** Which tokens of a text its row sees, {@code [rows, tokens]}: its own and those that it is filled up with, to its own multiple. */
    static final String SEEN = "text_seen";

    /** The inputs of a graph, in the order of {@link #feeds}. */
    static final List<String> NAMES = List.of(OF_PICTURE, OF_TEXT, SEEN, Rotary.COSINES, Rotary.SINES);

    private static final int MULTIPLE = 32;

    List<Feed> feeds(LatentShape shape, List<Row> rows) {
        List<Integer> own = rows.stream()
                .map(row -> row.inputs().get(Tensors.ENCODER_HIDDEN_STATES).side(0))
                .toList();
        List<Integer> filled = own.stream().map(FilledTokens::filled).toList();
        List<int[]> picture = Rotary.picture(shape, patch, 0);
        List<Feed> feeds = new ArrayList<>(List.of(
                flags(List.of(picture.size()), filled(picture.size())),
                flags(own, Collections.max(filled)),
                Lengths.kept(filled)));
        feeds.addAll(rotary.feeds(places(shape, filled)));
        return feeds;
    }

    static int filled(int tokens) {
        return (tokens + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
    }

    private static Feed flags(List<Integer> own, int tokens) {
        return Feed.booleans(
                bytes -> own.forEach(
                        count -> IntStream.range(0, tokens).forEach(i -> bytes.put((byte) (i < count ? 1 : 0)))),
                own.size(),
                tokens);
    }

    /** Of one row where all are alike. What a picture is filled up with has no place. */
    private List<List<int[]>> places(LatentShape shape, List<Integer> filled) {
        int longest = Collections.max(filled);
        return (filled.stream().distinct().count() == 1 ? filled.subList(0, 1) : filled)
                .stream().map(ofText -> row(shape, ofText, longest)).toList();
    }

    private List<int[]> row(LatentShape shape, int ofText, int longest) {
        List<int[]> places = new ArrayList<>(Rotary.picture(shape, patch, ofText + 1));
        while (places.size() % MULTIPLE != 0) {
            places.add(new int[3]);
        }
        IntStream.rangeClosed(1, longest).forEach(place -> places.add(new int[] {place, 0, 0}));
        return places;
    }
}
