package dev.weir.engine.tokenizer;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.weir.engine.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a {@code spiece.model} says, a message of sentencepiece's {@code sentencepiece_model.proto}. Immutable.
 *
 * @param pieces by id
 * @param algorithm 1 for Unigram
 * @param unknown the id of what no piece spells
 * @param characters the precompiled map by which texts are normalized; empty: they are not
 */
record SentencePieceModel(List<Piece> pieces, int algorithm, int unknown, byte[] characters) {

    static final int UNIGRAM = 1;

    /** The published ones have less than 5 MB. */
    private static final long MOST_BYTES = 64 << 20;

    /** Fields of ModelProto, and of the messages in it. */
    private static final int PIECES = 1;

    private static final int TRAINER = 2;
    private static final int NORMALIZER = 3;
    private static final int TEXT = 1;
    private static final int SCORE = 2;
    private static final int MODEL_TYPE = 3;
    private static final int UNKNOWN_ID = 40;
    private static final int CHARACTERS = 2;

    /** A word or a part of one, with the logarithm of how likely it is. */
    record Piece(String text, float score) {}

    /** Throws {@link ModelException} that names the file. */
    static SentencePieceModel read(Path file) {
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new ModelException("%s: over the limit of %d bytes".formatted(file, MOST_BYTES));
            }
            return read(CodedInputStream.newInstance(Files.readAllBytes(file)));
        } catch (IOException e) {
            throw new ModelException("%s: not a sentencepiece model: %s".formatted(file, e.getMessage()), e);
        }
    }

    private static SentencePieceModel read(CodedInputStream in) throws IOException {
        List<Piece> pieces = new ArrayList<>();
        int algorithm = UNIGRAM;
        int unknown = 0;
        byte[] characters = {};
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case PIECES -> pieces.add(piece(in.readBytes().newCodedInput()));
                case TRAINER -> {
                    ByteString trainer = in.readBytes();
                    algorithm = number(trainer.newCodedInput(), MODEL_TYPE, UNIGRAM);
                    unknown = number(trainer.newCodedInput(), UNKNOWN_ID, 0);
                }
                case NORMALIZER -> characters = bytes(in.readBytes().newCodedInput(), CHARACTERS);
                default -> in.skipField(tag);
            }
        }
        return new SentencePieceModel(List.copyOf(pieces), algorithm, unknown, characters);
    }

    private static Piece piece(CodedInputStream in) throws IOException {
        String text = "";
        float score = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case TEXT -> text = in.readStringRequireUtf8();
                case SCORE -> score = in.readFloat();
                default -> in.skipField(tag);
            }
        }
        return new Piece(text, score);
    }

    private static int number(CodedInputStream in, int field, int otherwise) throws IOException {
        int value = otherwise;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (WireFormat.getTagFieldNumber(tag) == field) {
                value = in.readInt32();
            } else {
                in.skipField(tag);
            }
        }
        return value;
    }

    private static byte[] bytes(CodedInputStream in, int field) throws IOException {
        byte[] value = {};
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (WireFormat.getTagFieldNumber(tag) == field) {
                value = in.readByteArray();
            } else {
                in.skipField(tag);
            }
        }
        return value;
    }
}
