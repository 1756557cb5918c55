package dev.weir.engine.pickle;

import dev.weir.engine.ModelException;
import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Reads one pickle of the protocols 2 to 5 (Python's pickletools.py says what the instructions do). It knows only those that make
 * numbers, texts and containers, and {@link Constructors}. Lists and tuples become lists, bytes become {@link Constructors#UNREAD}.
 *
 * <p>Each instruction allocates at most some 100 bytes besides the texts that it has in the file, and there are at most
 * {@value #MOST_INSTRUCTIONS}. Nothing here recurses, so depth costs no stack. Confined to one thread.
 */
final class Unpickler {

    static final int MOST_INSTRUCTIONS = 2_000_000;

    private static final int MOST_DIGITS = 255;

    private final ByteBuffer in;
    private final List<Object> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();

    private final Consumer<Storage> storages;

    private Unpickler(ByteBuffer in, Consumer<Storage> storages) {
        this.in = in;
        this.storages = storages;
    }

    /** Reads from the buffer's position, and leaves it after the pickle. Throws {@link ModelException} that says what is wrong. */
    static Object load(ByteBuffer in) {
        return load(in, storage -> {});
    }

    /**
     * The same.
     *
     * @param storages told of each reference to a storage
     */
    static Object load(ByteBuffer in, Consumer<Storage> storages) {
        try {
            return new Unpickler(in.order(ByteOrder.LITTLE_ENDIAN), storages).run();
        } catch (BufferUnderflowException e) {
            throw new ModelException("the pickle ends in the middle", e);
        }
    }

    private Object run() {
        for (int count = 0; count < MOST_INSTRUCTIONS; count++) {
            int instruction = byteCount();
            if (instruction == '.') {
                return pop();
            }
            execute(instruction);
        }
        throw new ModelException("the pickle has more than %d instructions".formatted(MOST_INSTRUCTIONS));
    }

    private void execute(int instruction) {
        switch (instruction) {
            case 0x80 -> skip(1); // the protocol
            case 0x95 -> skip(Long.BYTES); // a frame
            case '(' -> marks.add(stack.size());
            case '0' -> pop();
            case '1' -> popMark();
            case '2' -> push(top());
            case 'N' -> push(null);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'J' -> push((long) in.getInt());
            case 'K' -> push((long) byteCount());
            case 'M' -> push((long) Short.toUnsignedInt(in.getShort()));
            case 0x8a -> push(number(byteCount()));
            case 0x8b -> push(number(in.getInt()));
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
            case 'U', 0x8c -> push(text(byteCount()));
            case 'T', 'X' -> push(text(Integer.toUnsignedLong(in.getInt())));
            case 0x8d -> push(text(in.getLong()));
            case 'C' -> pushBytes(byteCount());
            case 'B' -> pushBytes(Integer.toUnsignedLong(in.getInt()));
            case 0x8e -> pushBytes(in.getLong());
            case ']', ')' -> push(new ArrayList<>(0));
            case '}' -> push(new LinkedHashMap<>(2));
            case 't', 'l' -> push(popMark());
            case 0x85 -> push(last(1));
            case 0x86 -> push(last(2));
            case 0x87 -> push(last(3));
            case 'a' -> append(last(1));
            case 'e' -> append(popMark());
            case 'd' -> dictionary(popMark());
            case 's' -> setItems(last(2));
            case 'u' -> setItems(popMark());
            case 'q' -> memo.put((long) byteCount(), top());
            case 'r' -> memo.put(Integer.toUnsignedLong(in.getInt()), top());
            case 0x94 -> memo.put((long) memo.size(), top());
            case 'h' -> recall(byteCount());
            case 'j' -> recall(Integer.toUnsignedLong(in.getInt()));
            case 'c' -> push(Constructors.known(new Global(line(), line())));
            case 0x93 -> global(last(2));
            case 'i' -> throw Constructors.refused(new Global(line(), line()));
            case 'R' -> call(last(2));
            case 0x81 -> throw Constructors.refused(last(2).get(0));
            case 0x92 -> throw Constructors.refused(last(3).get(0));
            case 'b' -> build();
            case 'Q' -> push(storage(pop()));
            default ->
                throw new ModelException(
                        "the pickle has the instruction 0x%02x, which is not read".formatted(instruction));
        }
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object pop() {
        return last(1).get(0);
    }

    private Object top() {
        Object top = pop();
        push(top);
        return top;
    }

    private List<Object> last(int count) {
        int first = stack.size() - count;
        if (first < (marks.isEmpty() ? 0 : marks.get(marks.size() - 1))) {
            throw new ModelException("the pickle takes a value that is not there");
        }
        return take(first);
    }

    /** All values after the last mark, which goes too. */
    private List<Object> popMark() {
        if (marks.isEmpty()) {
            throw new ModelException("the pickle takes a mark that is not there");
        }
        return take(marks.remove(marks.size() - 1));
    }

    /**
     * All values from a place of the stack on, which go. They are copied at once: a list to whose begin each value was
     * added was sometimes read too early by code of the JVM's second compiler (JDK 17.0.15).
     */
    private List<Object> take(int first) {
        List<Object> top = stack.subList(first, stack.size());
        List<Object> values = new ArrayList<>(top);
        top.clear();
        return values;
    }

    private void append(List<Object> values) {
        if (!(top() instanceof List<?>)) {
            throw new ModelException("the pickle appends to what is no list");
        }
        @SuppressWarnings("unchecked") // every list here is of objects
        List<Object> list = (List<Object>) top();
        list.addAll(values);
    }

    private void dictionary(List<Object> items) {
        push(new LinkedHashMap<>());
        setItems(items);
    }

    private void setItems(List<Object> items) {
        if (!(top() instanceof Map<?, ?>) || items.size() % 2 != 0) {
            throw new ModelException("the pickle sets items of what is no dict");
        }
        @SuppressWarnings("unchecked") // every map here is of objects
        Map<Object, Object> map = (Map<Object, Object>) top();
        for (int i = 0; i < items.size(); i += 2) {
            Constructors.put(map, items.get(i), items.get(i + 1));
        }
    }

    private void recall(long key) {
        if (!memo.containsKey(key)) {
            throw new ModelException("the pickle refers to a value that is not there");
        }
        push(memo.get(key));
    }

    private void global(List<Object> names) {
        if (!(names.get(0) instanceof String module) || !(names.get(1) instanceof String name)) {
            throw new ModelException("the pickle has a name that is no text");
        }
        push(Constructors.known(new Global(module, name)));
    }

    private void call(List<Object> callAndArguments) {
        if (!(callAndArguments.get(1) instanceof List<?> arguments)) {
            throw new ModelException("the pickle calls without arguments");
        }
        push(Constructors.call(callAndArguments.get(0), arguments));
    }

    /** Attributes of an object: ordered maps have notes of PyTorch's, which do not count, and others have none here. */
    private void build() {
        pop();
        if (!(top() instanceof Map) && top() != Constructors.UNREAD) {
            throw new ModelException("the pickle sets attributes of what has none");
        }
    }

    /** PyTorch's reference to a storage: its kind, its class, its key, a device and the count of its numbers. */
    private Storage storage(Object reference) {
        if (reference instanceof List<?> parts
                && parts.size() >= 5
                && "storage".equals(parts.get(0))
                && parts.get(1) instanceof Global type
                && Storage.isType(type)
                && parts.get(2) instanceof String key
                && parts.get(4) instanceof Long count) {
            if (parts.size() > 5 && parts.get(5) != null) {
                throw new ModelException("a storage is a view of another one, as PyTorch before 0.4 wrote it");
            }
            Storage storage = new Storage(type, key, count);
            storages.accept(storage);
            return storage;
        }
        throw new ModelException("the pickle refers to something outside of it that is no storage of numbers");
    }

    private int byteCount() {
        return Byte.toUnsignedInt(in.get());
    }

    private void skip(long bytes) {
        requireLeft(bytes);
        in.position(in.position() + (int) bytes);
    }

    private void pushBytes(long length) {
        skip(length);
        push(Constructors.UNREAD);
    }

    private void requireLeft(long bytes) {
        if (bytes < 0 || bytes > in.remaining()) {
            throw new BufferUnderflowException();
        }
    }

    private String text(long length) {
        requireLeft(length);
        byte[] bytes = new byte[(int) length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private String line() {
        int start = in.position();
        while (in.get() != '\n') {
            // to its end
        }
        int end = in.position();
        in.position(start);
        String line = text(end - 1L - start);
        in.position(end);
        return line;
    }

    /** A whole number of some bytes, the lowest first. One that is longer than a long is no count, and nothing asks for it. */
    private Object number(int length) {
        requireLeft(length);
        if (length > Long.BYTES) {
            if (length > MOST_DIGITS) {
                throw new ModelException("a number has %d bytes".formatted(length));
            }
            byte[] bytes = new byte[length];
            for (int i = length - 1; i >= 0; i--) {
                bytes[i] = in.get();
            }
            return new BigInteger(bytes);
        }
        long value = 0;
        for (int i = 0; i < length; i++) {
            value |= (long) byteCount() << Byte.SIZE * i;
        }
        int unused = Long.SIZE - Byte.SIZE * length;
        return length == 0 ? 0L : value << unused >> unused;
    }
}
