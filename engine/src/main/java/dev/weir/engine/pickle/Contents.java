package dev.weir.engine.pickle;

import dev.weir.engine.ModelException;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a file of {@code torch.save} holds: an object of containers, numbers, texts and tensors, and where the storages of the tensors
 * lie. Reads the zip files of PyTorch 1.6 and later, and the older form: some pickles, then the storages one after another.
 *
 * @param storages by their keys
 */
record Contents(Object root, Map<String, Extent> storages) {

    /** Pickles have names and shapes, no numbers: a whole checkpoint of Stable Diffusion has less than 1 MiB. */
    private static final int MOST_PICKLE_BYTES = 16 << 20;

    private static final String PICKLE = "data.pkl";
    private static final BigInteger OLD_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long OLD_VERSION = 1001;
    private static final int PROTOCOL = 0x80;
    private static final String BYTE_ORDER = "little_endian";

    /** Throws {@link ModelException} that says what is wrong with the file. */
    static Contents read(FileChannel channel) throws IOException {
        if (Archive.isOne(channel)) {
            return ofArchive(channel);
        }
        long head = Math.min(channel.size(), MOST_PICKLE_BYTES);
        ByteBuffer bytes = Archive.read(channel, 0, head);
        if (head == 0) {
            throw new ModelException("it is empty");
        }
        if (Byte.toUnsignedInt(bytes.get(0)) != PROTOCOL) {
            throw new ModelException("it is no file of PyTorch's torch.save");
        }
        return ofOldForm(bytes, channel);
    }

    private static Contents ofArchive(FileChannel channel) throws IOException {
        Map<String, Extent> entries = Archive.entries(channel);
        List<String> pickles = entries.keySet().stream()
                .filter(name -> name.equals(PICKLE) || name.endsWith("/" + PICKLE))
                .toList();
        if (pickles.size() != 1) {
            throw new ModelException(
                    "it is a zip file with %d pickles, where PyTorch writes one".formatted(pickles.size()));
        }
        String place = pickles.get(0).substring(0, pickles.get(0).length() - PICKLE.length());
        if (entries.containsKey(place + "constants.pkl")) {
            throw program();
        }
        Extent order = entries.get(place + "byteorder");
        if (order != null && Archive.read(channel, order.offset(), 1).get(0) != 'l') {
            throw new ModelException("its numbers are big-endian");
        }
        Extent pickle = entries.get(place + PICKLE);
        if (pickle.length() > MOST_PICKLE_BYTES) {
            throw new ModelException(
                    "a pickle of %d bytes is over the limit of %d".formatted(pickle.length(), MOST_PICKLE_BYTES));
        }
        Object root = Unpickler.load(Archive.read(channel, pickle.offset(), pickle.length()));
        Map<String, Extent> storages = new HashMap<>();
        String data = place + "data/";
        entries.forEach((name, extent) -> {
            if (name.startsWith(data)) {
                storages.put(name.substring(data.length()), extent);
            }
        });
        return new Contents(root, storages);
    }

    static ModelException program() {
        return new ModelException(
                "it is a TorchScript program, and no file of weights. Save its state_dict() with torch.save");
    }

    /** A magic number, a version, facts of the machine, the object, the keys of its storages, and then these. */
    private static Contents ofOldForm(ByteBuffer bytes, FileChannel channel) throws IOException {
        if (!OLD_MAGIC.equals(Unpickler.load(bytes))) {
            throw new ModelException("it is a pickle, and no file of PyTorch's torch.save");
        }
        if (!Long.valueOf(OLD_VERSION).equals(Unpickler.load(bytes))) {
            throw new ModelException("it is of another version of PyTorch's old form");
        }
        if (!(Unpickler.load(bytes) instanceof Map<?, ?> machine) || !Boolean.TRUE.equals(machine.get(BYTE_ORDER))) {
            throw new ModelException("its numbers are not little-endian");
        }
        Map<String, Storage> seen = new HashMap<>();
        Object root = Unpickler.load(bytes, storage -> seen.put(storage.key(), storage));
        if (!(Unpickler.load(bytes) instanceof List<?> keys)) {
            throw new ModelException("it does not say which storages it has");
        }
        Map<String, Extent> storages = new HashMap<>();
        long next = bytes.position();
        for (Object key : keys) {
            Storage storage = key instanceof String ? seen.get(key) : null;
            if (storage == null) {
                throw new ModelException("it has a storage that nothing refers to");
            }
            Extent extent = new Extent(next + Long.BYTES, storage.count() * storage.size());
            if (Archive.read(channel, next, Long.BYTES).getLong(0) != storage.count()
                    || extent.length() > channel.size() - extent.offset()) {
                throw new ModelException(
                        "the file is damaged: it ends before its storages do. A download that was not finished looks so");
            }
            storages.put(storage.key(), extent);
            next = extent.offset() + extent.length();
        }
        return new Contents(root, storages);
    }
}
