package dev.jacobian.graph;

import dev.jacobian.autograd.Op;
import dev.jacobian.backend.Shape;
import dev.jacobian.backend.Window2d;
import dev.jacobian.tensor.Tensor;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What is written into a node of a picture, and what its tooltip adds.
 *
 * @param head the name
 * @param body further lines: static parameters that matter, and the shape
 * @param details everything, a line each
 */
record Label(String head, List<String> body, List<String> details) {
    private static final int LONGEST = 36;
    private static final int MOST_ELEMENTS = 20;
    /** Components that the operation's name says already, or that make no difference to what is computed. */
    private static final Set<String> SILENT = Set.of("function", "activation", "epsilon", "momentum", "seed", "stream",
            "ignoreIndex", "keepAxes");
    /** Components that are worth a word only if they are something else. */
    private static final Map<String, String> USUAL = Map.of("groups", "1", "step", "1", "labelSmoothing", "0");

    static Label of(GraphNode node, Graph graph) {
        String where = node.group() < 0 ? "" : graph.groups().get(node.group()).path();
        String tensor = node.dtype() + " " + node.shape();
        List<String> body = new ArrayList<>();
        List<String> details = new ArrayList<>();
        String head = switch (node) {
            case GraphNode.Input input -> {
                body.add(tensor);
                details.add(input.name() + (input.requiresGrad() ? ", requires gradients" : ""));
                details.add(tensor);
                yield input.name();
            }
            case GraphNode.Parameter parameter -> {
                body.add(parameter.shape().toString());
                details.add((parameter.requiresGrad() ? "parameter " : "not trained: ") + parameter.name());
                details.add(tensor);
                yield within(where, parameter.name());
            }
            case GraphNode.Operation operation -> {
                Map<String, String> all = components(operation.op());
                String matters = text(all, true);
                if (!matters.isEmpty()) {
                    body.add(matters);
                }
                body.add(operation.shape().toString());
                details.add("operation " + operation.name() + (operation.fused() ? ", one kernel" : ""));
                if (!all.isEmpty()) {
                    details.add(text(all, false));
                }
                details.add("result " + operation.label() + (operation.label().isEmpty() ? "" : ": ") + tensor);
                yield (operation.label().isEmpty() ? "" : operation.label() + " = ") + operation.name();
            }
            case GraphNode.Closed closed -> {
                String inputs = graph.inputs(closed.id()).stream().map(edge -> edge.shape().toString()).distinct()
                        .collect(Collectors.joining(", "));
                body.add(inputs.length() > LONGEST / 2 ? "→ " + closed.shape() : inputs + " → " + closed.shape());
                if (closed.parameters() > 0) {
                    body.add(String.format(Locale.ROOT, "%,d parameters", closed.parameters()));
                }
                details.add(closed.operations() + " operations, " + closed.parameters() + " parameters");
                details.add("inputs " + (inputs.isEmpty() ? "none" : inputs) + ", result " + tensor);
                yield closed.layer().title();
            }
        };
        if (node.group() >= 0 || node instanceof GraphNode.Closed) {
            details.add("layer " + (node instanceof GraphNode.Closed closed ? closed.name() : where));
        }
        return new Label(shorten(head), body.stream().map(Label::shorten).toList(),
                details.stream().map(Label::clean).toList());
    }

    private static String within(String layer, String path) {
        return !layer.isEmpty() && path.startsWith(layer + ".") ? path.substring(layer.length() + 1) : path;
    }

    /** What is written at a layer. */
    static String title(GraphGroup group) {
        return shorten(group.title());
    }

    /** At most so long, and of characters that every format can hold. */
    private static String shorten(String text) {
        String clean = clean(text);
        return clean.codePointCount(0, clean.length()) <= LONGEST
                ? clean
                : clean.substring(0, clean.offsetByCodePoints(0, LONGEST - 1)) + "…";
    }

    /** One line; what XML does not allow, and halves of pairs, become the character that stands for such. */
    static String clean(String text) {
        if (text.chars().allMatch(c -> c >= ' ' && c < 0x7F)) {
            return text;
        }
        return text.codePoints().map(c -> switch (Character.getType(c)) {
            case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> ' ';
            case Character.SURROGATE -> 0xFFFD;
            default -> c == 0xFFFE || c == 0xFFFF ? 0xFFFD : c;
        }).collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString();
    }

    private static String text(Map<String, String> components, boolean shortly) {
        return components.entrySet().stream().filter(e -> !shortly || matters(e.getKey(), e.getValue()))
                .map(e -> switch (e.getValue()) {
                    case "true" -> e.getKey();
                    default -> e.getKey().equals("window") ? e.getValue() : e.getKey() + " " + e.getValue();
                }).collect(Collectors.joining(", "));
    }

    private static boolean matters(String name, String value) {
        return !SILENT.contains(name) && !value.equals("false") && !value.equals(USUAL.get(name));
    }

    /** The static parameters of an operation that is a record, but for tensors, and for the result's shape. */
    private static Map<String, String> components(Op op) {
        Map<String, String> components = new LinkedHashMap<>();
        RecordComponent[] all = op.getClass().getRecordComponents();
        for (RecordComponent component : all == null ? new RecordComponent[0] : all) {
            String text = text(component.getAccessor(), op);
            if (text != null) {
                components.put(component.getName(), text);
            }
        }
        return components;
    }

    /** Null also where a module keeps its records to itself. */
    private static String text(Method accessor, Op op) {
        try {
            return accessor.trySetAccessible() ? text(accessor.invoke(op)) : null;
        } catch (ReflectiveOperationException | RuntimeException _) {
            return null; // a picture is no place to fail for an accessor, or a value, that throws
        }
    }

    /** Null for what says nothing about itself, such as a function: its address would change from run to run. */
    private static String text(Object value) throws ReflectiveOperationException {
        return switch (value) {
            case null -> null;
            case Shape _,Tensor _ -> null;
            case Double number when Double.isFinite(number) ->
                new BigDecimal(number).round(new MathContext(4)).stripTrailingZeros().toString();
            case Window2d window -> text(window);
            case Enum<?> constant -> constant.name().toLowerCase(Locale.ROOT);
            case Collection<?> elements -> text(elements);
            case Object array when array.getClass().isArray() ->
                text(IntStream.range(0, Array.getLength(array)).mapToObj(i -> Array.get(array, i)).toList());
            default -> value.getClass().getMethod("toString").getDeclaringClass() == Object.class
                    ? null
                    : value.toString();
        };
    }

    private static String text(Collection<?> elements) throws ReflectiveOperationException {
        List<String> texts = new ArrayList<>();
        for (Object element : elements) {
            if (texts.size() == MOST_ELEMENTS) {
                texts.add("…");
                break;
            }
            String text = text(element);
            if (text == null) {
                return null;
            }
            texts.add(text);
        }
        return texts.toString();
    }

    private static String text(Window2d w) {
        return w.kernelH() + "×" + w.kernelW() + pair("stride", w.strideH(), w.strideW(), 1)
                + pair("padding", w.paddingH(), w.paddingW(), 0) + pair("dilation", w.dilationH(), w.dilationW(), 1);
    }

    private static String pair(String what, int h, int w, int usual) {
        return h == usual && w == usual ? "" : ", " + what + " " + (h == w ? h : h + "×" + w);
    }
}
